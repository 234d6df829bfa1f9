// The GPUs of an MPI job, one a process: sums of gradients where they are, by NCCL. Needs NCCL, MPI and CUDA (the CMake
// component nccl).
#pragma once

#include <tinynet/cuda.cuh>

#include <nccl.h>

#include <exception>
#include <string>
#include <tinynet/core/device_ranks.hpp>
#include <tinynet/dist/mpi.hpp>
#include <type_traits>

namespace tinynet {

/// The processes of an MPI job, each of which trains on a GPU of its own: call use_gpu() before, with another number in
/// each process of a machine.
///
///     const Mpi mpi;
///     use_gpu(mpi.rank_here());
///     const Nccl nccl(mpi);
///     const auto mine = share(nccl, train).to(cuda);  // this process's rows; and the same loop as with one GPU
///
/// The fused step adds up over the processes: a loss of a chain of linear layers and activations that there are kernels
/// for. Losses and gradients are those of all rows, with the same bits in every process, but not those of one GPU:
/// these agree up to rounding. NCCL waits for the others for ever; mpirun ends the job if one of them dies.
class Nccl final : public Ranks, public DeviceRanks<Cuda> {
 public:
  /// Throws Error: device if there is no GPU, distributed if NCCL fails, as it does if two processes have one GPU. The
  /// processes must outlive it.
  explicit Nccl(const Mpi& mpi) : mpi_(mpi) {
    ncclUniqueId id{};
    if (mpi.rank() == 0) check(ncclGetUniqueId(&id), "ncclGetUniqueId");
    mpi.broadcast(std::as_writable_bytes(std::span(&id, 1)));
    check(ncclCommInitRank(&communicator_, static_cast<int>(mpi.size()), id, static_cast<int>(mpi.rank())),
          "ncclCommInitRank");
  }
  Nccl(const Nccl&) = delete;
  Nccl& operator=(const Nccl&) = delete;
  ~Nccl() override {
    // Where an exception is under way the others may not come.
    if (std::uncaught_exceptions() > exceptions_before_)
      ncclCommAbort(communicator_);
    else
      ncclCommDestroy(communicator_);
  }

  Index size() const override { return mpi_.size(); }
  Index rank() const override { return mpi_.rank(); }
  bool is_exact() const override { return false; }
  void sum(std::span<float> numbers, std::span<double> totals) const override { mpi_.sum(numbers, totals); }
  void sum(std::span<double> numbers, std::span<double> totals) const override { mpi_.sum(numbers, totals); }
  void sum(detail::On<float, Cuda>* numbers, Index count) const override { all_reduce(numbers, count, ncclFloat); }
  void sum(detail::On<double, Cuda>* numbers, Index count) const override { all_reduce(numbers, count, ncclDouble); }

 private:
  static void check(ncclResult_t result, const char* call) {
    if (result != ncclSuccess)
      throw Error(ErrorCode::distributed, std::string(call) + ": " + ncclGetErrorString(result));
  }

  template <class Number>
  void all_reduce(Number* numbers, Index count, ncclDataType_t type) const {
    check(ncclAllReduce(numbers, numbers, static_cast<std::size_t>(count), type, ncclSum, communicator_,
                        detail::GpuThread::current().stream()),
          "ncclAllReduce");
  }

  const Mpi& mpi_;
  ncclComm_t communicator_ = nullptr;
  int exceptions_before_ = std::uncaught_exceptions();
};

}  // namespace tinynet
