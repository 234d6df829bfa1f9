// safetensors, the file format of weights: https://github.com/huggingface/safetensors
//   8 bytes N little-endian, N bytes of JSON, then the tensors' bytes without a gap
// Read more strictly than the reference does: whatever is read here, the reference reads too, with the same bytes.
// Needs nlohmann-json.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tinynet/core/eigen.hpp>
#include <tinynet/core/error.hpp>
#include <tinynet/core/named_tensor.hpp>
#include <tinynet/io/assign_tensors.hpp>
#include <tinynet/io/file.hpp>
#include <tinynet/io/foreign_file.hpp>
#include <tinynet/io/safetensors_header.hpp>
#include <tinynet/io/source.hpp>
#include <tinynet/io/stored_tensor.hpp>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace tinynet {

/// Texts that a file carries beside its tensors.
using Metadata = std::map<std::string, std::string>;

namespace detail {

// The checksum's place in the metadata. Key and value name each other, so that damage to one does not make it go away.
inline constexpr std::string_view checksum_key = "tinynet.checksum";
inline constexpr std::string_view checksum_prefix = "tinynet-fnv1a64:";

inline std::uint64_t little_endian(const std::array<std::uint8_t, 8>& b) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value |= std::uint64_t{b[i]} << (8 * i);
  return value;
}

inline std::uint64_t big_endian(std::array<std::uint8_t, 8> b) {
  std::reverse(b.begin(), b.end());
  return little_endian(b);
}

}  // namespace detail

/// The content of a safetensors file. Copies share the bytes.
class SafeTensors {
 public:
  /// Reads all of `source` and checks it: the header is what the format says and nothing else, no name occurs twice,
  /// the tensors' bytes follow each other without a gap to the end of the file, each as many as its shape asks for, and
  /// the checksum, if there is one, is right. Throws Error (data or io). Whatever the header says, it takes no more
  /// memory than the tensors' bytes that are there, five times the header, and 1 MiB.
  explicit SafeTensors(ByteSource& source) : path_(source.path()) {
    const std::uint64_t file_size = size_of(source);
    const std::string header = read_header_bytes(source, file_size);
    data_offset_ = 8 + header.size();
    read_data(source, detail::read_header(header, path_), file_size - data_offset_);
    check_checksum();
  }

  /// In the order of their bytes.
  const std::vector<StoredTensor>& tensors() const& { return tensors_; }
  std::vector<StoredTensor> tensors() && {
    for (StoredTensor& tensor : tensors_) tensor.owner = data_;
    return std::move(tensors_);
  }

  /// The tensor of that name, or nullptr.
  const StoredTensor* find(std::string_view) const&& = delete;  // tinynet: a tensor of a temporary: give it a name
  const StoredTensor* find(std::string_view name) const& {
    const auto found = std::find_if(tensors_.begin(), tensors_.end(), [&](const auto& t) { return t.name == name; });
    return found == tensors_.end() ? nullptr : &*found;
  }

  /// Without the checksum.
  const Metadata& metadata() const& { return metadata_; }
  Metadata metadata() && { return std::move(metadata_); }

  /// Whether the file has a checksum (it is then right). Files that others wrote have none.
  bool verified() const { return verified_; }

  /// The file.
  const std::string& path() const& { return path_; }
  std::string path() && { return std::move(path_); }

 private:
  static constexpr std::uint64_t max_header = 100'000'000;  // the reference's limit

  [[noreturn]] void fail(std::uint64_t offset, std::string field, std::string what, std::string expected,
                         std::string actual, std::string hint = {}) const {
    throw Error({.path = path_,
                 .offset = offset,
                 .field = std::move(field),
                 .what = std::move(what),
                 .expected = std::move(expected),
                 .actual = std::move(actual),
                 .hint = std::move(hint)});
  }

  std::uint64_t size_of(const ByteSource& source) const {
    if (const auto size = source.size()) return *size;
    throw Error(ErrorCode::usage, "SafeTensors: the size of " + detail::printable(path_) + " must be known beforehand");
  }

