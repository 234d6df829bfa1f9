// A tensor as it lies in a file: its type, its shape, its bytes.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tinynet/core/eigen.hpp>
#include <tinynet/core/error.hpp>
#include <type_traits>
#include <vector>

namespace tinynet {

static_assert(std::endian::native == std::endian::little, "tinynet stores tensors on little-endian machines only");

/// The type of a stored tensor's numbers, with the names of the safetensors format.
enum class Dtype : std::uint8_t {
  BOOL,
  U8,
  I8,
  F8_E4M3,
  F8_E5M2,
  I16,
  U16,
  F16,
  BF16,
  I32,
  U32,
  F32,
  I64,
  U64,
  F64,
};

namespace detail {

struct DtypeInfo {
  std::string_view name;
  std::size_t size;  // bytes a number
};

// In the order of the enumeration.
inline constexpr std::array<DtypeInfo, 15> dtypes{{{"BOOL", 1},
                                                   {"U8", 1},
                                                   {"I8", 1},
                                                   {"F8_E4M3", 1},
                                                   {"F8_E5M2", 1},
                                                   {"I16", 2},
                                                   {"U16", 2},
                                                   {"F16", 2},
                                                   {"BF16", 2},
                                                   {"I32", 4},
                                                   {"U32", 4},
                                                   {"F32", 4},
                                                   {"I64", 8},
                                                   {"U64", 8},
                                                   {"F64", 8}}};

inline std::optional<Dtype> dtype_from_name(std::string_view name) {
  for (std::size_t i = 0; i < dtypes.size(); ++i)
    if (dtypes[i].name == name) return static_cast<Dtype>(i);
  return std::nullopt;
}

}  // namespace detail

/// "F32" for Dtype::F32.
inline std::string_view dtype_name(Dtype dtype) { return detail::dtypes[static_cast<std::size_t>(dtype)].name; }

/// Bytes of one number.
inline std::size_t dtype_size(Dtype dtype) { return detail::dtypes[static_cast<std::size_t>(dtype)].size; }

/// The Dtype of a C++ type, const or not: bool, a whole number of 8 to 64 bits, Eigen::half, Eigen::bfloat16, float or
/// double.
template <class T>
constexpr Dtype dtype_of() {
  using Number = std::remove_cv_t<T>;
  constexpr bool is_text = std::is_same_v<Number, char> || std::is_same_v<Number, wchar_t> ||
                           std::is_same_v<Number, char8_t> || std::is_same_v<Number, char16_t> ||
                           std::is_same_v<Number, char32_t>;
  if constexpr (std::is_same_v<Number, bool>) {
    return Dtype::BOOL;
  } else if constexpr (std::is_same_v<Number, float>) {
    return Dtype::F32;
  } else if constexpr (std::is_same_v<Number, double>) {
    return Dtype::F64;
  } else if constexpr (std::is_same_v<Number, Eigen::half>) {
    return Dtype::F16;
  } else if constexpr (std::is_same_v<Number, Eigen::bfloat16>) {
    return Dtype::BF16;
  } else if constexpr (std::is_integral_v<Number> && !is_text && sizeof(Number) <= 8) {
    constexpr bool with_sign = std::is_signed_v<Number>;
    switch (sizeof(Number)) {
      case 1:
        return with_sign ? Dtype::I8 : Dtype::U8;
      case 2:
        return with_sign ? Dtype::I16 : Dtype::U16;
      case 4:
        return with_sign ? Dtype::I32 : Dtype::U32;
      default:
        return with_sign ? Dtype::I64 : Dtype::U64;
    }
  } else {
    static_assert(sizeof(T) == 0,
                  "tinynet: numbers in files are bool, whole numbers of 8 to 64 bits, Eigen::half, Eigen::bfloat16, "
                  "float or double, and these are of another type");
    return Dtype::F32;
  }
}

/// A tensor in a file, or to be written into one. The bytes are somebody else's, unless there is an owner.
struct StoredTensor {
  std::string name;                     ///< in the file
  Dtype dtype = Dtype::F32;             ///< the type of the numbers in the file
  std::vector<Index> shape;             ///< empty for a single number
  std::span<const std::uint8_t> bytes;  ///< little-endian, row-major; not aligned
  std::uint64_t offset = 0;             ///< of the first byte in the file
  std::shared_ptr<const void> owner{};  ///< what the bytes stay for, if they have to

  /// The numbers. Throws Error (usage) if T is not what `dtype` says.
  template <class T>
  std::vector<T> values() const {
    if (dtype != dtype_of<T>())
      throw Error(ErrorCode::usage, "StoredTensor " + detail::printable(name) + ": values of type " +
                                        std::string(dtype_name(dtype_of<T>())) + " asked for, it has " +
                                        std::string(dtype_name(dtype)));
    std::vector<T> out(bytes.size() / sizeof(T));
    if (!out.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
    return out;
  }
};

namespace detail {

/// "[30, 784]", as Python writes it.
inline std::string shape_text(const std::vector<Index>& shape) {
  std::string text = "[";
  for (std::size_t d = 0; d < shape.size(); ++d) text.append(d == 0 ? "" : ", ").append(std::to_string(shape[d]));
  return text + "]";
}

// The product of a shape, or nothing if a size is negative or the product (without its zeros) is above `limit`.
inline std::optional<std::uint64_t> checked_size(const std::vector<Index>& shape, std::uint64_t limit) {
  std::uint64_t product = 1;
  bool empty = false;
  for (const Index n : shape) {
    if (n < 0) return std::nullopt;
    if (n == 0) {
      empty = true;
      continue;
    }
    if (product > limit / static_cast<std::uint64_t>(n)) return std::nullopt;
    product *= static_cast<std::uint64_t>(n);
  }
  return empty ? 0 : product;
}

// FNV-1a, 64 bits (Fowler, Noll, Vo; RFC 9923). Each step is one-to-one in the state, so two inputs that differ in one
// byte always differ in the result: a flipped bit cannot hide. It is an alarm for damage, not a seal against forgery.
class Fnv1a {
 public:
  void add(std::span<const std::uint8_t> bytes) {
    for (const std::uint8_t byte : bytes) hash_ = (hash_ ^ byte) * 0x100000001B3u;
  }
  void add(std::string_view text) {
    for (const char c : text) hash_ = (hash_ ^ static_cast<std::uint8_t>(c)) * 0x100000001B3u;
  }
  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xCBF29CE484222325u;
};

// A hash of what a file says, whatever the order in which it says it: for each tensor in the order of the names
//   name NUL dtype NUL shape NUL bytes
// and then for each entry of the metadata in the order of the keys
//   key NUL value NUL
inline std::string content_checksum(std::span<const StoredTensor> tensors,
                                    const std::map<std::string, std::string>& metadata) {
  std::vector<const StoredTensor*> sorted;
  for (const StoredTensor& t : tensors) sorted.push_back(&t);
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->name < b->name; });

  constexpr std::string_view nul("\0", 1);
  Fnv1a hash;
  for (const StoredTensor* t : sorted) {
    for (const std::string_view text : {std::string_view(t->name), nul, dtype_name(t->dtype), nul}) hash.add(text);
    hash.add(shape_text(t->shape));
    hash.add(nul);
    hash.add(t->bytes);
  }
  for (const auto& [key, value] : metadata)
    for (const std::string_view text : {std::string_view(key), nul, std::string_view(value), nul}) hash.add(text);

  std::string digits;
  for (int shift = 60; shift >= 0; shift -= 4) digits += "0123456789abcdef"[(hash.value() >> shift) & 15];
  return digits;
}

}  // namespace detail

}  // namespace tinynet
