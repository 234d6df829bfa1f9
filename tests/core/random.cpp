// The expected numbers are what PyTorch 2 draws after torch.manual_seed(seed).
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tinynet/core/random.hpp>
#include <vector>

using namespace tinynet;

namespace {

std::vector<float> uniform(std::uint64_t seed, float low, float high, std::size_t count) {
  Generator generator(Seed{seed});
  std::vector<float> numbers(count);
  for (float& number : numbers) number = generator.uniform(low, high);
  return numbers;
}

/// normal_(0.5, 2) of a tensor of this size, seed 3, and the uniform number that is drawn next.
std::pair<std::vector<float>, float> normal(std::size_t count) {
  Generator generator(Seed{3});
  std::vector<float> numbers(count);
  generator.normal(numbers, 0.5f, 2.0f);
  return {numbers, generator.uniform(0.0f, 1.0f)};
}

void check_near(std::vector<float> found, const std::vector<float>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    CAPTURE(i);
    CHECK(std::abs(found[i] - expected[i]) <= 1e-6f * std::max(1.0f, std::abs(expected[i])));
  }
}

}  // namespace

TEST_CASE("uniform numbers are PyTorch's, bit for bit") {
  CHECK(uniform(0, 0, 1, 4) == std::vector{0x1.fc2abp-2f, 0x1.89545ep-1f, 0x1.6a675p-4f, 0x1.0e66p-3f});
  CHECK(uniform(42, -0.5f, 0.25f, 6) ==
        std::vector{0x1.4b2a64p-3f, 0x1.7d7232p-3f, -0x1.b3ebd8p-3f, 0x1.c17e54p-3f, -0x1.a84584p-3f, -0x1.941958p-5f});
  const std::vector<float> thousand = uniform(7, -1, 1, 1000);
  CHECK(std::accumulate(thousand.begin(), thousand.end(), 0.0) == 0x1.62bc8f8p+2);
  CHECK(thousand[998] == -0x1.7ac1cp-3f);
  CHECK(thousand[999] == 0x1.ebac84p-1f);
}

TEST_CASE("the lower 32 bits of a seed count, as in PyTorch") {
  const std::vector expected{0x1.535c78p+2f, -0x1.bd27f4p+0f, 0x1.84c7d6p+2f, 0x1.4cc0d8p+2f};
  CHECK(uniform(5, -3, 7, 4) == expected);
  CHECK(uniform((std::uint64_t{1} << 32) + 5, -3, 7, 4) == expected);
  CHECK(uniform(6, -3, 7, 4) != expected);
}

TEST_CASE("normal numbers are PyTorch's to the last digits, and as many are drawn") {
  const auto [one, after_one] = normal(1);
  check_near(one, {2.10655212f});
  CHECK(after_one == 0x1.e2eeep-2f);

  const auto [seven, after_seven] = normal(7);
  check_near(seven, {2.10655212f, 0.849666774f, 0.677956164f, -0.727436006f, 0.592364907f, -2.23651838f, 1.17499018f});
  CHECK(after_seven == 0x1.67a3b8p-3f);

  const auto [sixteen, after_sixteen] = normal(16);
  check_near({sixteen.begin(), sixteen.begin() + 4}, {0.346711397f, 1.21976304f, -1.06403363f, 0.643055439f});
  check_near({sixteen.end() - 4, sixteen.end()}, {2.32630396f, 0.908682227f, 1.64796937f, 1.33266258f});
  CHECK(after_sixteen == 0x1.67a3b8p-3f);

  // From 16 on, the last 16 are drawn afresh where the size is no multiple.
  const auto [twenty, after_twenty] = normal(20);
  check_near(twenty, {0.346711397f, 1.21976304f,  -1.06403363f, 0.643055439f, 2.59204555f,  1.54437399f, 0.166381687f,
                      0.606066823f, 1.30921435f,  1.72259927f,  2.0207808f,   0.432713479f, 2.49584484f, 1.41836095f,
                      5.37279415f,  0.206383646f, 1.47022796f,  0.910468757f, 1.1768564f,   3.20550799f});
  CHECK(after_twenty == 0x1.797914p-2f);

  const auto [thousand, after_thousand] = normal(1000);
  check_near({thousand.begin(), thousand.begin() + 4}, {0.346711397f, 1.21976304f, -1.06403363f, 0.643055439f});
  check_near({thousand.end() - 4, thousand.end()}, {-0.085393846f, -2.63230157f, -1.74839354f, 2.7574172f});
  CHECK(after_thousand == 0x1.3a37fp-2f);
  double sum = 0, squares = 0;
  for (const double number : thousand) sum += number, squares += number * number;
  CHECK(std::abs(sum - 482.9822339117527) < 1e-4);
  CHECK(std::abs(squares - 4225.739825648399) < 1e-3);
}

TEST_CASE("the second number of a pair is kept for the next small tensor, but not for uniform numbers") {
  Generator generator(Seed{3});
  std::vector<float> seven(7), one(1);
  generator.normal(seven, 0.5f, 2.0f);
  generator.normal(one, 0.5f, 2.0f);
  check_near(one, {2.52223182f});
  CHECK(generator.uniform(0, 1) == 0x1.67a3b8p-3f);
  CHECK(generator.uniform(0, 1) == 0x1.e5fb4cp-1f);
}

TEST_CASE("below(n) gives all numbers below n about equally often, and no other") {
  Generator generator(Seed{1});
  std::vector<int> count(7);
  for (int i = 0; i < 70'000; ++i) {
    const std::uint64_t number = generator.below(7);
    REQUIRE(number < 7);
    ++count[number];
  }
  for (const int n : count) CHECK(std::abs(n - 10'000) < 500);  // five standard deviations
  CHECK(generator.below(1) == 0);
  CHECK(generator.below(UINT64_MAX) < UINT64_MAX);
}

TEST_CASE("a permutation has every number once, and another seed another order") {
  Generator first(Seed{1}), same(Seed{1}), other(Seed{2});
  const std::vector<Index> order = random_permutation(1000, first);
  CHECK(order == random_permutation(1000, same));
  CHECK(order != random_permutation(1000, other));
  CHECK(first == same);
  CHECK_FALSE(first == other);
  CHECK_FALSE(std::is_sorted(order.begin(), order.end()));
  std::vector<Index> sorted = order, expected(1000);
  std::sort(sorted.begin(), sorted.end());
  std::iota(expected.begin(), expected.end(), 0);
  CHECK(sorted == expected);
  CHECK(random_permutation(0, first).empty());
  CHECK(random_permutation(1, first) == std::vector<Index>{0});
}
