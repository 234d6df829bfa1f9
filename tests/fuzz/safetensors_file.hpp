// safetensors files for the targets safetensors and checkpoint.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tinynet/io/safetensors.hpp>
#include <vector>

#include "harness.hpp"

namespace fuzz {

/// The two parts of a file behind the length of the first.
struct SafeTensorsFile {
  std::string header;
  Bytes data;
};

inline std::optional<SafeTensorsFile> split(ByteView file) {
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < 8 && i < file.size(); ++i) length |= std::uint64_t{file[i]} << (8 * i);
  if (file.size() < 8 || length > file.size() - 8) return std::nullopt;
  const ByteView header = file.subspan(8, static_cast<std::size_t>(length)), data = file.subspan(8 + header.size());
  return SafeTensorsFile{std::string(header.begin(), header.end()), Bytes(data.begin(), data.end())};
}

inline Bytes join(const SafeTensorsFile& file) {
  Bytes all;
  for (std::size_t i = 0; i < 8; ++i) all.push_back(static_cast<std::uint8_t>(file.header.size() >> (8 * i)));
  all.insert(all.end(), file.header.begin(), file.header.end());
  all.insert(all.end(), file.data.begin(), file.data.end());
  return all;
}

/// A file as write_safetensors would write it.
inline Bytes make_file(const std::vector<tinynet::StoredTensor>& tensors, tinynet::Metadata metadata, bool checksum) {
  using namespace tinynet::detail;
  if (checksum)
    metadata[std::string(checksum_key)] = std::string(checksum_prefix) + content_checksum(tensors, metadata);
  SafeTensorsFile file{header_text(tensors, metadata), {}};
  for (const tinynet::StoredTensor& t : tensors) file.data.insert(file.data.end(), t.bytes.begin(), t.bytes.end());
  return join(file);
}

/// Puts the right checksum where the reader says that it is another.
inline void repair_checksum(Bytes& file) {
  try {
    tinynet::parse_safetensors(file, "fuzz");
  } catch (const tinynet::Error& error) {
    if (std::string_view(error.what()).find("checksum does not match") == std::string_view::npos) return;
    auto parts = *split(file);
    const std::string prefix(tinynet::detail::checksum_prefix);
    const std::size_t at = parts.header.find(prefix + error.expected());
    if (at == std::string::npos) return;
    parts.header.replace(at + prefix.size(), error.expected().size(), error.actual());
    file = join(parts);
  }
}

/// Somewhere in a JSON text where a value or a name may begin or end.
inline std::size_t a_border(const std::string& text, Random& random) {
  const std::size_t from = below(random, text.size() + 1), found = text.find_first_of("{}[],:\"", from);
  return std::min(found, text.size());
}

inline void change_json(std::string& text, Random& random) {
  static const auto numbers = list(
      "0|1|2|3|4|8|16|-1|4.0|1e3|1e999|00|0x1|inf|nan|2147483648|4294967296|9223372036854775807|9223372036854775808|"
      "18446744073709551608");
  static const auto tokens = list(
      "{|}|[|]|,|:|\"| |null|true|F32|F64|F16|BF16|I64|BOOL|F8_E4M3|__metadata__|dtype|shape|\\u0061|\\ud83d|\\\\|\\\"|"
      "[0]|\xC2\x80|\"data_offsets\":[0,0]");
  if (one_in(random, 3)) {  // a number
    const std::size_t begin = std::min(text.find_first_of("0123456789", below(random, text.size() + 1)), text.size());
    const std::size_t end = std::min(text.find_first_not_of("0123456789.e-", begin), text.size());
    text.replace(begin, end - begin, one_of(numbers, random));
    return;
  }
  const std::size_t a = a_border(text, random), b = a_border(text, random), to = a_border(text, random);
  const std::size_t begin = std::min(a, b), size = std::min<std::size_t>(std::max(a, b) - begin, 500);
  if (one_in(random, 3))
    text.insert(to, one_of(tokens, random));
  else if (one_in(random, 2))
    text.insert(to, text.substr(begin, size));
  else
    text.erase(begin, size);
}

/// Changes a part of a file; most often length and checksum are right then.
inline void change_safetensors(Bytes& bytes, Random& random) {
  std::optional<SafeTensorsFile> file;
  if (!one_in(random, 10)) file = split(bytes);
  if (!file) return mutate(bytes);
  if (one_in(random, 4))
    mutate(file->data);
  else if (one_in(random, 3))
    mutate(file->header);
  else
    change_json(file->header, random);
  bytes = join(*file);
  if (!one_in(random, 4)) repair_checksum(bytes);
}

}  // namespace fuzz
