#include "bundles.hpp"

#include <algorithm>
#include <map>
#include <tinynet/cpu/fused_weights.hpp>
#include <tuple>

#include "../mnist/model.hpp"

namespace sweep {
namespace {

// A bundle that is stopped begins again with all of its trainings, so it is not too large.
constexpr std::size_t most_together = 8, bundles_a_place = 4;
// Of nets with more weights than this the rows are not what takes the time.
constexpr double most_bytes = 16 << 20;

/// Whether the net can share the reading of rows at all: its whole step is a fused one.
bool can_share(const Configuration& c, const mnist::Data& data) {
  return c.engine != mnist::Engine::tape && c.chunk_rows == 0 &&
         static_cast<Index>(c.hidden.size()) < tinynet::detail::most_fused_stages &&
         mnist::memory_needed(c, data.train.size(), data.test.size()) <= most_bytes;
}

/// Those with equal ones are nets of one shape that take the same rows at each step. Batches are drawn by the seed.
auto kind_of(const Configuration& c) {
  return std::tuple(c.hidden, c.activation, c.batch, c.batch == 0 ? 0 : c.seed, c.scale, c.steps);
}

}  // namespace

std::vector<Bundle> bundles(const std::vector<Configuration>& configurations, std::size_t at_once,
                            const mnist::Data& data) {
  const std::size_t size =
      std::clamp<std::size_t>(configurations.size() / (bundles_a_place * at_once), 1, most_together);
  std::vector<Bundle> list;
  std::map<decltype(kind_of(Configuration())), std::size_t> open;  // the last bundle of each kind
  for (const Configuration& c : configurations) {
    if (!can_share(c, data)) {
      list.push_back({c});
      continue;
    }
    const auto [place, is_new] = open.try_emplace(kind_of(c), list.size());
    if (!is_new && list[place->second].size() < size) {
      list[place->second].push_back(c);
    } else {
      place->second = list.size();
      list.push_back({c});
    }
  }
  return list;
}

double memory_needed(const Bundle& bundle, const mnist::Data& data) {
  double bytes = 0;
  for (const Configuration& c : bundle) bytes += mnist::memory_needed(c, data.train.size(), data.test.size());
  return bytes;
}

}  // namespace sweep
