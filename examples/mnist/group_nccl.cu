// The processes of an MPI job, each with a GPU.
#include <tinynet/dist/nccl.cuh>

#include "gpu.hpp"
#include "group_mpi.hpp"

namespace mnist {
namespace {

class NcclGroup final : public MpiGroup {
 public:
  explicit NcclGroup(double timeout) : MpiGroup(timeout), nccl_(with_own_gpu(*mpi())) {}

  const tinynet::Ranks* ranks() const override { return &nccl_; }
  std::string gpu() const override { return "cuda:" + std::to_string(mpi()->rank_here()); }

 private:
  // Two processes on one GPU would wait for each other for ever.
  static const tinynet::Mpi& with_own_gpu(const tinynet::Mpi& mpi) {
    try {
      use_gpu("cuda:" + std::to_string(mpi.rank_here()));
    } catch (const tinynet::Error& error) {
      throw tinynet::Error(tinynet::ErrorCode::distributed, "--dist nccl: each process needs a GPU of its own; rank " +
                                                                std::to_string(mpi.rank()) + ": " + error.what());
    }
    return mpi;
  }

  tinynet::Nccl nccl_;
};

}  // namespace

std::unique_ptr<Group> make_nccl_group(double timeout) { return std::make_unique<NcclGroup>(timeout); }

}  // namespace mnist
