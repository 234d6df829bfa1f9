#include "group.hpp"

#include <cstddef>
#include <tinynet/core/error.hpp>
#include <tinynet/io/stored_tensor.hpp>

namespace mnist {

void check_same(const Group& group, const std::string& what, const std::string& text) {
  tinynet::detail::Fnv1a hash;
  hash.add(text);
  const std::vector<std::uint64_t> all = group.gather(hash.value());
  std::string others;
  for (std::size_t rank = 0; rank < all.size(); ++rank)
    if (all[rank] != all.front()) others += (others.empty() ? "" : ", ") + std::to_string(rank);
  if (!others.empty())
    throw tinynet::Error(tinynet::ErrorCode::distributed, "the processes do not have the same " + what + ": rank " +
                                                              others + " of " + std::to_string(all.size()) +
                                                              " differs from rank 0");
}

Data load_data(const DataChoice& choice, const Group& group, Console& console) {
  if (!group.is_first()) group.wait_for_all();
  Data data = load_data(choice, console);
  if (group.is_first()) group.wait_for_all();
  return data;
}

}  // namespace mnist
