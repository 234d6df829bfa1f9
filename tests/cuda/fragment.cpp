#include <doctest/doctest.h>

#include <cmath>
#include <set>
#include <tinynet/cuda/fragment.hpp>

namespace gpu = tinynet::detail::gpu;
using gpu::Place;

namespace {

// Every place of a fragment belongs to one number of one lane.
template <class F>
bool covers(int rows, int columns, int numbers, const F& place_of) {
  std::set<std::pair<int, int>> places;
  for (int lane = 0; lane < gpu::warp_size; ++lane)
    for (int i = 0; i < numbers; ++i) {
      const Place place = place_of(lane, i);
      if (place.row < 0 || place.row >= rows || place.column < 0 || place.column >= columns) return false;
      places.insert({place.row, place.column});
    }
  return static_cast<int>(places.size()) == rows * columns && gpu::warp_size * numbers == rows * columns;
}

constexpr bool same(Place a, Place b) { return a.row == b.row && a.column == b.column; }

}  // namespace

// Some places from the figures of the PTX manual.
static_assert(same(gpu::place_in_a(0, 0), {0, 0}) && same(gpu::place_in_a(5, 1), {1, 3}));
static_assert(same(gpu::place_in_a(0, 2), {8, 0}) && same(gpu::place_in_a(31, 7), {15, 15}));
static_assert(same(gpu::place_in_a(6, 4), {1, 12}) && same(gpu::place_in_a(6, 6), {9, 12}));
static_assert(same(gpu::place_in_b(0, 0), {0, 0}) && same(gpu::place_in_b(7, 1), {7, 1}));
static_assert(same(gpu::place_in_b(29, 2), {10, 7}) && same(gpu::place_in_b(31, 3), {15, 7}));
static_assert(same(gpu::place_in_c(0, 0), {0, 0}) && same(gpu::place_in_c(9, 1), {2, 3}));
static_assert(same(gpu::place_in_c(9, 2), {10, 2}) && same(gpu::place_in_c(31, 3), {15, 7}));

TEST_CASE("the lanes share a fragment without gaps or overlaps") {
  CHECK(covers(16, 16, 8, gpu::place_in_a));
  CHECK(covers(16, 8, 4, gpu::place_in_b));
  CHECK(covers(16, 8, 4, gpu::place_in_c));
}

TEST_CASE("a quad lies in one row of A or one column of B, and at the same depths in both") {
  for (int lane = 0; lane < gpu::warp_size; ++lane) {
    gpu::Plain<double, 2> a;
    gpu::Plain<double, 1> b;
    a.set(0, {{0, 1, 2, 3}});
    a.set(1, {{10, 11, 12, 13}});
    b.set(0, {{0, 1, 2, 3}});
    int depth[4];
    for (int i = 0; i < 4; ++i) {
      depth[static_cast<int>(b.number[i])] = gpu::place_in_b(lane, i).row;
      CHECK(gpu::place_in_b(lane, i).column == lane / 4);
    }
    for (int i = 0; i < 8; ++i) {
      const int number = static_cast<int>(a.number[i]);
      CHECK(gpu::place_in_a(lane, i).row == lane / 4 + (number < 10 ? 0 : 8));
      CHECK(gpu::place_in_a(lane, i).column == depth[number % 10]);
    }
  }
}

TEST_CASE("three terms are the float, one is a byte, and they lie where the plain operand's numbers do") {
  const float numbers[] = {1.0f, -3.14159274f, 1e-20f, 16777215.0f, -0.0f, 3.4e38f, 1.17549435e-38f, -123.456f};
  const gpu::Quad<float> first{{numbers[0], numbers[1], numbers[2], numbers[3]}};
  const gpu::Quad<float> second{{numbers[4], numbers[5], numbers[6], numbers[7]}};
  gpu::Plain<float, 2> plain;
  gpu::Split<2, 3> split;
  plain.set(0, first);
  plain.set(1, second);
  split.set(0, first);
  split.set(1, second);
  for (int i = 0; i < 8; ++i) CHECK(split.number(0, i) + (split.number(1, i) + split.number(2, i)) == plain.number[i]);
  for (int byte = 0; byte < 256; ++byte) {
    gpu::Split<1, 1> operand;
    operand.set(0, {{static_cast<float>(byte), 1, 2, 3}});
    CHECK(operand.number(0, 0) == static_cast<float>(byte));
  }
  gpu::Split<1, 3> not_a_number;
  not_a_number.set(0, {{std::nanf("1"), 0, 0, 0}});
  CHECK(std::isnan(not_a_number.number(0, 0) + not_a_number.number(1, 0) + not_a_number.number(2, 0)));
}

