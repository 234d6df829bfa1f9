// Work recorded once and repeated at little cost.
#pragma once

#include <tinynet/cuda/stream.cuh>

namespace tinynet::detail {

/// A recorded sequence of launches and copies. They are repeated with the arguments they had: what changes from time
/// to time has to lie in memory of the GPU.
class Graph {
 public:
  /// Records what `work()` puts into the stream, which does not run. Throws Error (device) if it cannot be recorded,
  /// and what `work` throws.
  template <class Work>
  Graph(const Stream& stream, const Work& work) {
    check_cuda(cudaStreamBeginCapture(stream.get(), cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
    cudaGraph_t graph = nullptr;
    try {
      work();
    } catch (...) {
      cudaStreamEndCapture(stream.get(), &graph);
      if (graph != nullptr) cudaGraphDestroy(graph);
      throw;
    }
    check_cuda(cudaStreamEndCapture(stream.get(), &graph), "cudaStreamEndCapture");
    const std::unique_ptr<std::remove_pointer_t<cudaGraph_t>, Destroy> recorded(graph);
    cudaGraphExec_t ready = nullptr;
    check_cuda(cudaGraphInstantiate(&ready, graph, 0), "cudaGraphInstantiate");
    ready_.reset(ready);
  }

  /// Puts all of it into the stream once more.
  void launch(const Stream& stream) const {
    check_cuda(cudaGraphLaunch(ready_.get(), stream.get()), "cudaGraphLaunch");
  }

 private:
  struct Destroy {
    void operator()(cudaGraph_t graph) const { cudaGraphDestroy(graph); }
    void operator()(cudaGraphExec_t graph) const { cudaGraphExecDestroy(graph); }
  };
  std::unique_ptr<std::remove_pointer_t<cudaGraphExec_t>, Destroy> ready_;
};

}  // namespace tinynet::detail
