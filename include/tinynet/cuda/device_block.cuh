// A block of threads as the GPU has it: the same members as HostBlock, which says what they mean.
#pragma once

#include <cstddef>
#include <tinynet/cuda/fragment.hpp>

namespace tinynet::detail::gpu {

/// The number of the calling thread in its block, of which the compiler is made to know nothing. Otherwise it would
/// compute the addresses of all phases ahead, there being a loop around them, and have no registers left for the rest.
TINYNET_DEVICE int thread_number() {
  auto number = static_cast<int>(threadIdx.x);
  asm volatile("" : "+r"(number));
  return number;
}

/// An address of shared memory as PTX takes it.
TINYNET_DEVICE unsigned shared_address(const void* memory) {
  return static_cast<unsigned>(__cvta_generic_to_shared(memory));
}

/// The warp of the calling thread.
class DeviceWarp {
 public:
  template <class T>
  class PerLane {
   public:
    TINYNET_DEVICE T& operator[](int) { return own_; }
    TINYNET_DEVICE const T& operator[](int) const { return own_; }

   private:
    T own_;
  };

  TINYNET_DEVICE explicit DeviceWarp(int thread) : number_(thread / warp_size), lane_(thread % warp_size) {}
  TINYNET_DEVICE int number() const { return number_; }

  template <class F>
  TINYNET_DEVICE void each_lane(const F& f) const {
    f(lane_);
  }

  template <class Scalar>
  TINYNET_DEVICE void multiply_add(PerLane<Sums<Scalar>>& sum, const PerLane<Plain<Scalar, 2>>& a,
                                   const PerLane<Plain<Scalar, 1>>& b, int, int) const {
    add_products_of_lanes(
        lane_, sum[0], [&a](int lane, int i) { return __shfl_sync(~0u, a[0].number[i], lane); },
        [&b](int lane, int i) { return __shfl_sync(~0u, b[0].number[i], lane); });
  }

  template <int TermsA, int TermsB>
  TINYNET_DEVICE void multiply_add(PerLane<Sums<float>>& sum, const PerLane<Split<2, TermsA>>& a,
                                   const PerLane<Split<1, TermsB>>& b, int s, int t) const {
    float* const c = sum[0].number;
    const std::uint32_t *const p = a[0].pair[s], *const q = b[0].pair[t];
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(p[0]), "r"(p[1]), "r"(p[2]), "r"(p[3]), "r"(q[0]), "r"(q[1]));
  }

  TINYNET_DEVICE void multiply_add(PerLane<Sums<float>>& sum, const PerLane<HalfBytes<2>>& a,
                                   const PerLane<HalfTerms<1>>& b, int, int t) const {
    float* const c = sum[0].number;
    const std::uint32_t *const p = a[0].pair, *const q = b[0].pair[t];
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
        "{%0, %1, %2, %3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
        : "r"(p[0]), "r"(p[1]), "r"(p[2]), "r"(p[3]), "r"(q[0]), "r"(q[1]));
  }

  template <bool Transposed, int Count, class Row>
  TINYNET_DEVICE void read_blocks(PerLane<ByteBlocks<Count>>& blocks, const Row& row) const {
    static_assert(Count == 2 || Count == 4);
    std::uint32_t* const word = blocks[0].word;
    const unsigned address = shared_address(row(lane_ / 8 % Count, lane_ % 8));
    if constexpr (Count == 2 && Transposed)
      asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
                   : "=r"(word[0]), "=r"(word[1])
                   : "r"(address));
    else if constexpr (Count == 2)
      asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];"
                   : "=r"(word[0]), "=r"(word[1])
                   : "r"(address));
    else if constexpr (Transposed)
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                   : "=r"(word[0]), "=r"(word[1]), "=r"(word[2]), "=r"(word[3])
                   : "r"(address));
    else
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                   : "=r"(word[0]), "=r"(word[1]), "=r"(word[2]), "=r"(word[3])
                   : "r"(address));
  }

  /// The largest of the lanes' numbers, all >= 0, or one that is not a number if there is one.
  TINYNET_DEVICE float largest(const PerLane<float>& number) const {
    unsigned most = __float_as_uint(number[0]);
    TINYNET_UNROLL
    for (int apart = warp_size / 2; apart > 0; apart /= 2) most = max(most, __shfl_xor_sync(~0u, most, apart));
    return __uint_as_float(most);
  }

 private:
  int number_, lane_;
};

/// `CopyEngine`: rows are copied by it where there is one, from sm_90 on.
template <int Warps, bool CopyEngine = false>
class DeviceBlock {
#if __CUDA_ARCH__ >= 900
  static constexpr bool copy_engine = CopyEngine;
#else
  static constexpr bool copy_engine = false;
#endif

