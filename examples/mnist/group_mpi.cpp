// For a program that is built with MPI.
#include "group_mpi.hpp"

namespace mnist {

std::unique_ptr<Group> make_group(const std::string& dist, double timeout) {
  if (dist == "mpi") return std::make_unique<MpiGroup>(timeout);
  if (dist == "nccl") return make_nccl_group(timeout);
  return std::make_unique<Group>();
}

}  // namespace mnist
