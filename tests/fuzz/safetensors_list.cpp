// Reads safetensors files, one after another, from standard input (4 bytes of length, little-endian, before each) and
// prints a line for each: "accepted NAME:DTYPE:SHAPE:BYTES ...", names and bytes in hexadecimal, or "refused MESSAGE".
// safetensors_differential.py compares that with what the format's reference implementation says.
#include <array>
#include <cstdint>
#include <exception>
#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <tinynet/io/safetensors.hpp>
#include <vector>

namespace {

std::string hex(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

std::string line_for(const std::vector<std::uint8_t>& file) {
  try {
    std::string line = "accepted";
    const tinynet::SafeTensors read = tinynet::parse_safetensors(file, "file");
    for (const tinynet::StoredTensor& t : read.tensors()) {
      line += " " + hex({reinterpret_cast<const std::uint8_t*>(t.name.data()), t.name.size()});
      line += ":" + std::string(dtype_name(t.dtype)) + ":";
      for (std::size_t d = 0; d < t.shape.size(); ++d) line += (d == 0 ? "" : ",") + std::to_string(t.shape[d]);
      line += ":" + hex(t.bytes);
    }
    return line;
  } catch (const tinynet::Error& error) {
    return std::string("refused ") + error.what();
  }
}

}  // namespace

int main() {
  std::array<char, 4> length{};
  while (std::cin.read(length.data(), 4)) {
    std::size_t size = 0;
    for (std::size_t i = 4; i-- > 0;) size = size << 8 | static_cast<std::uint8_t>(length[i]);
    std::vector<std::uint8_t> file(size);
    if (!std::cin.read(reinterpret_cast<char*>(file.data()), static_cast<std::streamsize>(size))) return 1;
    std::cout << line_for(file) << '\n';
  }
  return std::cout.flush() ? 0 : 1;
}
