// Bytes in order, wherever they come from.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <tinynet/core/language.hpp>
#include <type_traits>
#include <utility>

namespace tinynet {

/// Something that gives bytes one after another: memory, a file, the content of a gzip file.
class ByteSource {
 public:
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  virtual ~ByteSource() = default;

  /// Fills `to` with the next bytes and returns how many there were: fewer than asked for only at the end.
  /// Throws Error (io or data) if they cannot be had.
  virtual std::size_t read(std::span<std::uint8_t> to) = 0;

  /// How many bytes there are in all, those already read included, where that is known beforehand.
  virtual std::optional<std::uint64_t> size() const = 0;

  /// What an error message about these bytes has to add, such as how they are counted.
  virtual std::string hint() const { return {}; }

  /// The file, for error messages.
  const std::string& path() const& { return path_; }
  std::string path() && { return std::move(path_); }

 protected:
  /// `path` names it in messages.
  explicit ByteSource(std::string path) : path_(std::move(path)) {}

 private:
  std::string path_;
};

/// Bytes that somebody else owns and keeps until this is gone.
class MemorySource : public ByteSource {
 public:
  /// The bytes must outlive it; `path` names them in messages.
  MemorySource(std::span<const std::uint8_t> bytes, std::string path)
      : ByteSource(std::move(path)), bytes_(bytes), size_(bytes.size()) {}
  template <class Bytes>
  requires(!std::is_lvalue_reference_v<Bytes> && std::ranges::range<Bytes> && !std::ranges::borrowed_range<Bytes>)
      MemorySource(Bytes&&, std::string)
  = delete;  // tinynet: a source of a temporary: give it a name

  std::size_t read(std::span<std::uint8_t> to) override {
    const std::size_t n = std::min(to.size(), bytes_.size());
    if (n != 0) std::memcpy(to.data(), bytes_.data(), n);
    bytes_ = bytes_.subspan(n);
    return n;
  }

  std::optional<std::uint64_t> size() const override { return size_; }

 private:
  std::span<const std::uint8_t> bytes_;  // those not read yet
  std::uint64_t size_;
};

}  // namespace tinynet
