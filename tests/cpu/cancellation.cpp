#include <doctest/doctest.h>

#include <limits>
#include <tinynet/cpu/cancellation.hpp>
#include <vector>

using tinynet::Index;
using tinynet::detail::recompute_cancelled;

TEST_CASE("only what is tiny beside the largest is computed again") {
  for (const Index columns : {1, 5, 16, 30}) {
    const Index rows = 7, stride = columns + 2;
    std::vector<float> y(static_cast<std::size_t>(rows * stride), 1.0f);
    const auto at = [&](Index r, Index j) -> float& { return y[static_cast<std::size_t>(r * stride + j)]; };
    at(0, 0) = -600.0f;
    at(3, columns - 1) = columns == 1 ? 2e-4f : -2e-4f;
    at(6, 0) = 3e-3f;  // not tiny enough: 600 / 2^18 is 2.3e-3
    int calls = 0;
    recompute_cancelled(rows, columns, stride, y.data(), [&](Index r, Index j) {
      ++calls;
      CHECK(r == 3);
      CHECK(j == columns - 1);
      return 0.25;
    });
    CHECK(calls == 1);
    CHECK(at(3, columns - 1) == 0.25f);
    CHECK(at(6, 0) == 3e-3f);
    CHECK(at(0, 0) == -600.0f);
  }
}

TEST_CASE("zeros alone, NaN and double are left alone") {
  std::vector<float> zeros(20, 0.0f);
  const auto never = [](Index, Index) -> double { throw 1; };
  CHECK_NOTHROW(recompute_cancelled(2, 10, 10, zeros.data(), never));
  std::vector<float> nan(20, std::numeric_limits<float>::quiet_NaN());
  CHECK_NOTHROW(recompute_cancelled(2, 10, 10, nan.data(), never));
  std::vector<double> mixed{1e9, 1e-9};
  CHECK_NOTHROW(recompute_cancelled(1, 2, 2, mixed.data(), never));
}
