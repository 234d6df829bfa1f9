// Where numbers lie: in the program's own memory, or in that of a device.
#pragma once

#include <algorithm>
#include <cstddef>
#include <tinynet/core/eigen.hpp>
#include <type_traits>

namespace tinynet {

/// The program's own memory, and the processor it runs on.
struct Cpu {};
inline constexpr Cpu cpu{};  ///< as in `x.to(cpu)`

/// A CUDA GPU: the calling thread's current one.
struct Cuda {};
inline constexpr Cuda cuda{};  ///< as in `net.to(cuda)`

namespace detail {

/// A number in the memory of a device. The program cannot read it, but a pointer to one says whose verbs are to be
/// called: all that is computed of such numbers is computed there.
template <class Number, class Device>
struct On {
  Number number;
};

template <class Scalar>
struct Place {
  using Number = Scalar;
  using Device = Cpu;
};
template <class Number_, class Device_>
struct Place<On<Number_, Device_>> {
  using Number = Number_;
  using Device = Device_;
};

/// The plain number: of On<float, Cuda>, and of float itself, float.
template <class Scalar>
using number_of = typename Place<Scalar>::Number;
template <class Scalar>
using device_of = typename Place<Scalar>::Device;
template <class Scalar>
inline constexpr bool on_cpu = std::is_same_v<device_of<Scalar>, Cpu>;

/// The same number on another device.
template <class Scalar, class Device>
using moved_to = std::conditional_t<std::is_same_v<Device, Cpu>, number_of<Scalar>, On<number_of<Scalar>, Device>>;

/// What has to be known of a device, in a specialisation for each but Cpu:
///   static auto& memory(): the calling thread's pool of its memory, with the members of BlockPool (core/pool.hpp);
///   static void upload(void* to, const void* from, std::size_t bytes), static void download(the same): copies from and
///   to the program's memory, which may be used again at once;
///   static const auto& eigen(): the device that Eigen's tensors are evaluated on;
///   static void check(const char* what): throws if it could not begin with the expression it was just given;
///   static int shared_bytes(): how much memory a block of threads may share;
///   static unsigned* arrived(): numbers in its memory for as many kernels as run at the same time, 0 when none does;
///   static void launch(const gpu::StepArguments<...>&), launch(const gpu::UpdateArguments<...>&): has it run a kernel
///   of the fused step (cuda/fused_step.hpp, fused_update.hpp), now or later.
/// What a thread asks of a device is done as if in the order in which it was asked for.
template <class Device>
struct DeviceRuntime;

/// A pointer to numbers of a device as the device itself knows it.
template <class Number, class Device>
Number* address(On<Number, Device>* numbers) {
  return reinterpret_cast<Number*>(numbers);
}
template <class Number, class Device>
const Number* address(const On<Number, Device>* numbers) {
  return reinterpret_cast<const Number*>(numbers);
}

/// Copies `count` numbers between the program's memory and a device's, or within the program's.
template <class Number>
requires on_cpu<Number>
void copy_across(const Number* from, Index count, Number* to) { std::copy_n(from, count, to); }
template <class Number, class Device>
void copy_across(const Number* from, Index count, On<Number, Device>* to) {
  DeviceRuntime<Device>::upload(to, from, static_cast<std::size_t>(count) * sizeof(Number));
}
template <class Number, class Device>
void copy_across(const On<Number, Device>* from, Index count, Number* to) {
  DeviceRuntime<Device>::download(to, from, static_cast<std::size_t>(count) * sizeof(Number));
}

}  // namespace detail
}  // namespace tinynet
