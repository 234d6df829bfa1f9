// A block of threads played by one thread of the host, so that kernels can be tested without a GPU. A kernel is written
// in phases, each_thread or each_warp, that end with a barrier; within a phase no thread may need what another does,
// so they may just as well run one after another. A warp's registers are arrays of 32.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <tinynet/cuda/fragment.hpp>

namespace tinynet::detail::gpu {

/// The lanes of one warp, and the matrix products they make together.
class HostWarp {
 public:
  /// A T of each lane.
  template <class T>
  class PerLane {
   public:
    T& operator[](int lane) { return own_[lane]; }
    const T& operator[](int lane) const { return own_[lane]; }

   private:
    T own_[warp_size];
  };

  explicit HostWarp(int number) : number_(number) {}
  int number() const { return number_; }

  template <class F>
  void each_lane(const F& f) const {
    for (int lane = 0; lane < warp_size; ++lane) f(lane);
  }

  /// sum += a b of the terms s of a and t of b: see each_pair_of_terms.
  template <class Scalar>
  void multiply_add(PerLane<Sums<Scalar>>& sum, const PerLane<Plain<Scalar, 2>>& a, const PerLane<Plain<Scalar, 1>>& b,
                    int, int) const {
    each_lane([&](int lane) {
      add_products_of_lanes(
          lane, sum[lane], [&a](int other, int i) { return a[other].number[i]; },
          [&b](int other, int i) { return b[other].number[i]; });
    });
  }
  template <int TermsA, int TermsB>
  void multiply_add(PerLane<Sums<float>>& sum, const PerLane<Split<2, TermsA>>& a, const PerLane<Split<1, TermsB>>& b,
                    int s, int t) const {
    multiply_fragments(
        sum, [&a, s](int lane, int i) { return a[lane].number(s, i); },
        [&b, t](int lane, int i) { return b[lane].number(t, i); });
  }
  void multiply_add(PerLane<Sums<float>>& sum, const PerLane<HalfBytes<2>>& a, const PerLane<HalfTerms<1>>& b, int,
                    int t) const {
    multiply_fragments(
        sum, [&a](int lane, int i) { return a[lane].number(i); },
        [&b, t](int lane, int i) { return b[lane].number(t, i); });
  }

  /// Reads blocks of bytes in shared memory; row(block, r), at a multiple of 16 bytes, is row r of one.
  template <bool Transposed, int Count, class Row>
  void read_blocks(PerLane<ByteBlocks<Count>>& blocks, const Row& row) const {
    each_lane([&](int lane) {
      for (int i = 0; i < Count; ++i) {
        std::uint16_t pair[2];
        for (int j = 0; j < 2; ++j)
          std::memcpy(&pair[j],
                      Transposed ? row(i, lane % 4 * 2 + j) + lane / 4 * 2 : row(i, lane / 4) + lane % 4 * 4 + j * 2,
                      sizeof pair[j]);
        blocks[lane].word[i] = pair[0] | std::uint32_t{pair[1]} << 16;
      }
    });
  }

  /// The largest of the lanes' numbers, all >= 0, or one that is not a number if there is one.
  float largest(const PerLane<float>& number) const {
    std::uint32_t largest = 0;
    each_lane([&](int lane) { largest = std::max(largest, std::bit_cast<std::uint32_t>(number[lane])); });
    return std::bit_cast<float>(largest);
  }

 private:
  // sum += a b, as tensor cores do it: a(lane, i) and b(lane, i) are the lanes' numbers i.
  template <class A, class B>
  void multiply_fragments(PerLane<Sums<float>>& sum, const A& a, const B& b) const {
    float rows[fragment_rows][fragment_depth], columns[fragment_columns][fragment_depth];
    each_lane([&](int lane) {
      for (int i = 0; i < 8; ++i) {
        const Place place = place_in_a(lane, i);
        rows[place.row][place.column] = a(lane, i);
      }
      for (int i = 0; i < 4; ++i) {
        const Place place = place_in_b(lane, i);
        columns[place.column][place.row] = b(lane, i);
      }
    });
    each_lane([&](int lane) {
      for (int i = 0; i < 4; ++i) {
        const Place place = place_in_c(lane, i);
        float& number = sum[lane].number[i];
        double exact = static_cast<double>(number);
        for (int k = 0; k < fragment_depth; ++k)
          exact += static_cast<double>(rows[place.row][k]) * static_cast<double>(columns[place.column][k]);
        number = toward_zero(exact);
      }
    });
  }

