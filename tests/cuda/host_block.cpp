#include <doctest/doctest.h>

#include <tinynet/core/random.hpp>
#include <tinynet/cuda/host_block.hpp>
#include <vector>

namespace gpu = tinynet::detail::gpu;

namespace {

template <class T>
using PerLane = gpu::HostWarp::PerLane<T>;

// The product of random fragments, A of numbers that come from From, added to C = 1: the largest error.
template <class Arithmetic, class From>
double largest_error() {
  using Scalar = typename Arithmetic::Scalar;
  tinynet::Generator generator{tinynet::Seed{1}};
  Scalar a[16][16], b[16][8];
  for (auto& row : a)
    for (auto& number : row)
      number = std::is_same_v<From, std::uint8_t> ? static_cast<Scalar>(generator.below(256))
                                                  : static_cast<Scalar>(generator.uniform(-1, 1));
  for (auto& row : b)
    for (auto& number : row) number = static_cast<Scalar>(generator.uniform(-1, 1));
  PerLane<typename Arithmetic::template Operand<From, 2>> left;
  PerLane<typename Arithmetic::template Operand<Scalar, 1>> right;
  PerLane<gpu::Sums<Scalar>> sum;
  const gpu::HostWarp warp(0);
  warp.each_lane([&](int lane) {
    const int row = lane / 4, k = lane % 4 * 4;
    for (int j = 0; j < 2; ++j)
      left[lane].set(j, {{a[row + 8 * j][k], a[row + 8 * j][k + 1], a[row + 8 * j][k + 2], a[row + 8 * j][k + 3]}});
    right[lane].set(0, {{b[k][row], b[k + 1][row], b[k + 2][row], b[k + 3][row]}});
    for (Scalar& number : sum[lane].number) number = 1;
  });
  gpu::each_pair_of_terms<std::remove_cvref_t<decltype(left[0])>::Terms,
                          std::remove_cvref_t<decltype(right[0])>::Terms>(
      [&](int s, int t) { warp.multiply_add(sum, left, right, s, t); });
  double largest = 0;
  warp.each_lane([&](int lane) {
    for (int i = 0; i < 4; ++i) {
      const gpu::Place place = gpu::place_in_c(lane, i);
      double exact = 1;
      for (int k = 0; k < 16; ++k)
        exact += static_cast<double>(a[place.row][k]) * static_cast<double>(b[k][place.column]);
      largest = std::max(largest, std::abs(static_cast<double>(sum[lane].number[i]) - exact));
    }
  });
  return largest;
}

}  // namespace

TEST_CASE("products of fragments are those of a plain loop, in every arithmetic") {
  CHECK(largest_error<gpu::PlainArithmetic<double>, double>() < 1e-14);
  CHECK(largest_error<gpu::PlainArithmetic<float>, float>() < 2e-6);
  CHECK(largest_error<gpu::SplitArithmetic, float>() < 2e-6);
  CHECK(largest_error<gpu::SplitArithmetic, std::uint8_t>() < 256 * 2e-6);
}

TEST_CASE("blocks of bytes are shared as ldmatrix does it") {
  alignas(16) std::uint8_t bytes[4][8][16];
  for (int i = 0; i < 4 * 8 * 16; ++i) bytes[i / 128][i / 16 % 8][i % 16] = static_cast<std::uint8_t>(i % 251);
  const auto row = [&](int block, int r) { return bytes[block][r]; };
  const gpu::HostWarp warp(0);
  PerLane<gpu::ByteBlocks<4>> plain, transposed;
  warp.read_blocks<false>(plain, row);
  warp.read_blocks<true>(transposed, row);
  const auto word_of = [](int a, int b, int c, int d) {
    return static_cast<std::uint32_t>(a | b << 8 | c << 16 | d << 24);
  };
  for (int lane = 0; lane < 32; ++lane)
    for (int block = 0; block < 4; ++block) {
      const auto at = [&](int r, int column) { return bytes[block][r][column]; };
      const int quarter = lane / 4, t = lane % 4;
      CHECK(plain[lane].word[block] ==
            word_of(at(quarter, 4 * t), at(quarter, 4 * t + 1), at(quarter, 4 * t + 2), at(quarter, 4 * t + 3)));
      CHECK(transposed[lane].word[block] == word_of(at(2 * t, 2 * quarter), at(2 * t, 2 * quarter + 1),
                                                    at(2 * t + 1, 2 * quarter), at(2 * t + 1, 2 * quarter + 1)));
    }
}

TEST_CASE("phases run all threads, from the first to the last or the other way round") {
  std::byte shared{};
  for (const bool backward : {false, true}) {
    const gpu::HostBlock<2> block(7, &shared, backward);
    CHECK(block.number() == 7);
    std::vector<int> threads, warps;
    block.each_thread([&](int thread) { threads.push_back(thread); });
    CHECK(threads.size() == 64);
    CHECK(threads.front() == (backward ? 63 : 0));
    CHECK(threads.back() == (backward ? 0 : 63));
    gpu::HostBlock<2>::PerWarp<int> own;
    block.each_warp([&](const gpu::HostWarp& warp) { own[warp] = 10 + warp.number(); });
    block.each_warp([&](const gpu::HostWarp& warp) { warps.push_back(own[warp]); });
    CHECK(warps == (backward ? std::vector{11, 10} : std::vector{10, 11}));
  }
}

TEST_CASE("groups of warps must meet before others go on") {
  std::byte shared{};
  const gpu::HostBlock<4> block(0, &shared);
  const auto nothing = [](const auto&) {};
  block.each_warp_in_groups<2>(nothing);
  block.each_warp_in_groups<2>(nothing);
  CHECK_THROWS_AS(block.each_warp(nothing), std::logic_error);
  CHECK_THROWS_AS(block.each_thread(nothing), std::logic_error);
  CHECK_THROWS_AS(block.each_warp_in_groups<1>(nothing), std::logic_error);
  block.meet();
  block.each_warp(nothing);
  block.each_warp_in_groups<4>(nothing);  // which is all of them
  block.each_thread(nothing);
}
