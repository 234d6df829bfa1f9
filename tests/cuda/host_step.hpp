// Runs the kernels of the fused step on the host, block after block, as a launch would on a GPU.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <new>
#include <tinynet/cuda/fused_step.hpp>
#include <tinynet/cuda/fused_update.hpp>
#include <tinynet/cuda/host_block.hpp>
#include <vector>

namespace test {

namespace gpu = tinynet::detail::gpu;

/// Room for exactly so many numbers, where the kernels may expect it: at a multiple of four doubles.
struct FreeAligned {
  static constexpr std::align_val_t alignment{4 * sizeof(double)};
  void operator()(void* memory) const { ::operator delete(memory, alignment); }
};
template <class T>
std::unique_ptr<T[], FreeAligned> aligned_memory(std::size_t count) {
  return std::unique_ptr<T[], FreeAligned>(static_cast<T*>(::operator new(count * sizeof(T), FreeAligned::alignment)));
}

/// Memory of exactly this size, filled with what a kernel must not rely on.
inline std::unique_ptr<std::byte[], FreeAligned> shared_memory(int bytes) {
  auto shared = aligned_memory<std::byte>(static_cast<std::size_t>(bytes));
  std::fill_n(shared.get(), bytes, std::byte{0xFF});
  return shared;
}

/// The gradients of the parts, and the loss of all.
template <class Scalar>
struct Partial {
  int parts;
  std::vector<Scalar> gradient;
  Scalar loss;

  bool operator==(const Partial&) const = default;
};

/// The first kernel. `backward`: the last block and thread first.
template <class Arithmetic, class Plan, class Loss>
void play_step(const gpu::StepArguments<Plan, Loss>& arguments, bool backward = false) {
  using Block = gpu::HostBlock<Plan::warps>;
  const int parts = gpu::Parts(arguments.rows).count();
  for (int i = 0; i < parts; ++i) {
    const auto shared = shared_memory(Plan::shared_bytes());
    const Block block(backward ? parts - 1 - i : i, shared.get(), backward);
    gpu::FusedStep<Block, Arithmetic, Plan, Loss>(block, arguments).run();
  }
}

/// The second kernel.
template <class Rule, int States, class Scalar>
void play_update(const gpu::UpdateArguments<Rule, States, Scalar>& arguments) {
  using Block = gpu::HostBlock<gpu::update_warps>;
  using Kernel = gpu::FusedUpdate<Block, Rule, States, Scalar>;
  for (int i = Kernel::blocks(arguments.size) - 1; i >= 0; --i) {
    const auto shared = shared_memory(Kernel::shared_bytes());
    const Block block(i, shared.get(), i % 2 == 0);
    Kernel(block, arguments).run();
  }
}

/// The first kernel with a place for its results; `arguments` say all else.
template <class Arithmetic, class Plan, class Loss>
Partial<typename Plan::Scalar> run_step(gpu::StepArguments<Plan, Loss> arguments, bool backward = false) {
  const int parts = gpu::Parts(arguments.rows).count();
  const auto count = static_cast<std::size_t>(parts);
  Partial<typename Plan::Scalar> partial{parts, {}, 1e30f};
  partial.gradient.assign(count * Plan::Net::parameters, 1e30f);
  std::vector<double> losses(count, 1e30);
  unsigned arrived = 0;
  arguments.partial = partial.gradient.data();
  arguments.partial_loss = losses.data();
  arguments.total = &partial.loss;
  arguments.arrived = &arrived;
  play_step<Arithmetic>(arguments, backward);
  CHECK(arrived == 0);
  return partial;
}

/// The second kernel; `arguments` say all but where the partial gradients are.
template <class Rule, int States, class Scalar>
void run_update(const Partial<Scalar>& partial, gpu::UpdateArguments<Rule, States, Scalar> arguments) {
  arguments.partial = partial.gradient.data();
  arguments.parts = partial.parts;
  play_update(arguments);
}

/// The sum of all parts' gradients.
template <class Scalar>
std::vector<Scalar> total(const Partial<Scalar>& partial) {
  std::vector<Scalar> sum(partial.gradient.size() / static_cast<std::size_t>(partial.parts), 1e30f);
  gpu::UpdateArguments<gpu::KeepParameters, 0, Scalar> arguments{};
  arguments.size = static_cast<int>(sum.size());
  arguments.factor = 1;
  arguments.gradient = sum.data();
  run_update(partial, arguments);
  return sum;
}

}  // namespace test
