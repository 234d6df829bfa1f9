// For a program that is built without MPI: there is one process.
#include "farm.hpp"

namespace sweep {

void train_on_all(const Farm& farm, const std::vector<Bundle>& bundles, const Pool::OnResults& on_results,
                  const std::function<bool()>& meanwhile, const std::function<void(const std::string&)>&) {
  farm.pool.train(bundles, on_results, meanwhile);
}

void train_for_first(const Farm&) {}

}  // namespace sweep