  void read_exactly(ByteSource& source, std::span<std::uint8_t> to, std::uint64_t offset) const {
    if (const std::size_t n = source.read(to); n < to.size())
      fail(offset + n, "end", "the file became shorter while it was read", std::to_string(to.size()) + " bytes",
           std::to_string(n));
  }

  std::string read_header_bytes(ByteSource& source, std::uint64_t file_size) const {
    std::array<std::uint8_t, detail::enough_to_recognise> start{};
    if (file_size < 8) {
      detail::refuse_foreign(std::span(start).first(source.read({start.data(), 8})), path_);
      fail(0, "header length", "too short for a safetensors file", "8 bytes", std::to_string(file_size) + " bytes");
    }
    std::array<std::uint8_t, 8> length{};
    read_exactly(source, length, 0);
    std::copy(length.begin(), length.end(), start.begin());
    const std::uint64_t n = detail::little_endian(length);
    const std::uint64_t limit = std::min(max_header, file_size - 8);
    if (n < 2 || n > limit) {
      detail::refuse_foreign(std::span(start).first(8 + source.read(std::span(start).subspan(8))), path_);
      const std::uint64_t swapped = detail::big_endian(length);
      const bool is_swapped = n != 0 && swapped >= 2 && swapped <= limit;
      fail(0, "header length", is_swapped ? "byte-swapped length" : "wrong length of the header",
           is_swapped ? std::to_string(swapped) + " in little-endian order" : "2 to " + std::to_string(limit),
           std::to_string(n));
    }
    std::string header(static_cast<std::size_t>(n), '\0');
    read_exactly(source, {reinterpret_cast<std::uint8_t*>(header.data()), header.size()}, 8);
    if (header[0] != '{') {  // the first bytes of another format may be a length by chance
      const std::size_t more = std::min(header.size(), start.size() - 8);
      std::copy_n(header.begin(), more, start.begin() + 8);
      detail::refuse_foreign(std::span(start).first(8 + more), path_);
    }
    return header;
  }

  void read_data(ByteSource& source, detail::Header header, std::uint64_t data_size) {
    check_layout(header.tensors, data_size);
    auto data = std::make_shared<std::vector<std::uint8_t>>(static_cast<std::size_t>(data_size));
    read_exactly(source, *data, data_offset_);
    std::uint8_t more = 0;
    if (source.read({&more, 1}) != 0)
      fail(data_offset_ + data_size, "end", "the file became longer while it was read", "its end", "more");
    for (detail::HeaderEntry& entry : header.tensors) {
      entry.tensor.bytes = std::span<const std::uint8_t>(*data).subspan(
          static_cast<std::size_t>(entry.begin), static_cast<std::size_t>(entry.end - entry.begin));
      entry.tensor.offset = data_offset_ + entry.begin;
      tensors_.push_back(std::move(entry.tensor));
    }
    data_ = std::move(data);
    metadata_ = std::move(header.metadata);
  }

