// Rows that are shared among GPUs. Run by mpirun with as many processes as there are GPUs, or one.
#include <tinynet/dist/nccl.cuh>

#include "../cuda/gpu.hpp"
#include "device.hpp"

TEST_CASE("rows shared among GPUs") {
  static const tinynet::Mpi mpi({.timeout = 60});
  tinynet::use_gpu(mpi.rank_here());
  const tinynet::Nccl nccl(mpi);
  dist_tests::check_trainings(tinynet::cuda, mpi, nccl);
  dist_tests::check_refused(tinynet::cuda, mpi, nccl);
}
