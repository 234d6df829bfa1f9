// Kernels that go to the GPU together.
#pragma once

#include <memory>
#include <span>
#include <tinynet/cuda/error.cuh>
#include <tinynet/cuda/launch_queue.hpp>
#include <type_traits>
#include <utility>
#include <vector>

namespace tinynet::detail {

/// Launches of kernels one after another, or beside each other, as one CUDA graph of the current GPU.
class Graph {
 public:
  /// Throws Error (device) if it cannot be made.
  explicit Graph(std::span<const KernelLaunch> launches) {
    cudaGraph_t graph = nullptr;
    check_cuda(cudaGraphCreate(&graph, 0), "cudaGraphCreate");
    graph_.reset(graph);
    std::vector<cudaGraphNode_t> before, beside;  // what the next one waits for, and what it may run beside
    for (const KernelLaunch& launch : launches) {
      if (!launch.beside) before = joined(graph, std::exchange(beside, {}));
      const Parameters parameters(launch);
      cudaGraphNode_t node = nullptr;
      check_cuda(cudaGraphAddKernelNode(&node, graph, before.data(), before.size(), &parameters.cuda),
                 launch.kernel.name);
      beside.push_back(node);
      nodes_.push_back(node);
    }
    cudaGraphExec_t ready = nullptr;
    check_cuda(cudaGraphInstantiate(&ready, graph, 0), "cudaGraphInstantiate");
    ready_.reset(ready);
  }

  /// Gives the i-th kernel another argument, from the next launch on.
  void set(std::size_t i, const KernelLaunch& launch) {
    const Parameters parameters(launch);
    check_cuda(cudaGraphExecKernelNodeSetParams(ready_.get(), nodes_[i], &parameters.cuda), launch.kernel.name);
  }

  /// Puts all of them into the calling thread's stream.
  void launch() { check_cuda(cudaGraphLaunch(ready_.get(), cudaStreamPerThread), "cudaGraphLaunch"); }

 private:
  // One node that waits for several, so that each of those behind it has one to wait for.
  static std::vector<cudaGraphNode_t> joined(cudaGraph_t graph, const std::vector<cudaGraphNode_t>& nodes) {
    if (nodes.size() <= 1) return nodes;
    cudaGraphNode_t node = nullptr;
    check_cuda(cudaGraphAddEmptyNode(&node, graph, nodes.data(), nodes.size()), "cudaGraphAddEmptyNode");
    return {node};
  }

  struct Parameters {
    explicit Parameters(const KernelLaunch& launch) : argument(const_cast<std::byte*>(launch.argument.data())) {
      cuda.func = const_cast<void*>(launch.kernel.function);
      cuda.gridDim = dim3(launch.kernel.blocks);
      cuda.blockDim = dim3(launch.kernel.threads);
      cuda.sharedMemBytes = static_cast<unsigned>(launch.kernel.shared_bytes);
      cuda.kernelParams = &argument;
    }
    Parameters(const Parameters&) = delete;
    Parameters& operator=(const Parameters&) = delete;

    void* argument;
    cudaKernelNodeParams cuda{};
  };
  struct Destroy {
    void operator()(cudaGraph_t graph) const {
      release_cuda([=] { cudaGraphDestroy(graph); });
    }
    void operator()(cudaGraphExec_t graph) const {
      release_cuda([=] { cudaGraphExecDestroy(graph); });
    }
  };

  std::unique_ptr<std::remove_pointer_t<cudaGraph_t>, Destroy> graph_;  // its nodes are named when arguments change
  std::vector<cudaGraphNode_t> nodes_;
  std::unique_ptr<std::remove_pointer_t<cudaGraphExec_t>, Destroy> ready_;
};

/// How a thread's launches are made.
struct CudaLauncher {
  using Graph = detail::Graph;

  static void launch(const KernelLaunch& launch) {
    void* argument = const_cast<std::byte*>(launch.argument.data());
    check_cuda(cudaLaunchKernel(launch.kernel.function, dim3(launch.kernel.blocks), dim3(launch.kernel.threads),
                                &argument, static_cast<std::size_t>(launch.kernel.shared_bytes), cudaStreamPerThread),
               launch.kernel.name);
  }
};

}  // namespace tinynet::detail
