// Sums over processes of numbers that lie on devices: one of each process.
#pragma once

#include <tinynet/core/device.hpp>
#include <tinynet/core/error.hpp>
#include <tinynet/core/ranks.hpp>

namespace tinynet {

/// What Ranks are, too, if they can add up numbers where they are. Each process calls the same in the same order.
template <class Device>
class DeviceRanks {
 public:
  virtual ~DeviceRanks() = default;

  /// Replaces so many numbers by their sums over all processes, with the same bits on each, in the order of what else
  /// the calling thread asks of the device.
  virtual void sum(detail::On<float, Device>* numbers, Index count) const = 0;
  virtual void sum(detail::On<double, Device>* numbers, Index count) const = 0;
};

namespace detail {

/// Those that a share of rows on a device belongs to, or null if all rows are here. Throws Error (usage) if they cannot
/// add up there.
template <class Device>
const DeviceRanks<Device>* ranks_on(Device, const RowShare& share) {
  if (share.ranks == nullptr) return nullptr;
  const auto* const ranks = dynamic_cast<const DeviceRanks<Device>*>(share.ranks);
  if (ranks == nullptr)
    throw Error(
        ErrorCode::usage,
        "the rows of a device are shared among processes that add up in the program's memory only; for CUDA GPUs "
        "share them with Nccl (dist/nccl.cuh)");
  return ranks;
}

}  // namespace detail
}  // namespace tinynet
