// Types say where numbers are, and what goes from one device to another goes through the device's own copies.
#include <doctest/doctest.h>

#include <cstring>
#include <tinynet/core/device.hpp>
#include <vector>

namespace tn = tinynet;
using tn::Cpu;
using tn::Cuda;
using namespace tinynet::detail;

namespace {

/// A device that keeps every byte larger by 1.
struct Larger {};

void add(int number, void* to, const void* from, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i)
    static_cast<unsigned char*>(to)[i] =
        static_cast<unsigned char>(static_cast<const unsigned char*>(from)[i] + number);
}

}  // namespace

template <>
struct tinynet::detail::DeviceRuntime<Larger> {
  static void upload(void* to, const void* from, std::size_t bytes) { add(1, to, from, bytes); }
  static void download(void* to, const void* from, std::size_t bytes) { add(-1, to, from, bytes); }
};

using There = On<float, Larger>;

// Numbers on a device are laid out as plain ones.
static_assert(sizeof(There) == sizeof(float) && alignof(There) == alignof(float));
static_assert(std::is_trivially_copyable_v<There> && std::is_standard_layout_v<There>);

static_assert(std::is_same_v<number_of<float>, float> && std::is_same_v<number_of<There>, float>);
static_assert(std::is_same_v<device_of<double>, Cpu> && std::is_same_v<device_of<There>, Larger>);
static_assert(on_cpu<float> && !on_cpu<There> && !on_cpu<On<double, Cuda>>);

static_assert(std::is_same_v<moved_to<float, Cpu>, float> && std::is_same_v<moved_to<There, Cpu>, float>);
static_assert(std::is_same_v<moved_to<float, Cuda>, On<float, Cuda>>);
static_assert(std::is_same_v<moved_to<There, Cuda>, On<float, Cuda>>);

TEST_CASE("numbers go to a device and come back, through its copies") {
  const std::vector<float> numbers{1, -2.5f, 3e38f, 0};
  std::vector<There> there(5, There{7});
  std::vector<float> back(5, 8.0f);
  copy_across(numbers.data(), 4, there.data());
  unsigned char bytes[sizeof(float)];
  std::memcpy(bytes, &there[3], sizeof bytes);
  for (const unsigned char byte : bytes) CHECK(byte == 1);  // of 0
  CHECK(there[4].number == 7);
  copy_across(there.data(), 4, back.data());
  CHECK(back == std::vector<float>{1, -2.5f, 3e38f, 0, 8});
}

TEST_CASE("within the program's memory numbers are copied as they are") {
  const std::vector<double> numbers{1, 2, 3};
  std::vector<double> copied{7, 8, 9};
  copy_across(numbers.data(), 2, copied.data());
  CHECK(copied == std::vector<double>{1, 2, 9});
}

TEST_CASE("the device knows numbers by the same address, and reads only what the program only reads") {
  There there[3]{};
  CHECK(static_cast<void*>(address(there + 2)) == static_cast<void*>(there + 2));
  static_assert(std::is_same_v<decltype(address(there)), float*>);
  static_assert(std::is_same_v<decltype(address(static_cast<const There*>(there))), const float*>);
}
