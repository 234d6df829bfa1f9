// The optimizers' verb against a loop over plain numbers, and what it does at the ends of what numbers can be.
#include <cmath>
#include <complex>
#include <limits>
#include <tinynet/cpu/update.hpp>

#include "same_bits.hpp"

using namespace tinynet;
using detail::update_parameters;

namespace {

// Products with powers of two only, so that it is all the same where a machine rounds.
struct TwoMeans {
  template <class T>
  T operator()(T p, T g, T& fast, T& slow) const {
    fast = T(0.5) * fast + g;
    slow = slow + T(0.125) * (fast - slow);
    return T(0.25) * slow + T(0.0625) * p;
  }
};
struct Plain {
  template <class T>
  T operator()(T, T g) const {
    return g;
  }
};
struct HalfState {
  template <class T>
  T operator()(T, T g, T& state) const {
    state = T(0.5) * state;
    return g;
  }
};
struct Ratio {  // in the places behind the last parameter 0 / 0
  template <class T>
  T operator()(T, T g, T& state) const {
    return g / state;
  }
};
struct RootMeanSquare {
  template <class T>
  T operator()(T, T g, T& square) const {
    square = math::multiply_add(T(0.9), square, T(0.1) * g * g);
    return T(0.01) * g / (math::sqrt(square) + T(1e-8));
  }
};

}  // namespace

TEST_CASE_TEMPLATE("numbers, states and what is lost are those of a plain loop", Scalar, float, double) {
  for (Index size = 0; size <= 40; ++size) {
    CAPTURE(size);
    auto p = test::numbers<Scalar>(size + 1, 1), lost = test::numbers<Scalar>(size + 1, 3),
         fast = test::numbers<Scalar>(size + 1, 4), slow = test::numbers<Scalar>(size + 1, 5);
    for (Scalar& number : lost) number *= Scalar(1e-9);
    auto expected_p = p, expected_lost = lost, expected_fast = fast, expected_slow = slow;
    for (unsigned step = 0; step < 3; ++step) {
      const auto g = test::numbers<Scalar>(size, 10 + step);
      update_parameters(TwoMeans{}, size, p.data(), g.data(), lost.data(), std::array{fast.data(), slow.data()});
      for (std::size_t i = 0; i < g.size(); ++i) {
        const Scalar change = -TwoMeans{}(expected_p[i], g[i], expected_fast[i], expected_slow[i]) - expected_lost[i];
        const Scalar changed = expected_p[i] + change;
        expected_lost[i] = (changed - expected_p[i]) - change;
        expected_p[i] = changed;
      }
    }
    CHECK(p == expected_p);
    CHECK(lost == expected_lost);
    CHECK(fast == expected_fast);
    CHECK(slow == expected_slow);
  }
}

TEST_CASE("small steps off large numbers are not lost") {
  std::vector<float> p(21, 1.0f), lost(21, 0.0f);
  const std::vector<float> g(21, 1e-8f);
  for (int step = 0; step < 1000; ++step)
    update_parameters(Plain{}, 21, p.data(), g.data(), lost.data(), std::array<float*, 0>{});
  for (const float number : p) CHECK(number == doctest::Approx(1 - 1e-5).epsilon(1e-7));
}

TEST_CASE_TEMPLATE("what was lost from a number that somebody else has written is forgotten", Scalar, float, double,
                   std::complex<double>) {
  for (const Index size : {1, 5, 16, 39}) {
    const auto n = static_cast<std::size_t>(size);
    const std::vector<Scalar> g(n, Scalar(0.25));
    for (std::size_t place = 0; place < n; ++place) {
      std::vector<Scalar> p(n, Scalar(1)), lost(n, Scalar(0.125)), written = p;
      p[place] = Scalar(0);
      update_parameters(Plain{}, size, p.data(), g.data(), lost.data(), std::array<Scalar*, 0>{}, written.data());
      for (std::size_t i = 0; i < n; ++i) CHECK(p[i] == (i == place ? Scalar(-0.25) : Scalar(0.625)));
      CHECK(written == p);
      CHECK(lost == std::vector<Scalar>(n, Scalar(0)));
      // From NaN nothing is to be had, but a number in its place is as good as any.
      p[place] = written[place] = lost[place] = Scalar(std::numeric_limits<double>::quiet_NaN());
      p[place] = Scalar(2);
      update_parameters(Plain{}, size, p.data(), g.data(), lost.data(), std::array<Scalar*, 0>{}, written.data());
      CHECK(p[place] == Scalar(1.75));
    }
  }
}

