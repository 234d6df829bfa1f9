// For a program that is built without MPI.
#include <tinynet/core/error.hpp>

#include "group.hpp"

namespace mnist {

std::unique_ptr<Group> make_group(const std::string& dist, double) {
  if (dist != "none")
    throw tinynet::Error(tinynet::ErrorCode::distributed,
                         "--dist " + dist +
                             ": this program was built without MPI; install it (on Debian: apt-get install "
                             "libopenmpi-dev) and build again");
  return std::make_unique<Group>();
}

}  // namespace mnist
