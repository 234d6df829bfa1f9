// The two kernels of a fused training step, and how they are launched.
#pragma once

#include <tinynet/cuda/device_block.cuh>
#include <tinynet/cuda/fused_step.hpp>
#include <tinynet/cuda/fused_update.hpp>
#include <tinynet/cuda/row_loss.hpp>
#include <tinynet/cuda/stream.cuh>

namespace tinynet::detail::gpu {

/// Tensor cores for float where the GPU has them for bfloat16.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
template <class Scalar>
using DeviceArithmetic = std::conditional_t<std::is_same_v<Scalar, float>, SplitArithmetic, PlainArithmetic<Scalar>>;
#else
template <class Scalar>
using DeviceArithmetic = PlainArithmetic<Scalar>;
#endif

extern __shared__ __align__(32) std::byte shared_memory[];

template <class Plan, class Loss>
__global__ void __launch_bounds__(Plan::threads, 1) fused_step(const StepArguments<Plan, Loss> arguments) {
  using Block = DeviceBlock<Plan::warps>;
  const Block block(shared_memory);
  FusedStep<Block, DeviceArithmetic<typename Plan::Scalar>, Plan, Loss>(block, arguments).run();
}

template <class Rule, int States, class Scalar>
__global__ void __launch_bounds__(update_warps* warp_size)
    fused_update(const UpdateArguments<Rule, States, Scalar> arguments) {
  using Block = DeviceBlock<update_warps>;
  const Block block(shared_memory);
  FusedUpdate<Block, Rule, States, Scalar>(block, arguments).run();
}

/// Puts the step's first kernel into the stream. The net must fit (see fits). Throws Error (device) if the launch is
/// impossible.
template <class Plan, class Loss>
void launch(const StepArguments<Plan, Loss>& arguments, const Stream& stream) {
  constexpr auto kernel = fused_step<Plan, Loss>;
  constexpr int shared_bytes = Plan::shared_bytes();
  check_cuda(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, shared_bytes),
             "fused_step: shared memory");
  kernel<<<static_cast<unsigned>(Parts(arguments.rows).count()), Plan::threads, shared_bytes, stream.get()>>>(
      arguments);
  check_launch("fused_step");
}

/// Puts its second kernel there.
template <class Rule, int States, class Scalar>
void launch(const UpdateArguments<Rule, States, Scalar>& arguments, const Stream& stream) {
  using Kernel = FusedUpdate<DeviceBlock<update_warps>, Rule, States, Scalar>;
  fused_update<<<static_cast<unsigned>(Kernel::blocks(arguments.size)), update_warps * warp_size,
                 Kernel::shared_bytes(), stream.get()>>>(arguments);
  check_launch("fused_update");
}

}  // namespace tinynet::detail::gpu
