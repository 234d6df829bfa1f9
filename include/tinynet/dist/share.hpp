// What each of several processes has of a data set.
#pragma once

#include <span>
#include <tinynet/core/ranks.hpp>
#include <tinynet/data/batches.hpp>
#include <tinynet/data/dataset.hpp>
#include <tinynet/nn/module.hpp>
#include <utility>
#include <vector>

namespace tinynet {

/// This process's rows of a data set that all processes have read, copied: a loss of them is the loss of the whole data
/// set, the same on every process, and so are its gradients. Each process calls it at the same place.
///     const auto mine = share(mpi, train);
///     auto loss = cross_entropy(net(mine.images), mine.labels);
inline Dataset share(const Ranks& ranks, const Dataset& whole) {
  const RowShare own(ranks, whole.size());
  const auto part =
      std::span(whole.labels).subspan(static_cast<std::size_t>(own.first_row), static_cast<std::size_t>(own.rows()));
  return {whole.images.share(own), {part.begin(), part.end()}, whole.classes};
}

/// This process's rows of a batch, which all processes have taken from the same data in the same order. Its y is
/// valid as long as its x.
///     const auto [x, y] = share(mpi, batches.next());
template <class Batch>
requires requires(const Batch& batch) {
  { batch.x.as_rows() } -> std::same_as<Rows>;
  batch.y.subspan(0, 0);
}
Batch share(const Ranks& ranks, const Batch& batch) {
  const Rows rows = batch.x.as_rows();
  const RowShare own(ranks, rows.rows());
  return {RowSelection(rows.middle_rows(own.first_row, own.rows()).as_share(own)),
          batch.y.subspan(static_cast<std::size_t>(own.first_row), static_cast<std::size_t>(own.rows()))};
}

/// The same of a batch on a device, of ranks that can add up there.
template <class Batch>
requires requires(const Batch& batch) {
  batch.x.as_rows().ranks();
  batch.y.segment(0, 0);
}
Batch share(const Ranks& ranks, const Batch& batch) {
  const RowShare own(ranks, batch.x.size());
  const auto part = batch.x.middle_rows(own.first_row, own.rows());
  return {std::remove_cvref_t<decltype(part)>(part.as_rows().as_share(own)),
          batch.y.segment(own.first_row, own.rows())};
}

template <class Data>
void share(const Ranks&&, const Data&) = delete;  // tinynet: the share of a temporary: give the processes a name

/// Gives every process the parameters (and running statistics) that the first one has. Not needed where all start from
/// the same seed or file.
template <class Net>
void broadcast(const Ranks& ranks, Net& net) {
  std::vector<typename Net::Scalar> numbers;  // row by row
  for (const auto& tensor : state_dict(net)) {
    numbers.assign(static_cast<std::size_t>(tensor.size()), typename Net::Scalar(0));
    if (ranks.rank() == 0)
      for (Index i = 0; i < tensor.size(); ++i) numbers[static_cast<std::size_t>(i)] = tensor[i];
    ranks.sum(std::span(numbers), {});
    for (Index i = 0; i < tensor.size(); ++i) tensor[i] = numbers[static_cast<std::size_t>(i)];
  }
  for (auto* const parameter : detail::parameter_list(net)) parameter->mark_changed();
}

}  // namespace tinynet
