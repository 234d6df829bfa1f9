#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <tinynet/core/math.hpp>
#include <utility>
#include <vector>

using namespace tinynet;

namespace {

template <class Scalar>
using Limits = std::numeric_limits<Scalar>;

template <class Scalar>
const std::vector<Scalar>& special_numbers() {
  constexpr Scalar nan = Limits<Scalar>::quiet_NaN(), infinity = Limits<Scalar>::infinity();
  static const std::vector<Scalar> numbers{nan,
                                           -nan,
                                           infinity,
                                           -infinity,
                                           Scalar(0),
                                           Scalar(-0.0),
                                           88,
                                           -88,
                                           89,
                                           -89,
                                           104,
                                           -104,
                                           709,
                                           -709,
                                           710,
                                           -710,
                                           -745,
                                           -746,
                                           1,
                                           -1,
                                           2,
                                           -2,
                                           3,
                                           9,
                                           -9,
                                           20,
                                           -20,
                                           1e4,
                                           -1e4,
                                           1e10,
                                           Scalar(3e38),
                                           Scalar(0.5),
                                           Scalar(-0.5),
                                           Scalar(0.1),
                                           Scalar(-3),
                                           Scalar(1e-4),
                                           87,
                                           Scalar(1e-30)};
  return numbers;
}

/// Is `found` what it should be? NaN for NaN, infinity for infinity, and near enough elsewhere; below the smallest
/// normal number 0 will do.
template <class Scalar>
bool matches(Scalar found, Scalar expected, double tolerance) {
  if (std::isnan(expected)) return std::isnan(found);
  if (std::isinf(expected)) return found == expected;
  if (std::abs(expected) < Limits<Scalar>::min() && found == 0) return true;
  return std::abs(found - expected) <= static_cast<Scalar>(tolerance) * std::abs(expected);
}

/// Compares a function of packs with the one of numbers, with each special number in each place of the pack.
template <class Scalar, class F, class G>
void check_pack(const std::string& name, const F& function, const G& expected, double tolerance) {
  using P = Pack<Scalar>;
  constexpr auto ordinary = Scalar(0.25);
  for (const Scalar x : special_numbers<Scalar>())
    for (Index place = 0; place < P::size; ++place) {
      std::vector<Scalar> numbers(static_cast<std::size_t>(P::size), ordinary);
      numbers[static_cast<std::size_t>(place)] = x;
      function(P::load(numbers.data())).store(numbers.data());
      bool right = true;
      for (Index i = 0; i < P::size; ++i)
        right &= matches(numbers[static_cast<std::size_t>(i)], Scalar(expected(i == place ? x : ordinary)), tolerance);
      CHECK_MESSAGE(right, name << "(" << x << ") in place " << place);
    }
}

}  // namespace

TEST_CASE_TEMPLATE("functions of packs are those of numbers, NaN and infinity included", Scalar, float, double) {
  using P = Pack<Scalar>;
  // The compiler may compute a constant with other last bits than the library.
  const double close = std::is_same_v<Scalar, float> ? 4e-7 : 1e-15;
  check_pack<Scalar>(
      "exp", [](P x) { return math::exp(x); }, [](Scalar x) { return std::exp(x); }, close);
  check_pack<Scalar>(
      "log", [](P x) { return math::log(x); }, [](Scalar x) { return std::log(x); }, close);
  check_pack<Scalar>(
      "tanh", [](P x) { return math::tanh(x); }, [](Scalar x) { return std::tanh(x); }, close);
  check_pack<Scalar>(
      "sqrt", [](P x) { return math::sqrt(x); }, [](Scalar x) { return std::sqrt(x); }, 0);
  check_pack<Scalar>(
      "abs", [](P x) { return math::abs(x); }, [](Scalar x) { return std::abs(x); }, 0);
  check_pack<Scalar>(
      "sin", [](P x) { return math::sin(x); }, [](Scalar x) { return std::sin(x); }, close);
  check_pack<Scalar>(
      "cos", [](P x) { return math::cos(x); }, [](Scalar x) { return std::cos(x); }, close);
  check_pack<Scalar>(
      "erf", [](P x) { return math::erf(x); }, [](Scalar x) { return std::erf(x); }, close);
  check_pack<Scalar>(
      "log1p", [](P x) { return math::log1p(x); }, [](Scalar x) { return std::log1p(x); }, close);
  check_pack<Scalar>(
      "expm1", [](P x) { return math::expm1(x); }, [](Scalar x) { return std::expm1(x); }, close);
  check_pack<Scalar>(
      "x < 0 ? 0 : x", [](P x) { return math::select(math::less(x, P(0)), P(0), x); },
      [](Scalar x) { return x < 0 ? Scalar(0) : x; }, 0);
  check_pack<Scalar>(
      "arithmetic", [](P x) { return -(x * P(3) + P(1) - x / P(4)); }, [](Scalar x) { return -(x * 3 + 1 - x / 4); },
      close);
  check_pack<Scalar>(
      "multiply_add", [](P x) { return math::multiply_add(x, P(0.5), P(2)); },
      [](Scalar x) { return std::fma(x, Scalar(0.5), Scalar(2)); }, close);
}

