// Results must not depend on the number of threads, on where the numbers lie, or on the size of the caches.
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <random>
#include <tinynet/core/threads.hpp>
#include <vector>

namespace test {

using tinynet::Index;

/// Numbers from -1 to 1, the same in every run, with as many random bits as they have: sums of numbers with fewer may
/// be exact in any order.
template <class Scalar>
std::vector<Scalar> numbers(Index count, unsigned seed) {
  std::mt19937_64 engine(seed);
  std::vector<Scalar> result(static_cast<std::size_t>(count));
  for (Scalar& number : result) number = static_cast<Scalar>(static_cast<double>(engine() >> 11) / 0x1p52 - 1);
  return result;
}

/// Checks that compute(const Scalar* numbers), a vector, is the same bit for bit for 1, 2, 3, 4 and 7 threads, for 16
/// places of the numbers in memory, and for other caches.
template <class Scalar, class F>
void check_same_bits(const std::vector<Scalar>& numbers, const F& compute) {
  constexpr Index offsets = 16;
  std::vector<Scalar> room(numbers.size() + offsets);
  const auto at = [&](int threads, Index offset) {
    tinynet::set_num_threads(threads);
    std::copy(numbers.begin(), numbers.end(), room.begin() + offset);
    return compute(static_cast<const Scalar*>(room.data() + offset));
  };
  const std::vector<Scalar> expected = at(1, 0);
  const auto check = [&](int threads, Index offset) {
    CAPTURE(threads);
    CAPTURE(offset);
    const std::vector<Scalar> found = at(threads, offset);
    REQUIRE(found.size() == expected.size());
    CHECK(std::memcmp(found.data(), expected.data(), expected.size() * sizeof(Scalar)) == 0);
  };
  constexpr std::array threads{2, 3, 4, 7, 1};
  for (Index offset = 0; offset < offsets; ++offset) check(threads[static_cast<std::size_t>(offset) % 5], offset);
  const auto l1 = Eigen::l1CacheSize(), l2 = Eigen::l2CacheSize(), l3 = Eigen::l3CacheSize();
  Eigen::setCpuCacheSizes(8 * 1024, 64 * 1024, 512 * 1024);
  check(1, 0);
  Eigen::setCpuCacheSizes(256 * 1024, 8 * 1024 * 1024, 256 * 1024 * 1024);
  check(4, 1);
  Eigen::setCpuCacheSizes(static_cast<std::ptrdiff_t>(l1), static_cast<std::ptrdiff_t>(l2),
                          static_cast<std::ptrdiff_t>(l3));
}

/// The row counts that the checks run with: less than a part, a few rows more or less than some, many.
inline constexpr std::array<Index, 6> row_counts{1, 7, 239, 241, 1000, 3001};

}  // namespace test
