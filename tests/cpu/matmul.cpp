#include <tinynet/cpu/matmul.hpp>

#include "same_bits.hpp"

using namespace tinynet;
using detail::Factor;
using detail::multiply;

namespace {

/// The largest error of out = a b (or out += a b) against a sum of doubles, in units of depth * 2^-24.
template <bool TransposedA, bool TransposedB>
double error(Index rows, Index cols, Index depth, bool accumulate) {
  const auto x = test::numbers<float>(rows * depth, 1), y = test::numbers<float>(depth * cols, 2);
  const Factor<float, TransposedA> a{x.data(), rows, depth};
  const Factor<float, TransposedB> b{y.data(), depth, cols};
  std::vector<float> out(static_cast<std::size_t>(rows * cols + 1), 2.0f);
  multiply(out.data(), a, b, accumulate);
  double worst = out.back() == 2.0f ? 0 : 1e9;  // nothing is written behind the end
  for (Index r = 0; r < rows; ++r)
    for (Index c = 0; c < cols; ++c) {
      double expected = accumulate ? 2 : 0;
      for (Index k = 0; k < depth; ++k) expected += double{a(r, k)} * double{b(k, c)};
      worst = std::max(worst, std::abs(double{out[static_cast<std::size_t>(r * cols + c)]} - expected));
    }
  return worst * 0x1p24 / static_cast<double>(depth + 4);
}

}  // namespace

TEST_CASE("products of all sizes: plain, with the second or the first transposed, written and added") {
  for (const int threads : {1, 4}) {
    set_num_threads(threads);
    for (const auto& size : std::vector<std::array<Index, 3>>{{1, 1, 1},
                                                              {3, 5, 2},
                                                              {1, 10, 3000},
                                                              {300, 1, 1},
                                                              {4, 4, 256},
                                                              {7, 9, 600},
                                                              {20, 30, 10},
                                                              {129, 5, 40},
                                                              {257, 31, 3},
                                                              {500, 17, 33},
                                                              {30, 40, 700}})
      for (const bool accumulate : {false, true}) {
        const Index rows = size[0], cols = size[1], depth = size[2];
        CAPTURE(rows);
        CAPTURE(cols);
        CAPTURE(depth);
        CHECK(error<false, false>(rows, cols, depth, accumulate) <= 1);
        CHECK(error<false, true>(rows, cols, depth, accumulate) <= 1);
        CHECK(error<true, false>(rows, cols, depth, accumulate) <= 1);
      }
  }
}

TEST_CASE("a product without rows, columns or depth") {
  const float nothing = 0;
  std::vector<float> out(6, 5.0f);
  const Factor<float> none{&nothing, 2, 0}, none_either{&nothing, 0, 3}, empty{&nothing, 0, 2};
  multiply(out.data(), none, none_either);
  CHECK(out == std::vector<float>(6, 0.0f));
  multiply(out.data(), empty, Factor<float>{&nothing, 2, 0});
  CHECK(out == std::vector<float>(6, 0.0f));
}

TEST_CASE("a factor knows the shape it was stored in") {
  const std::vector<float> x{1, 2, 3, 4, 5, 6};
  const auto plain = Factor<float>::of(x.data(), {2, 3});
  const auto turned = Factor<float, true>::of(x.data(), {2, 3});
  CHECK(plain.rows == 2);
  CHECK(turned.rows == 3);
  CHECK(plain(1, 0) == 4);
  CHECK(turned(0, 1) == 4);
  CHECK(plain.stride() == 3);
  CHECK(turned.stride() == 3);
}

TEST_CASE("products have the same bits for any number of threads, place in memory and size of the caches") {
  for (const Index rows : test::row_counts) {
    CAPTURE(rows);
    constexpr Index in = 300, out = 23;
    // One input: rows x in, then in x out, then rows x out.
    test::check_same_bits<float>(test::numbers<float>(rows * in + in * out + rows * out, 4), [&](const float* numbers) {
      const float *const x = numbers, *const w = x + rows * in, *const dy = w + in * out;
      std::vector<float> result(static_cast<std::size_t>(rows * out + rows * in + in * out));
      float *const y = result.data(), *const dx = y + rows * out, *const dw = dx + rows * in;
      multiply(y, Factor<float>{x, rows, in}, Factor<float>{w, in, out});
      multiply(dx, Factor<float>{dy, rows, out}, Factor<float, true>{w, out, in});
      multiply(dw, Factor<float, true>{x, in, rows}, Factor<float>{dy, rows, out});
      return result;
    });
  }
}
