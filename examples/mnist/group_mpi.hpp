// The group of an MPI job.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <tinynet/dist/mpi.hpp>
#include <vector>

#include "group.hpp"

namespace mnist {

class MpiGroup : public Group {
 public:
  explicit MpiGroup(double timeout) : mpi_({.timeout = timeout}) {}

  const tinynet::Ranks* ranks() const override { return &mpi_; }
  const tinynet::Mpi* mpi() const override { return &mpi_; }
  int members_here() const override { return mpi_.processes_here(); }
  bool any(bool here) const override { return mpi_.any(here); }
  std::vector<std::uint64_t> gather(std::uint64_t here) const override { return mpi_.gather(here); }
  void wait_for_all() const override { mpi_.barrier(a_week); }
  void abandon() const override { mpi_.abandon(); }

  std::string place() const override {
    if (is_first()) return {};
    std::this_thread::sleep_for(std::chrono::seconds(1));
    return "rank " + std::to_string(mpi_.rank()) + ": ";
  }
  void end(int exit_code) const override { mpi_.abort(exit_code); }

 private:
  static constexpr double a_week = 7 * 24 * 3600;

  tinynet::Mpi mpi_;
};

/// The same where each process has a GPU, and sums are made there. In group_nccl.cu, or in group_nccl_none.cpp where
/// the program is built without NCCL: throws Error (distributed) that says so, or that there are fewer GPUs than
/// processes.
std::unique_ptr<Group> make_nccl_group(double timeout);

}  // namespace mnist
