// SHA-256 by the tool that the system has for it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <tinynet/core/error.hpp>
#include <vector>

#include "process.hpp"

namespace mnist {

/// The SHA-256 of some bytes in hexadecimal. Throws Error (io) where there is neither sha256sum nor shasum.
inline std::string sha256(std::span<const std::byte> bytes) {
  const std::span<const char> input(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::array<std::vector<std::string>, 2> tools{{{"sha256sum"}, {"shasum", "-a", "256"}}};
  for (const auto& tool : tools) {
    const ProcessResult result = run_process(tool, {.input = input});
    const std::string hash = result.out.substr(0, 64);
    const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
    if (result.started && result.status == 0 && hash.size() == 64 && std::all_of(hash.begin(), hash.end(), is_hex))
      return hash;
  }
  throw tinynet::Error(tinynet::ErrorCode::io, "SHA-256: needs the program sha256sum or shasum");
}

}  // namespace mnist
