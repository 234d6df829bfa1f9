// Memory that is given out again and again, but never while somebody still has it.
#pragma once

#include <memory>
#include <tinynet/core/language.hpp>
#include <vector>

namespace tinynet::detail {

/// Blocks that are shared with whoever got them, and given out anew when nobody else has them any more. A loop that
/// lets go of what it got asks the heap for one or two in all.
template <class Block>
class Recycled {
 public:
  /// A block that nobody else has, with whatever is in it.
  const std::shared_ptr<Block>& next() {
    for (const auto& block : blocks_)
      if (block.use_count() == 1) return block;
    return blocks_.emplace_back(std::make_shared<Block>());
  }

 private:
  std::vector<std::shared_ptr<Block>> blocks_;
};

}  // namespace tinynet::detail
