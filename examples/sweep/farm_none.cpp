// For a program that is built without MPI: there is one process.
#include "farm.hpp"

namespace sweep {

void train_on_all(const Farm& farm, const std::vector<Configuration>& configurations, const Pool::OnResult& on_result,
                  const std::function<bool()>& meanwhile, const std::function<void(const std::string&)>&) {
  farm.pool.train(configurations, on_result, meanwhile);
}

void train_for_first(const Farm&) {}

}  // namespace sweep
