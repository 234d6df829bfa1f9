#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <string>
#include <tinynet/io/stored_tensor.hpp>
#include <vector>

#include "temporary_folder.hpp"

using test::bytes;
using test::error_of;
using tinynet::Dtype;
using tinynet::StoredTensor;
using namespace tinynet::detail;

TEST_CASE("types") {
  CHECK(tinynet::dtype_name(Dtype::BOOL) == "BOOL");
  CHECK(tinynet::dtype_name(Dtype::BF16) == "BF16");
  CHECK(tinynet::dtype_name(Dtype::F64) == "F64");
  CHECK(tinynet::dtype_size(Dtype::F8_E5M2) == 1);
  CHECK(tinynet::dtype_size(Dtype::F16) == 2);
  CHECK(tinynet::dtype_size(Dtype::I32) == 4);
  CHECK(tinynet::dtype_size(Dtype::U64) == 8);
  CHECK(tinynet::dtype_of<float>() == Dtype::F32);
  CHECK(tinynet::dtype_of<double>() == Dtype::F64);
  CHECK(tinynet::dtype_of<std::int64_t>() == Dtype::I64);
  for (std::size_t i = 0; i < dtypes.size(); ++i) CHECK(dtype_from_name(dtypes[i].name) == static_cast<Dtype>(i));
  for (const char* name : {"", "f32", "F3", "F32 ", "FLOAT"}) CHECK_FALSE(dtype_from_name(name).has_value());
}

TEST_CASE("values need not be aligned") {
  alignas(8) const std::array<std::uint8_t, 9> memory{9, 0, 0, 0x80, 0x3F, 0, 0, 0x20, 0xC0};
  StoredTensor tensor{.name = "a", .dtype = Dtype::F32, .shape = {2}, .bytes = std::span(memory).subspan(1)};
  CHECK(tensor.values<float>() == std::vector<float>{1.0f, -2.5f});
  CHECK(error_of([&] { tensor.values<double>(); }).code() == tinynet::ErrorCode::usage);
  tensor.bytes = {};
  CHECK(tensor.values<float>().empty());
}

TEST_CASE("sizes of shapes") {
  CHECK(shape_text({}) == "[]");
  CHECK(shape_text({30, 784}) == "[30, 784]");
  constexpr std::int64_t big = std::int64_t{1} << 32;
  CHECK(checked_size({}, 10) == 1u);
  CHECK(checked_size({2, 5}, 10) == 10u);
  CHECK_FALSE(checked_size({2, 6}, 10).has_value());
  CHECK_FALSE(checked_size({-1}, 10).has_value());
  CHECK_FALSE(checked_size({0, -1}, 10).has_value());
  CHECK(checked_size({0, 5}, 10) == 0u);
  CHECK_FALSE(checked_size({big, big, 0}, std::uint64_t{1} << 62).has_value());
  CHECK_FALSE(checked_size({big, big}, ~std::uint64_t{0}).has_value());
}

TEST_CASE("FNV-1a, the test vectors of its authors") {
  const auto hash = [](std::string_view text) {
    Fnv1a fnv;
    fnv.add(text);
    Fnv1a same;
    same.add(std::span<const std::uint8_t>(bytes(text)));
    CHECK(same.value() == fnv.value());
    return fnv.value();
  };
  CHECK(hash("") == 0xCBF29CE484222325u);
  CHECK(hash("a") == 0xAF63DC4C8601EC8Cu);
  CHECK(hash("foobar") == 0x85944171F73967E8u);
}

TEST_CASE("the checksum sees everything, but not the order") {
  const auto one = bytes("12345678"), two = bytes("abcd"), other = bytes("12345679");
  const StoredTensor a{.name = "a", .dtype = Dtype::F32, .shape = {2}, .bytes = one};
  const StoredTensor b{.name = "b", .dtype = Dtype::F32, .shape = {1}, .bytes = two};
  const auto sum = [&](std::vector<StoredTensor> tensors, const std::map<std::string, std::string>& metadata = {}) {
    return content_checksum(tensors, metadata);
  };
  const std::string right = sum({a, b});
  CHECK(right.size() == 16);
  CHECK(sum({b, a}) == right);
  StoredTensor changed = a;
  changed.bytes = other;
  CHECK(sum({changed, b}) != right);
  changed = a;
  changed.shape = {1, 2};
  CHECK(sum({changed, b}) != right);
  changed = a;
  changed.dtype = Dtype::I32;
  CHECK(sum({changed, b}) != right);
  changed = a;
  changed.name = "aa";
  CHECK(sum({changed, b}) != right);
  CHECK(sum({a, b}, {{"k", "v"}}) != right);
  CHECK(sum({a, b}, {{"k", "v"}}) != sum({a, b}, {{"k", "w"}}));
}

TEST_CASE("a type's Dtype, const or not, whatever its name") {
  static_assert(tinynet::dtype_of<const float>() == Dtype::F32 && tinynet::dtype_of<volatile double>() == Dtype::F64);
  static_assert(tinynet::dtype_of<long long>() == Dtype::I64 && tinynet::dtype_of<unsigned long long>() == Dtype::U64);
  static_assert(tinynet::dtype_of<long>() == (sizeof(long) == 8 ? Dtype::I64 : Dtype::I32));
  static_assert(tinynet::dtype_of<const std::uint8_t>() == Dtype::U8 && tinynet::dtype_of<signed char>() == Dtype::I8);
  static_assert(tinynet::dtype_of<short>() == Dtype::I16 && tinynet::dtype_of<unsigned short>() == Dtype::U16);
  static_assert(tinynet::dtype_of<const bool>() == Dtype::BOOL && tinynet::dtype_of<Eigen::half>() == Dtype::F16);
  CHECK(tinynet::dtype_of<const double>() == Dtype::F64);
}
