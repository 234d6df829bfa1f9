// Trainings on the processes of an MPI job (`--dist mpi`): the first one hands out the configurations, trains some
// itself and does all the rest; the others train.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "../mnist/group.hpp"
#include "pool.hpp"

namespace sweep {

/// What belongs to a job.
struct Farm {
  const mnist::Group& group;  ///< its processes
  Pool& pool;                 ///< of this process's trainings
  std::string data;           ///< the hash of all images and labels
  double timeout = 20;        ///< s; who has not answered for so long is lost
};

/// For the first process: Pool::train on all processes. `note` is told of one that is lost; what it was at is trained
/// again by others. Throws what Pool::train does, and Error (distributed) for a process with other data.
void train_on_all(const Farm& farm, const std::vector<Bundle>& bundles, const Pool::OnResults& on_results,
                  const std::function<bool()>& meanwhile, const std::function<void(const std::string&)>& note);

/// For the others: trains what the first one sends until it says that all is over. Throws Error (distributed) if it
/// says nothing.
void train_for_first(const Farm& farm);

}  // namespace sweep
