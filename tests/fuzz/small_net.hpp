// What is read goes through a net: a reader that lets something wrong pass may be found out only there.
#pragma once

#include <tinynet/core/threads.hpp>
#include <tinynet/data/dataset.hpp>
#include <tinynet/mlp.hpp>
#include <vector>

#include "harness.hpp"

namespace fuzz {

inline const bool one_thread = [] {
  tinynet::set_num_threads(1);
  return true;
}();

/// The outputs of a net for pictures; they are finite, as the net's weights and the pictures are.
inline void run_net(const tinynet::Images& images, const std::vector<tinynet::Index>& sizes) {
  tinynet::no_grad([&] {
    const tinynet::DynamicMLP<float> net(sizes);
    const auto outputs = net(images);
    const auto& numbers = outputs.value();
    check(numbers.rows() == images.rows() && numbers.cols() == sizes.back(), "a row of outputs for each picture");
    check(numbers.allFinite(), "the outputs are finite");
  });
}
inline void run_net(const tinynet::Images& images) {
  // Thousands of weights take longer than all else.
  if (images.rows() * images.cols() <= 4096) run_net(images, {images.cols(), 3, 2});
}

/// The same with hidden layers of these widths, if they are small.
inline void run_net_of(const std::vector<tinynet::Index>& hidden) {
  if (hidden.size() > 8 || std::any_of(hidden.begin(), hidden.end(), [](auto width) { return width > 40; })) return;
  std::vector<tinynet::Index> sizes{4};
  sizes.insert(sizes.end(), hidden.begin(), hidden.end());
  sizes.push_back(3);
  run_net(tinynet::Images(std::vector<std::uint8_t>(8, 100), 2, 2, 2), sizes);
}

}  // namespace fuzz
