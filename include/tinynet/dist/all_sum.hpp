// The sum of what several processes have, in the order in which one process adds the parts of its rows.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <tinynet/core/pool.hpp>
#include <tinynet/core/ranks.hpp>

namespace tinynet::detail {

/// Replaces numbers and totals by their sums over all processes, as tree_sum adds parts: neighbours first, then pairs
/// of pairs. `link` sends bytes to another process and receives them:
///     link.swap(rank, out, in)    both at once; in is as long as out
///     link.send(rank, out), link.receive(rank, in)
///
/// A power of two of processes exchange sums with the one 1, 2, 4, ... away (recursive doubling): log2(size) messages
/// one after another, and since a + b = b + a all have the same bits. Other numbers of processes add up in the first
/// one, which sends the result back the way it came.
template <class Number, class Link>
void all_sum(const Link& link, Index rank, Index size, std::span<Number> numbers, std::span<double> totals) {
  const std::size_t bytes = totals.size_bytes() + numbers.size_bytes();
  const Buffer<std::byte> memory(2 * static_cast<Index>(bytes));
  // The totals, then the numbers, in one message.
  const std::span<std::byte> own(memory.data(), bytes), other(memory.data() + bytes, bytes);
  const auto pack = [&] {
    if (!totals.empty()) std::memcpy(own.data(), totals.data(), totals.size_bytes());
    if (!numbers.empty()) std::memcpy(own.data() + totals.size_bytes(), numbers.data(), numbers.size_bytes());
    return std::span<const std::byte>(own);
  };
  const auto each = [&](const auto& set) {
    const auto from = [&](std::size_t at, auto& number) {
      std::remove_reference_t<decltype(number)> received;
      std::memcpy(&received, other.data() + at, sizeof received);
      set(number, received);
    };
    for (std::size_t i = 0; i < totals.size(); ++i) from(i * sizeof(double), totals[i]);
    for (std::size_t i = 0; i < numbers.size(); ++i) from(totals.size_bytes() + i * sizeof(Number), numbers[i]);
  };
  const auto add = [&] { each([](auto& number, auto received) { number += received; }); };

  if ((size & (size - 1)) == 0) {
    for (Index away = 1; away < size; away *= 2) {
      link.swap(rank ^ away, pack(), other);
      add();
    }
    return;
  }
  Index away = 1;
  for (; away < size && (rank & away) == 0; away *= 2)
    if (rank + away < size) {
      link.receive(rank + away, other);
      add();
    }
  if (rank != 0) {
    link.send(rank - away, pack());
    link.receive(rank - away, other);
    each([](auto& number, auto received) { number = received; });
  }
  const auto result = pack();
  for (away /= 2; away > 0; away /= 2)
    if (rank + away < size) link.send(rank + away, result);
}

}  // namespace tinynet::detail
