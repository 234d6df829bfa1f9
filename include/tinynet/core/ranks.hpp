// What a sum over rows must know where other processes have the other rows.
#pragma once

#include <span>
#include <tinynet/core/partition.hpp>

namespace tinynet {

/// The processes of a training, which are numbered from 0 (MPI's ranks). Each of them calls the same functions in the
/// same order; they must outlive what is computed with them.
class Ranks {
 public:
  virtual ~Ranks() = default;

  /// How many processes there are.
  virtual Index size() const = 0;
  /// Which one this is.
  virtual Index rank() const = 0;

  /// Whether a power of two of processes shall have the bits of one, which is worth a less even share of few rows.
  virtual bool is_exact() const { return true; }

  /// Replaces every number by its sum over all processes, with the same bits on each: as tree_sum adds parts, so that
  /// a power of two of processes gives what one alone would.
  virtual void sum(std::span<float> numbers, std::span<double> totals) const = 0;
  virtual void sum(std::span<double> numbers, std::span<double> totals) const = 0;
};

/// Which rows of a table one of several processes has.
struct RowShare {
  const Ranks* ranks = nullptr;    ///< null: all rows are here
  Index all_rows = 0;              ///< of the whole table
  Index first_row = 0;             ///< of these, its number in the whole table
  detail::Partition partition{0};  ///< of these

  /// What this process has of so many rows. Whole subtrees of the sums over the rows, if the processes are exact, a
  /// power of two and not more than most_parts; else as many rows as the others have, more or less.
  RowShare(const Ranks& processes, Index rows) : ranks(&processes), all_rows(rows) {
    const Index size = processes.size(), rank = processes.rank();
    if (processes.is_exact() && (size & (size - 1)) == 0 && size <= detail::Partition::most_parts) {
      partition = detail::Partition(rows).share(rank, size);
      first_row = partition.first_row();
    } else {
      first_row = rows * rank / size;
      partition = detail::Partition(rows * (rank + 1) / size - first_row);
    }
  }
  RowShare(const Ranks&&, Index) = delete;  // tinynet: the share of a temporary: give the processes a name
  RowShare() = default;

  Index rows() const { return partition.rows(); }
};

}  // namespace tinynet
