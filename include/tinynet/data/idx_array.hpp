// What an IDX file holds: an array of any rank.
#pragma once

#include <array>
#include <cstdint>
#include <tinynet/core/eigen.hpp>
#include <tinynet/core/error.hpp>
#include <utility>
#include <variant>
#include <vector>

namespace tinynet {

/// The type of the values, as its byte in the file.
enum class IdxType : std::uint8_t {
  uint8 = 0x08,
  int8 = 0x09,
  int16 = 0x0B,
  int32 = 0x0C,
  float32 = 0x0D,
  float64 = 0x0E,
};

/// The content of an IDX file: an array of any rank and one of the six types.
class IdxArray {
 public:
  /// One alternative a type, in the order of the bytes that stand for them.
  using Values = std::variant<std::vector<std::uint8_t>, std::vector<std::int8_t>, std::vector<std::int16_t>,
                              std::vector<std::int32_t>, std::vector<float>, std::vector<double>>;

  /// The numbers in the file's order, the last index fastest.
  IdxArray(std::vector<Index> shape, Values values) : shape_(std::move(shape)), values_(std::move(values)) {}

  /// The type of the numbers in the file.
  IdxType type() const {
    constexpr std::array types{IdxType::uint8, IdxType::int8,    IdxType::int16,
                               IdxType::int32, IdxType::float32, IdxType::float64};
    return types[values_.index()];
  }

  /// The sizes, slowest index first.
  const std::vector<Index>& shape() const& { return shape_; }
  std::vector<Index> shape() && { return std::move(shape_); }

  /// The values, the last index fastest. Throws Error (usage) if T is not the type of the file.
  template <class T>
  const std::vector<T>& values() const& {
    if (const auto* values = std::get_if<std::vector<T>>(&values_)) return *values;
    throw Error(ErrorCode::usage, "IdxArray: values<T>() with another T than the file's type");
  }

  template <class T>
  std::vector<T> values() && {
    static_cast<const IdxArray&>(*this).values<T>();
    return std::get<std::vector<T>>(std::move(values_));
  }

 private:
  std::vector<Index> shape_;
  Values values_;
};

}  // namespace tinynet