 public:
  static constexpr int warps = Warps, threads = Warps * warp_size;
  using Warp = DeviceWarp;
  template <class T>
  using PerLane = DeviceWarp::PerLane<T>;

  template <class T>
  class PerWarp {
   public:
    TINYNET_DEVICE T& operator[](const Warp&) { return own_; }

   private:
    T own_;
  };

  TINYNET_DEVICE explicit DeviceBlock(std::byte* shared) : shared_(shared) {}

  TINYNET_DEVICE int number() const { return static_cast<int>(blockIdx.x); }
  TINYNET_DEVICE std::byte* shared() const { return shared_; }

  template <class F>
  TINYNET_DEVICE void each_thread(const F& f) const {
    f(thread_number());
    __syncthreads();
  }
  template <class F>
  TINYNET_DEVICE void each_warp(const F& f) const {
    f(DeviceWarp(thread_number()));
    __syncthreads();
  }
  template <int Group, class F>
  TINYNET_DEVICE void each_warp_in_groups(const F& f) const {
    const DeviceWarp warp(thread_number());
    f(warp);
    if constexpr (Group == Warps)
      __syncthreads();
    else  // barrier 0 is everybody's
      asm volatile("bar.sync %0, %1;" ::"r"(1 + warp.number() / Group), "n"(Group * warp_size) : "memory");
  }
  TINYNET_DEVICE void meet() const { __syncthreads(); }
  template <class F>
  TINYNET_DEVICE void each_warp_without_barrier(const F& f) const {
    f(DeviceWarp(thread_number()));
  }

  // The copy engine's bytes are counted by a barrier in shared memory.
  TINYNET_DEVICE void prepare_copies(int thread) const {
    if constexpr (copy_engine) {
      if (thread == 0) {
        asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(shared_address(shared_)) : "memory");
        asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
      }
      asm volatile("fence.proxy.async.shared::cta;" ::: "memory");  // what was written so far comes before any copy
    }
  }
  template <int Bytes, class To, class From>
  TINYNET_DEVICE void copy_rows(const Warp& warp, int rows, const To& to, const From& from) const {
    if constexpr (copy_engine) {
      const int thread = thread_number();
      const unsigned barrier = shared_address(shared_);
      if (thread == 0)
        asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(rows * Bytes)
                     : "memory");
      if (const int row = thread; row < rows)
        asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(
                         shared_address(to(row))),
                     "l"(from(row)), "n"(Bytes), "r"(barrier)
                     : "memory");
    } else {
      TINYNET_KEEP_LOOP
      for (int row = warp.number(); row < rows; row += Warps) {
        auto* const target = reinterpret_cast<std::byte*>(to(row));
        const auto* const source = reinterpret_cast<const std::byte*>(from(row));
        warp.each_lane([&](int lane) {
          for (int i = lane * 16; i < Bytes; i += warp_size * 16) copy_16_bytes(target + i, source + i);
        });
      }
    }
  }
  TINYNET_DEVICE void wait_for_copies([[maybe_unused]] int number) const {
    if constexpr (copy_engine) {
      unsigned done = 0;
      while (done == 0)
        asm volatile(
            "{\n"
            ".reg .pred done;\n"
            "mbarrier.try_wait.parity.shared::cta.b64 done, [%1], %2;\n"
            "selp.u32 %0, 1, 0, done;\n"
            "}"
            : "=r"(done)
            : "r"(shared_address(shared_)), "r"(number % 2)
            : "memory");
    } else {
#if __CUDA_ARCH__ >= 800
      asm volatile("cp.async.wait_all;" ::: "memory");
#endif
    }
  }

  TINYNET_DEVICE bool is_last(unsigned* arrived_in_rows, int blocks) const {
    unsigned* const arrived = arrived_in_rows + blockIdx.y;
    int last = 0;
    if (threadIdx.x == 0) {
      __threadfence();  // what this block has written comes before its arrival
      const auto most = static_cast<unsigned>(blocks) - 1;
      last = atomicInc(arrived, most) == most;  // which leaves 0 behind
    }
    last = __syncthreads_or(last);
    __threadfence();  // and what the others have written after that
    return last != 0;
  }

 private:
  TINYNET_DEVICE static void copy_16_bytes(void* to, const void* from) {
#if __CUDA_ARCH__ >= 800
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared_address(to)), "l"(from) : "memory");
#else
    *static_cast<uint4*>(to) = *static_cast<const uint4*>(from);
#endif
  }

  std::byte* shared_;
};

}  // namespace tinynet::detail::gpu
