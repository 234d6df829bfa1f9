// Which data a training was on.
#pragma once

#include <cstdio>
#include <initializer_list>
#include <span>
#include <string>
#include <tinynet/data/dataset.hpp>
#include <tinynet/io/stored_tensor.hpp>

namespace mnist {

/// A hash (FNV-1a, 64 bits in 16 digits) of all images and labels, one set after the other.
inline std::string data_fingerprint(std::initializer_list<const tinynet::Dataset*> sets) {
  tinynet::detail::Fnv1a hash;
  for (const tinynet::Dataset* set : sets) {
    const tinynet::Images& images = set->images;
    hash.add(std::span<const std::uint8_t>(images.data(), static_cast<std::size_t>(images.rows() * images.cols())));
    hash.add(std::span<const std::uint8_t>(set->labels));
  }
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash.value()));
  return text;
}

}  // namespace mnist