  // Tensor cores cut sums off where others round; a little more of an error each time, and always to the same side
  // (Fasi et al., Numerical behavior of NVIDIA tensor cores, 2021).
  static float toward_zero(double x) {
    const auto rounded = static_cast<float>(x);
    return std::abs(static_cast<double>(rounded)) > std::abs(x) ? std::nextafter(rounded, 0.0f) : rounded;
  }

  int number_;
};

/// A block of `Warps` warps, the one with this number among those of a launch.
template <int Warps>
class HostBlock {
 public:
  static constexpr int warps = Warps, threads = Warps * warp_size;
  using Warp = HostWarp;
  template <class T>
  using PerLane = HostWarp::PerLane<T>;

  /// A T of each warp, for what it keeps in registers from one phase to another.
  template <class T>
  class PerWarp {
   public:
    T& operator[](const Warp& warp) { return own_[warp.number()]; }

   private:
    T own_[Warps];
  };

  /// `shared`: the block's shared memory, at a multiple of 32 bytes as on the GPU. `backward`: the last thread of a
  /// phase first, which must make no difference.
  HostBlock(int number, std::byte* shared, bool backward = false)
      : number_(number), shared_(shared), backward_(backward) {}

  int number() const { return number_; }
  std::byte* shared() const { return shared_; }

  template <class F>
  void each_thread(const F& f) const {
    require_meeting(Warps);
    for (int i = 0; i < threads; ++i) f(backward_ ? threads - 1 - i : i);
  }
  template <class F>
  void each_warp(const F& f) const {
    require_meeting(Warps);
    run_warps(f);
  }

  /// As each_warp, but a warp waits only for those of its group of so many. Groups of another size, or all, must not go
  /// on before all have met: here they would find everything in order, on a GPU not. So this throws std::logic_error
  /// then.
  template <int Group, class F>
  void each_warp_in_groups(const F& f) const {
    require_meeting(Group);
    run_warps(f);
    group_ = Group;
  }
  /// Until all are here.
  void meet() const { group_ = Warps; }
  /// As each_warp, but what these warps do others may see only after the next phase.
  template <class F>
  void each_warp_without_barrier(const F& f) const {
    each_warp(f);
  }
  /// Has to be called by each thread once before the first copy, after what it writes to where copies go. The first 8
  /// bytes of shared memory belong to the copies from now on.
  void prepare_copies(int) const {}
  /// Begins to copy rows, no more than threads, of a multiple of 16 bytes, at multiples of 16, from the GPU's memory to
  /// shared memory: the part of one warp. Those of the n-th call, from 0 on, are there once a thread has called
  /// wait_for_copies(n), which each must, and for others in the phase after that.
  template <int Bytes, class To, class From>
  void copy_rows(const Warp& warp, int rows, const To& to, const From& from) const {
    for (int row = warp.number(); row < rows; row += Warps) std::memcpy(to(row), from(row), Bytes);
  }
  void wait_for_copies(int) const {}

  /// Whether all `blocks` of the launch (of this one's row, see Together) but this one have come here before, which may
  /// be sure of what they have written. `arrived`, of which each row has one, is 0 before a launch and after it.
  bool is_last(unsigned* arrived, int blocks) const {
    if (++*arrived < static_cast<unsigned>(blocks)) return false;
    *arrived = 0;
    return true;
  }

 private:
  template <class F>
  void run_warps(const F& f) const {
    for (int i = 0; i < Warps; ++i) f(HostWarp(backward_ ? Warps - 1 - i : i));
  }
  void require_meeting(int group) const {
    if (group_ != Warps && group_ != group)
      throw std::logic_error("a block's groups of warps go on without having met");
  }

  int number_;
  std::byte* shared_;
  bool backward_;
  mutable int group_ = Warps;  // how many warps have waited for each other
};

}  // namespace tinynet::detail::gpu
