// The two kernels of a fused training step, and how they are launched.
#pragma once

#include <tinynet/cuda/device_block.cuh>
#include <tinynet/cuda/fused_step.hpp>
#include <tinynet/cuda/fused_update.hpp>
#include <tinynet/cuda/graph.cuh>
#include <tinynet/cuda/row_loss.hpp>

namespace tinynet::detail::gpu {

/// Tensor cores for float where the GPU has them for bfloat16.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
template <class Scalar>
using DeviceArithmetic = std::conditional_t<std::is_same_v<Scalar, float>, SplitArithmetic, PlainArithmetic<Scalar>>;
#else
template <class Scalar>
using DeviceArithmetic = PlainArithmetic<Scalar>;
#endif

/// How much shared memory a block can have on the GPU that a kernel is compiled for. Plans that need more are not
/// launched there.
constexpr int most_shared_bytes() {
#if !defined(__CUDA_ARCH__)
  return 0;
#elif __CUDA_ARCH__ < 800
  return 64 << 10;
#elif __CUDA_ARCH__ == 860 || __CUDA_ARCH__ == 890 || __CUDA_ARCH__ >= 1200
  return 99 << 10;
#elif __CUDA_ARCH__ < 900
  return 163 << 10;
#else
  return 227 << 10;
#endif
}

extern __shared__ __align__(32) std::byte shared_memory[];

template <class Plan, class Loss>
__global__ void __launch_bounds__(Plan::threads, 1)
    fused_step(const __grid_constant__ Together<StepArguments<Plan, Loss>> arguments) {
  if constexpr (Plan::shared_bytes() <= most_shared_bytes()) {
    // The copy engine's way takes a register more, and where tiles are low there is none.
    using Block = DeviceBlock<Plan::warps, Plan::has_room>;
    const Block block(shared_memory);
    FusedStep<Block, DeviceArithmetic<typename Plan::Scalar>, Plan, Loss>(block, arguments.each[blockIdx.y]).run();
  }
}

template <class Rule, int States, class Scalar>
__global__ void __launch_bounds__(update_warps* warp_size, 4)
    fused_update(const __grid_constant__ Together<UpdateArguments<Rule, States, Scalar>> arguments) {
  using Block = DeviceBlock<update_warps>;
  const Block block(shared_memory);
  FusedUpdate<Block, Rule, States, Scalar>(block, arguments.each[blockIdx.y]).run();
}

/// The fused step's launches, of which those of many steps go to the GPU together.
using Queue = LaunchQueue<CudaLauncher>;

/// Puts the step's first kernel into the queue. The net must fit (see fits); `returned` as in Footprint. Throws Error
/// (device) if the launch is impossible.
template <class Plan, class Loss>
void launch(const StepArguments<Plan, Loss>& arguments, std::size_t returned, Queue& queue) {
  constexpr auto kernel = fused_step<Plan, Loss>;
  constexpr int shared_bytes = Plan::shared_bytes();
  // Once on the thread's GPU: it is a call of CUDA.
  [[maybe_unused]] thread_local const bool allowed = [] {
    check_cuda(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, shared_bytes),
               "fused_step: shared memory");
    return true;
  }();
  const auto blocks = static_cast<unsigned>(Parts(arguments.rows).count());
  queue.add({reinterpret_cast<const void*>(kernel), "fused_step", blocks, Plan::threads, shared_bytes}, arguments,
            arguments.footprint(returned));
}

/// Puts its second kernel there.
template <class Rule, int States, class Scalar>
void launch(const UpdateArguments<Rule, States, Scalar>& arguments, std::size_t returned, Queue& queue) {
  using Kernel = FusedUpdate<DeviceBlock<update_warps>, Rule, States, Scalar>;
  constexpr auto kernel = fused_update<Rule, States, Scalar>;
  const auto blocks = static_cast<unsigned>(Kernel::blocks(arguments.size));
  queue.add(
      {reinterpret_cast<const void*>(kernel), "fused_update", blocks, update_warps * warp_size, Kernel::shared_bytes()},
      arguments, arguments.footprint(returned));
}

}  // namespace tinynet::detail::gpu
