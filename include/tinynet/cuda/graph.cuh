// Kernels that go to the GPU together.
#pragma once

#include <memory>
#include <span>
#include <tinynet/cuda/error.cuh>
#include <tinynet/cuda/launch_queue.hpp>
#include <type_traits>
#include <vector>

namespace tinynet::detail {

/// A launch as CUDA's functions take it; it must outlive this.
class LaunchParameters {
 public:
  explicit LaunchParameters(const KernelLaunch& launch) : arguments_(const_cast<std::byte*>(launch.arguments.data())) {
    cuda.func = const_cast<void*>(launch.kernel.function);
    cuda.gridDim = dim3(launch.kernel.blocks, static_cast<unsigned>(launch.count));
    cuda.blockDim = dim3(launch.kernel.threads);
    cuda.sharedMemBytes = static_cast<unsigned>(launch.kernel.shared_bytes);
    cuda.kernelParams = &arguments_;
  }
  LaunchParameters(const LaunchParameters&) = delete;
  LaunchParameters& operator=(const LaunchParameters&) = delete;

  cudaKernelNodeParams cuda{};

 private:
  void* arguments_;
};

/// Launches one after another as one CUDA graph of the current GPU.
class Graph {
 public:
  /// Throws Error (device) if it cannot be made.
  explicit Graph(std::span<const KernelLaunch> launches) {
    cudaGraph_t graph = nullptr;
    check_cuda(cudaGraphCreate(&graph, 0), "cudaGraphCreate");
    graph_.reset(graph);
    for (const KernelLaunch& launch : launches) {
      const LaunchParameters parameters(launch);
      cudaGraphNode_t node = nullptr;
      check_cuda(cudaGraphAddKernelNode(&node, graph, nodes_.empty() ? nullptr : &nodes_.back(), nodes_.empty() ? 0 : 1,
                                        &parameters.cuda),
                 launch.kernel.name);
      nodes_.push_back(node);
    }
    cudaGraphExec_t ready = nullptr;
    check_cuda(cudaGraphInstantiate(&ready, graph, 0), "cudaGraphInstantiate");
    ready_.reset(ready);
  }

  /// Gives the i-th one other arguments, from the next launch on.
  void set(std::size_t i, const KernelLaunch& launch) {
    const LaunchParameters parameters(launch);
    check_cuda(cudaGraphExecKernelNodeSetParams(ready_.get(), nodes_[i], &parameters.cuda), launch.kernel.name);
  }

  /// Puts all of them into the calling thread's stream.
  void launch() { check_cuda(cudaGraphLaunch(ready_.get(), cudaStreamPerThread), "cudaGraphLaunch"); }

 private:
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
    const LaunchParameters parameters(launch);
    const cudaKernelNodeParams& cuda = parameters.cuda;
    check_cuda(cudaLaunchKernel(cuda.func, cuda.gridDim, cuda.blockDim, cuda.kernelParams, cuda.sharedMemBytes,
                                cudaStreamPerThread),
               launch.kernel.name);
  }
};

}  // namespace tinynet::detail