TEST_CASE_TEMPLATE("the exponential is accurate over its whole range, and 0 below it", Scalar, float, double) {
  using P = Pack<Scalar>;
  const double tolerance = std::is_same_v<Scalar, float> ? 4e-7 : 1e-15;
  const double last = std::is_same_v<Scalar, float> ? 88 : 709;
  double worst = 0;
  for (int i = 0; i <= 20'000; ++i) {
    const auto x = static_cast<Scalar>(last * (i / 10'000.0 - 1));
    const Scalar found = math::exp(P(x)).max();
    const double expected = std::exp(static_cast<double>(x));
    if (expected >= double{Limits<Scalar>::min()})
      worst = std::max(worst, std::abs(static_cast<double>(found) / expected - 1));
    else
      worst = std::max(worst, static_cast<double>(found) / double{Limits<Scalar>::min()} - 1);
  }
  CHECK(worst <= tolerance);
}

TEST_CASE_TEMPLATE("packs load and store whole and in part", Scalar, float, double) {
  using P = Pack<Scalar>;
  std::vector<Scalar> numbers(static_cast<std::size_t>(2 * P::size), Scalar(-1));
  for (Index i = 0; i < P::size; ++i) numbers[static_cast<std::size_t>(i)] = static_cast<Scalar>(i + 1);
  const P all = P::load(numbers.data());
  CHECK(all.sum() == static_cast<Scalar>(P::size * (P::size + 1) / 2));
  CHECK(all.max() == static_cast<Scalar>(P::size));
  for (Index n = 0; n < P::size; ++n) {
    CHECK(P::load(numbers.data(), n).sum() == static_cast<Scalar>(n * (n + 1) / 2));
    CHECK(P::load(numbers.data(), n, Scalar(100)).max() == 100);
    std::vector<Scalar> to(static_cast<std::size_t>(P::size), Scalar(-1));
    all.store(to.data(), n);
    for (Index i = 0; i < P::size; ++i)
      CHECK(to[static_cast<std::size_t>(i)] == (i < n ? static_cast<Scalar>(i + 1) : Scalar(-1)));
  }
}

TEST_CASE("numbers have the same functions") {
  CHECK(math::less(1.0, 2.0));
  CHECK_FALSE(math::less(2.0, 2.0));
  CHECK_FALSE(math::less(std::nan(""), 2.0));
  CHECK(math::select(true, 1, 2) == 1);
  CHECK(math::select(false, 1, 2) == 2);
  CHECK(math::multiply_add(2.0, 3.0, 4.0) == 10.0);
  CHECK(math::abs(-3.0f) == 3.0f);
  CHECK(std::isnan(math::abs(std::nan(""))));
}

TEST_CASE("complex numbers continue the real functions: the imaginary part carries the derivative") {
  using Complex = std::complex<double>;
  constexpr double h = 1e-20;
  const auto derivative = [](auto f, double x) { return f(Complex(x, h)).imag() / h; };
  const auto near = [](double found, double expected) { return std::abs(found - expected) <= 1e-15; };
  for (const double x : {-0.7, 0.3, 1.9}) {
    CAPTURE(x);
    CHECK(near(derivative([](Complex z) { return math::exp(z); }, x) / std::exp(x), 1));
    CHECK(near(derivative([](Complex z) { return math::sin(z); }, x), std::cos(x)));
    CHECK(near(derivative([](Complex z) { return math::tanh(z); }, x), 1 - std::tanh(x) * std::tanh(x)));
    CHECK(near(derivative([](Complex z) { return math::abs(z); }, x), x < 0 ? -1 : 1));
    CHECK(near(derivative([](Complex z) { return math::erf(z); }, x), 1.1283791670955126 * std::exp(-x * x)));
    CHECK(near(derivative([](Complex z) { return math::expm1(z); }, x) / std::exp(x), 1));
    CHECK(near(derivative([](Complex z) { return math::log1p(z); }, x), 1 / (1 + x)));
  }
  CHECK(math::less(Complex(1, 5), Complex(2, -5)));
  CHECK(math::erf(Complex(0.5, 0)).real() == std::erf(0.5));
  CHECK(math::real_part(Complex(3, 4)) == 3);
}

TEST_CASE("a number in all places, bytes as numbers, a square transposed, whether all is 0") {
  const auto check = []<class Scalar>(Scalar) {
    using P = Pack<Scalar>;
    std::array<Scalar, P::size> numbers{}, found{};
    std::array<std::uint8_t, 16> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(255 - 9 * i);
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<Scalar>(i) + Scalar(0.5);
    const P x = P::load(numbers.data());
    [&]<Index... I>(std::integer_sequence<Index, I...>) {
      const auto all_are = [&](P y, Scalar expected) {
        y.store(found.data());
        for (const Scalar number : found) CHECK(number == expected);
      };
      (all_are(x.template spread<I>(), numbers[I]), ...);
    }
    (std::make_integer_sequence<Index, P::size>{});
    P::load_bytes(bytes.data()).store(found.data());
    for (std::size_t i = 0; i < numbers.size(); ++i) CHECK(found[i] == static_cast<Scalar>(bytes[i]));
    P square[P::size];
    for (Index i = 0; i < P::size; ++i) square[i] = x + P(100 * i);
    P::transpose(square);
    for (Index i = 0; i < P::size; ++i) {
      square[i].store(found.data());
      for (std::size_t j = 0; j < found.size(); ++j)
        CHECK(found[j] == numbers[static_cast<std::size_t>(i)] + static_cast<Scalar>(100 * j));
    }
    CHECK(x.any());
    CHECK_FALSE(P(0).any());
    CHECK_FALSE(P(-0.0).any());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      std::array<Scalar, P::size> one{};
      one[i] = std::numeric_limits<Scalar>::denorm_min();
      CHECK(P::load(one.data()).any());
      one[i] = std::numeric_limits<Scalar>::quiet_NaN();
      CHECK(P::load(one.data()).any());
    }
  };
  check(float{});
  check(double{});
}