  // Sorts the tensors by their place and checks that they fill the data exactly.
  void check_layout(std::vector<detail::HeaderEntry>& entries, std::uint64_t data_size) const {
    const auto range = [](const detail::HeaderEntry& e) {
      return std::to_string(e.begin) + " to " + std::to_string(e.end);
    };
    for (const detail::HeaderEntry& e : entries) {
      const std::string name = detail::printable(e.tensor.name);
      if (e.begin > e.end) fail(e.key_offset, name, "ends before it begins", "begin <= end", range(e));
      if (e.end > data_size)
        fail(e.key_offset, name, "reaches beyond the end of the file", "at most " + std::to_string(data_size),
             range(e));
      const std::size_t size = dtype_size(e.tensor.dtype);
      const auto count = detail::checked_size(e.tensor.shape, std::numeric_limits<std::int64_t>::max() / size);
      if (!count || *count * size != e.end - e.begin)
        fail(e.key_offset, name, "shape and bytes disagree",
             count ? std::to_string(*count * size) + " bytes for " + detail::shape_text(e.tensor.shape) + " " +
                         std::string(dtype_name(e.tensor.dtype))
                   : "sizes whose product is not too large, not " + detail::shape_text(e.tensor.shape),
             std::to_string(e.end - e.begin) + " bytes");
    }
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
      return std::tie(a.begin, a.end, a.key_offset) < std::tie(b.begin, b.end, b.key_offset);
    });
    std::uint64_t end = 0;
    std::string before = "the start of the data";
    for (const detail::HeaderEntry& e : entries) {
      const std::string name = detail::printable(e.tensor.name);
      if (e.begin != end)
        fail(e.key_offset, name, (e.begin < end ? "overlaps " : "leaves a gap after ") + before,
             "begin " + std::to_string(end), std::to_string(e.begin));
      end = e.end;
      before = name;
    }
    if (end != data_size)
      fail(data_offset_ + end, "end", "bytes after " + before, std::to_string(data_offset_ + end) + " bytes in all",
           std::to_string(data_offset_ + data_size));
  }

  void check_checksum() {
    constexpr std::size_t digits = 16;
    for (const auto& [key, value] : metadata_) {
      const bool is_key = key == detail::checksum_key, is_value = value.starts_with(detail::checksum_prefix);
      if (is_key != is_value || (is_value && value.size() != detail::checksum_prefix.size() + digits))
        fail(8, "__metadata__", "a damaged checksum",
             std::string(detail::checksum_key) + ": " + std::string(detail::checksum_prefix) + " and 16 digits",
             detail::printable(key.substr(0, 64)) + ": " + detail::printable(value.substr(0, 64)));
    }
    const auto found = metadata_.find(std::string(detail::checksum_key));
    if (found == metadata_.end()) return;
    const std::string stored = found->second.substr(detail::checksum_prefix.size());
    metadata_.erase(found);
    const std::string computed = detail::content_checksum(tensors_, metadata_);
    if (stored != computed)
      fail(data_offset_, "data", "the checksum does not match: the file is damaged", detail::printable(stored),
           computed,
           "If it was changed on purpose, leave " + std::string(detail::checksum_key) + " out of its metadata");
    verified_ = true;
  }

  std::string path_;
  std::uint64_t data_offset_ = 0;
  std::shared_ptr<const std::vector<std::uint8_t>> data_;
  std::vector<StoredTensor> tensors_;
  Metadata metadata_;
  bool verified_ = false;
};

/// Reads a file as SafeTensors does. Throws Error (io or data).
inline SafeTensors read_safetensors(const std::string& path) {
  FileSource source(path);
  return SafeTensors(source);
}

/// As read_safetensors, from the bytes of a file in memory; `path` is for error messages.
inline SafeTensors parse_safetensors(std::span<const std::uint8_t> bytes, const std::string& path) {
  MemorySource source(bytes, path);
  return SafeTensors(source);
}

