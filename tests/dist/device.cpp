// Rows that are shared among devices, as Nccl shares them among GPUs; the device is one that is none. Run by mpirun:
// every process goes through the same cases.
#define EIGEN_USE_THREADS
#include "device.hpp"

#include "../cuda/emulated.hpp"

using namespace tinynet;
using test::Emulated;

namespace {

const Mpi& mpi() {
  static const Mpi all({.timeout = 60});
  return all;
}

/// Adds up in the program's memory, which that of the device is.
class EmulatedRanks final : public Ranks, public DeviceRanks<Emulated> {
 public:
  Index size() const override { return mpi().size(); }
  Index rank() const override { return mpi().rank(); }
  bool is_exact() const override { return false; }
  void sum(std::span<float> numbers, std::span<double> totals) const override { mpi().sum(numbers, totals); }
  void sum(std::span<double> numbers, std::span<double> totals) const override { mpi().sum(numbers, totals); }
  void sum(detail::On<float, Emulated>* numbers, Index count) const override { sum_there(numbers, count); }
  void sum(detail::On<double, Emulated>* numbers, Index count) const override { sum_there(numbers, count); }

 private:
  template <class Number>
  static void sum_there(detail::On<Number, Emulated>* numbers, Index count) {
    detail::DeviceRuntime<Emulated>::eigen();  // what was asked for before is done
    mpi().sum(std::span(detail::address(numbers), static_cast<std::size_t>(count)), {});
  }
};

}  // namespace

TEST_CASE("rows shared among devices: trainings by the fused step") {
  const int steps_before = test::emulated_steps;
  dist_tests::check_trainings(test::emulated, mpi(), EmulatedRanks());
  CHECK(test::emulated_steps - steps_before == 2 * (3 * 8 + 2 * 6));
}

TEST_CASE("rows shared among devices: what cannot be says so") {
  dist_tests::check_refused(test::emulated, mpi(), EmulatedRanks());
}
