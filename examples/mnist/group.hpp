// The processes of a training: one, or all those of an MPI job with `--dist mpi` or `--dist nccl`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <tinynet/core/ranks.hpp>
#include <vector>

#include "console.hpp"
#include "data_source.hpp"

namespace tinynet {
class Mpi;
}

namespace mnist {

/// All members do the same at the same time, on their rows. The first one (rank 0) alone prints, saves and draws. This
/// class is the group of one.
class Group {
 public:
  virtual ~Group() = default;

  /// Null for the group of one, both.
  virtual const tinynet::Ranks* ranks() const { return nullptr; }
  virtual const tinynet::Mpi* mpi() const { return nullptr; }
  tinynet::Index size() const { return ranks() == nullptr ? 1 : ranks()->size(); }
  bool is_first() const { return ranks() == nullptr || ranks()->rank() == 0; }

  /// The GPU of this member, as `--device` names it; empty if there is none for it.
  virtual std::string gpu() const { return {}; }
  /// How many members run on this machine.
  virtual int members_here() const { return 1; }
  /// Whether it is true for any of them.
  virtual bool any(bool here) const { return here; }
  /// A number of each, in their order.
  virtual std::vector<std::uint64_t> gather(std::uint64_t here) const { return {here}; }
  /// Waits for as long as it takes until all are here.
  virtual void wait_for_all() const {}
  /// After a member was lost: this one will end without waiting for it.
  virtual void abandon() const {}
  /// What the line with this member's error begins with: "rank 3: ". Not the first member waits a second before it
  /// returns, since the first one may be about to say the same and end all.
  virtual std::string place() const { return {}; }
  /// After an error: ends all members with this exit code.
  virtual void end(int /*exit_code*/) const {}
};

/// The group that `--dist` asks for: "none", "mpi" or "nccl". A member that has not answered for `timeout` seconds
/// counts as stopped. Throws Error (distributed) if this program was built without what it needs.
std::unique_ptr<Group> make_group(const std::string& dist, double timeout);

/// As load_data alone. The first one may have to download the data; the others find them where it has put them.
Data load_data(const DataChoice& choice, const Group& group, Console& console);

/// Throws Error (distributed), naming those that differ, unless all members have the same `text`; `what` says of what.
void check_same(const Group& group, const std::string& what, const std::string& text);

}  // namespace mnist