/// Writes tensors of any types and a checksum of them, all or nothing (see write_file).
/// Throws Error: usage, before a file is touched, if a name is empty, has control characters, is "__metadata__" or
/// occurs twice, or a shape does not fit its bytes; io if the file cannot be written.
inline void write_safetensors(const std::string& path, const std::vector<StoredTensor>& tensors,
                              Metadata metadata = {}) {
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorCode::usage, "save " + detail::printable(path) + ": " + why);
  };
  if (tensors.size() > detail::max_header_entries || metadata.size() >= detail::max_header_entries)
    refuse("more than 4096 tensors or entries of metadata");
  std::map<std::string_view, int> seen;
  for (const StoredTensor& t : tensors) {
    const std::string name = detail::printable(t.name);
    if (const std::string bad = detail::bad_name(t.name); !bad.empty()) refuse("a tensor with " + bad);
    if (t.name == detail::metadata_key) refuse("a tensor must not be called __metadata__");
    if (seen[t.name]++ != 0) refuse("two tensors are called " + name);
    const auto count = detail::checked_size(t.shape, std::numeric_limits<std::int64_t>::max() / 8);
    if (t.shape.size() > detail::max_tensor_rank || !count || *count * dtype_size(t.dtype) != t.bytes.size())
      refuse(name + " has " + std::to_string(t.bytes.size()) + " bytes, which do not make " +
             detail::shape_text(t.shape) + " " + std::string(dtype_name(t.dtype)));
  }
  for (const auto& [key, value] : metadata)
    if (key == detail::checksum_key || value.starts_with(detail::checksum_prefix) ||
        std::max(key.size(), value.size()) > detail::max_header_string / 8)  // an escaped byte may take six
      refuse("metadata " + detail::printable(key.substr(0, 64)) + " is reserved or too long");

  // Wide numbers first: each tensor then lies at a multiple of its own width.
  std::vector<StoredTensor> sorted;
  for (std::size_t width = 8; width > 0; width /= 2)
    std::copy_if(tensors.begin(), tensors.end(), std::back_inserter(sorted),
                 [width](const StoredTensor& t) { return dtype_size(t.dtype) == width; });
  const std::string checksum = detail::content_checksum(sorted, metadata);
  metadata.emplace(detail::checksum_key, std::string(detail::checksum_prefix) + checksum);
  const std::string header = detail::header_text(sorted, metadata);

  std::array<std::uint8_t, 8> length{};
  for (std::size_t i = 0; i < 8; ++i) length[i] = static_cast<std::uint8_t>(header.size() >> (8 * i));
  std::vector<std::span<const std::uint8_t>> parts{
      length, {reinterpret_cast<const std::uint8_t*>(header.data()), header.size()}};
  for (const StoredTensor& t : sorted) parts.push_back(t.bytes);
  write_file(path, parts);
}

/// Writes a net's tensors, or others of one type of numbers, as write_safetensors does.
template <class Scalar>
void save_safetensors(const std::string& path, const std::vector<NamedTensor<const Scalar>>& tensors,
                      const Metadata& metadata = {}) {
  std::vector<StoredTensor> stored;
  std::vector<std::vector<std::remove_const_t<Scalar>>> by_rows;  // of those that lie in another order
  for (const NamedTensor<const Scalar>& t : tensors) {
    const auto count = detail::checked_size(t.shape, std::numeric_limits<std::int64_t>::max() / sizeof(Scalar));
    if (!count)
      throw Error(ErrorCode::usage,
                  "save: " + detail::printable(t.name) + " has the shape " + detail::shape_text(t.shape));
    const Scalar* numbers = t.data;
    if (!t.strides.empty()) {
      auto& copy = by_rows.emplace_back(static_cast<std::size_t>(*count));
      for (std::size_t i = 0; i < copy.size(); ++i) copy[i] = t[static_cast<Index>(i)];
      numbers = copy.data();
    }
    stored.push_back(
        {.name = t.name,
         .dtype = dtype_of<Scalar>(),
         .shape = t.shape,
         .bytes = {reinterpret_cast<const std::uint8_t*>(numbers), static_cast<std::size_t>(*count) * sizeof(Scalar)}});
  }
  write_safetensors(path, stored, metadata);
}

/// The same of tensors that may be written to, such as the state_dict of a net that is not const.
template <class Scalar = void, class Number>
requires(!std::is_const_v<Number> &&
         (std::is_void_v<Scalar> || std::is_same_v<std::remove_const_t<Scalar>, Number>))  //
    void save_safetensors(const std::string& path, const std::vector<NamedTensor<Number>>& tensors,
                          const Metadata& metadata = {}) {
  std::vector<NamedTensor<const Number>> read_only;
  read_only.reserve(tensors.size());
  for (const NamedTensor<Number>& t : tensors) read_only.push_back({t.name, t.shape, t.data});
  save_safetensors<Number>(path, read_only, metadata);
}

/// Reads a file into a net's tensors (float or double). All or nothing, see assign_tensors for what fits and the
/// errors.
template <class Scalar>
LoadReport load_safetensors(const std::string& path, const std::vector<NamedTensor<Scalar>>& tensors,
                            const LoadOptions& options = {}) {
  detail::require_loadable<Scalar>();
  const SafeTensors file = read_safetensors(path);
  LoadReport report = assign_tensors(path, file.tensors(), tensors, options);
  report.verified = file.verified();
  return report;
}

}  // namespace tinynet
