// For a program that is built without NCCL.
#include <tinynet/core/error.hpp>

#include "group_mpi.hpp"

namespace mnist {

std::unique_ptr<Group> make_nccl_group(double) {
  throw tinynet::Error(
      tinynet::ErrorCode::distributed,
      "--dist nccl: this program was built without NCCL; build it with -DTINYNET_NCCL=ON where there are "
      "nvcc, MPI and NCCL");
}

}  // namespace mnist