TEST_CASE_TEMPLATE("states next to 0 become 0, all others stay, NaN too", Scalar, float, double) {
  constexpr Scalar least = std::numeric_limits<Scalar>::min(), infinity = std::numeric_limits<Scalar>::infinity();
  const Scalar nan = std::numeric_limits<Scalar>::quiet_NaN();
  for (const Index size : {1, 5, 16, 39}) {
    const auto check = [size](Scalar state, Scalar expected) {
      std::vector<Scalar> p(static_cast<std::size_t>(size)), g = p, lost = p, states(p.size(), state);
      update_parameters(HalfState{}, size, p.data(), g.data(), lost.data(), std::array{states.data()});
      for (const Scalar found : states) CHECK((found == expected || (std::isnan(found) && std::isnan(expected))));
    };
    check(least, 0);
    check(-least, 0);
    check(2 * least, least);
    check(-2 * least, -least);
    check(infinity, infinity);
    check(nan, nan);
  }
}

TEST_CASE("a NaN among the gradients changes its own parameter alone") {
  for (std::size_t place = 0; place < 21; ++place) {
    std::vector<float> p(21, 1.0f), g(21, 0.25f), lost(21, 0.0f);
    g[place] = std::nanf("");
    update_parameters(Plain{}, 21, p.data(), g.data(), lost.data(), std::array<float*, 0>{});
    for (std::size_t i = 0; i < 21; ++i) CHECK((i == place ? std::isnan(p[i]) : p[i] == 0.75f));
  }
}

TEST_CASE_TEMPLATE("what is not finite is noticed at any place, and nothing else", Scalar, float, double,
                   std::complex<double>) {
  using Real = typename Eigen::NumTraits<Scalar>::Real;
  constexpr Real infinity = std::numeric_limits<Real>::infinity();
  for (const Index size : {1, 21, 300'011}) {
    const auto n = static_cast<std::size_t>(size);
    std::vector<Scalar> p(n, Scalar(1)), g(n, Scalar(0)), lost(n, Scalar(0)), state(n, Scalar(2));
    const auto finite = [&] {
      return update_parameters(Ratio{}, size, p.data(), g.data(), lost.data(), std::array{state.data()});
    };
    CHECK(finite());
    for (const std::size_t place : {std::size_t{0}, n / 2, n - 1})
      for (std::vector<Scalar>* const numbers : {&p, &g, &state})
        for (const Real bad : {infinity, -infinity, std::numeric_limits<Real>::quiet_NaN()}) {
          (*numbers)[place] = Scalar(bad);
          CHECK_FALSE(finite());
          p[place] = Scalar(1);
          g[place] = lost[place] = Scalar(0);
          state[place] = Scalar(2);
        }
    CHECK(finite());
  }
}

TEST_CASE("the same bits for any number of threads and any place in memory") {
  for (const Index size : {1000, 300'011})
    test::check_same_bits<float>(test::numbers<float>(size, 6), [size](const float* g) {
      auto numbers = test::numbers<float>(size, 7);  // the parameters, and behind them the rest
      numbers.resize(static_cast<std::size_t>(3 * size), 0.0f);
      float *const p = numbers.data(), *const lost = p + size, *const square = lost + size;
      for (int step = 0; step < 2; ++step) update_parameters(RootMeanSquare{}, size, p, g, lost, std::array{square});
      return numbers;
    });
}