TEST_CASE("bytes as half floats, and floats as two of them") {
  for (std::uint32_t byte = 0; byte < 256; byte += 4) {
    gpu::HalfBytes<2> operand;
    gpu::Plain<float, 2> plain;
    for (int j = 0; j < 2; ++j) {
      const gpu::FourBytes bytes{byte | (byte + 1) << 8 | (byte + 2) << 16 |
                                 (byte + 3 - static_cast<unsigned>(j)) << 24};
      operand.set(j, bytes);
      plain.set(j, bytes);
    }
    CHECK(plain.number[0] == static_cast<float>(byte));
    for (int i = 0; i < 8; ++i) CHECK(operand.number(i) == plain.number[i] * gpu::byte_in_half);
    const std::uint32_t first = byte | (byte + 1) << 8 | (byte + 2) << 16 | (byte + 3) << 24,
                        second = first ^ 0x04030201u;
    operand.set_pairs(first, second);
    plain.set_pairs(first, second);
    for (int i = 0; i < 8; ++i) {
      CHECK(plain.number[i] == static_cast<float>((i < 4 ? first : second) >> (i / 2 % 2 * 8 + i % 2 * 16) & 0xFFu));
      CHECK(operand.number(i) == plain.number[i] * gpu::byte_in_half);
    }
  }
  // From the largest, some thousands, to what is 2^14 times as small: 22 binary digits.
  const float numbers[] = {8191.9f, -3.14159274f, 0.123456789f, -1.0f};
  gpu::HalfTerms<1> terms;
  gpu::Plain<float, 1> plain;
  terms.set(0, {{numbers[0], numbers[1], numbers[2], numbers[3]}});
  plain.set(0, {{numbers[0], numbers[1], numbers[2], numbers[3]}});
  for (int i = 0; i < 4; ++i)
    CHECK(std::abs(terms.number(0, i) + terms.number(1, i) - plain.number[i]) <=
          std::ldexp(std::abs(plain.number[i]), -22) + std::ldexp(1.0f, -25));
  terms.set(0, {{std::nanf("1"), INFINITY, 0, 0}});
  CHECK(std::isnan(terms.number(0, 0)));
  CHECK(std::isnan(terms.number(0, 1) + terms.number(1, 1)));
}

TEST_CASE("the power of two that brings a number where it is wanted") {
  for (const float x : {1.0f, 1.99f, 3e-30f, 7e20f, 0.1f}) {
    const float scaled = x * gpu::power_of_two(x, 12);
    CHECK(scaled >= 4096.0f);
    CHECK(scaled < 8192.0f);
  }
  CHECK(gpu::power_of_two(0, 0) == std::ldexp(1.0f, 127));
  CHECK(std::isfinite(gpu::power_of_two(INFINITY, 12)));
  CHECK(gpu::power_of_two(INFINITY, 12) > 0);
}

TEST_CASE("the pairs of terms: three for bytes, six for floats, the largest product last") {
  int pairs = 0, last = -1;
  gpu::each_pair_of_terms<1, 3>([&](int i, int j) {
    CHECK(i == 0);
    ++pairs;
    last = j;
  });
  CHECK(pairs == 3);
  CHECK(last == 0);
  pairs = 0;
  gpu::each_pair_of_terms<3, 3>([&](int i, int j) {
    CHECK(i + j <= 2);
    ++pairs;
    last = i + j;
  });
  CHECK(pairs == 6);
  CHECK(last == 0);
}
