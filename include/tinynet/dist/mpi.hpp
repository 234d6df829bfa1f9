// The processes of an MPI job: `mpirun -n 4 program`, on one machine or many. Needs MPI (the CMake component mpi).
#pragma once

// The C interface is all that is used.
#pragma push_macro("OMPI_SKIP_MPICXX")
#pragma push_macro("MPICH_SKIP_MPICXX")
#undef OMPI_SKIP_MPICXX
#undef MPICH_SKIP_MPICXX
#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>  // not found? Debian: apt-get install libopenmpi-dev, and mpicxx as the compiler
#pragma pop_macro("MPICH_SKIP_MPICXX")
#pragma pop_macro("OMPI_SKIP_MPICXX")

#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <limits>
#include <span>
#include <string>
#include <thread>
#include <tinynet/core/error.hpp>
#include <tinynet/core/number_text.hpp>
#include <tinynet/core/ranks.hpp>
#include <tinynet/dist/all_sum.hpp>
#include <tinynet/dist/share.hpp>
#include <vector>

namespace tinynet {

/// How an Mpi works.
struct MpiOptions {
  double timeout = 20;  ///< s; how long to wait for a process before it counts as stopped
};

/// All processes of an MPI job. A training with them:
///
///     const Mpi mpi;
///     const auto mine = share(mpi, train);  // this process's rows
///     ...                                   // and the same loop as without
///
/// It starts MPI, and ends it when it is destroyed, unless MPI was started before. One thread may use it: the one that
/// made it. Where an exception destroys it MPI is not ended, since other processes may still wait; a program that then
/// ends without abort() is taken down by mpirun with the other processes.
///
/// Every function throws Error (distributed) if MPI fails. Sums, any(), gather(), barrier() and tinynet::broadcast() do
/// so, too, if another process has not answered in time; broadcast() of bytes, processes_here() and rank_here() wait as
/// long as MPI does.
class Mpi final : public Ranks {
 public:
  /// Throws Error (usage) if the timeout is not positive.
  explicit Mpi(MpiOptions options = {}) : options_(options) {
    if (!(options.timeout > 0)) throw Error(ErrorCode::usage, "Mpi: the timeout must be positive");
    int started = 0, level = 0;
    check(MPI_Initialized(&started), "MPI_Initialized");
    if (started == 0) check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &level), "MPI_Init_thread");
    owns_mpi_ = started == 0;
    check(MPI_Comm_dup(MPI_COMM_WORLD, &world_), "MPI_Comm_dup");
    check(MPI_Comm_set_errhandler(world_, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    check(MPI_Comm_size(world_, &size_), "MPI_Comm_size");
    check(MPI_Comm_rank(world_, &rank_), "MPI_Comm_rank");
  }
  Mpi(const Mpi&) = delete;
  Mpi& operator=(const Mpi&) = delete;
  ~Mpi() override {
    if (std::uncaught_exceptions() > exceptions_before_ || abandoned_) return;
    MPI_Comm_free(&world_);
    if (owns_mpi_) MPI_Finalize();
  }

  /// How many processes there are.
  Index size() const override { return size_; }
  /// Which one this is.
  Index rank() const override { return rank_; }

  void sum(std::span<float> numbers, std::span<double> totals) const override {
    all_sum(numbers, totals, options_.timeout);
  }
  void sum(std::span<double> numbers, std::span<double> totals) const override {
    all_sum(numbers, totals, options_.timeout);
  }

  /// Whether it is true on any of the processes.
  bool any(bool here) const {
    double number = here ? 1 : 0;
    all_sum(std::span<double>(), std::span(&number, 1), options_.timeout);
    return number > 0;
  }

  /// A number of each process, in the order of their ranks.
  std::vector<std::uint64_t> gather(std::uint64_t here) const {
    std::vector<double> halves(2 * static_cast<std::size_t>(size_), 0.0);  // which hold 32 bits exactly
    halves[2 * static_cast<std::size_t>(rank_)] = static_cast<double>(here >> 32);
    halves[2 * static_cast<std::size_t>(rank_) + 1] = static_cast<double>(here & 0xFFFFFFFF);
    all_sum(std::span<double>(), std::span(halves), options_.timeout);
    std::vector<std::uint64_t> all;
    for (std::size_t i = 0; i < halves.size(); i += 2)
      all.push_back(static_cast<std::uint64_t>(halves[i]) << 32 | static_cast<std::uint64_t>(halves[i + 1]));
    return all;
  }

  /// Waits until all processes are here; for so many seconds, where others may have much to do before.
  void barrier() const { barrier(options_.timeout); }
  void barrier(double seconds) const {
    double nothing = 0;
    all_sum(std::span<double>(), std::span(&nothing, 1), seconds);
  }

  /// The processes' own communicator, for messages with tags from 2 on.
  MPI_Comm communicator() const { return world_; }

  /// Gives every process the bytes that the first one has.
  void broadcast(std::span<std::byte> bytes) const {
    check(MPI_Bcast(bytes.data(), count_of(bytes.size()), MPI_BYTE, 0, world_), "MPI_Bcast");
  }

  /// How many of the processes run on this machine.
  int processes_here() const { return ask_here(MPI_Comm_size, "MPI_Comm_size"); }
  /// Which of these this one is, from 0.
  int rank_here() const { return ask_here(MPI_Comm_rank, "MPI_Comm_rank"); }

  /// After a process was lost: MPI will not be ended, which would wait for that one. The program has to end without.
  void abandon() const { abandoned_ = true; }

  /// Ends all processes of the job; mpirun's exit code becomes this one.
  [[noreturn]] void abort(int exit_code) const {
    MPI_Abort(world_, exit_code);
    std::terminate();
  }

 private:
  using Clock = std::chrono::steady_clock;
  enum Tag { data_tag, alive_tag };

  static void check(int result, const char* function) {
    if (result == MPI_SUCCESS) return;
    std::array<char, MPI_MAX_ERROR_STRING> text{};
    int length = 0;
    MPI_Error_string(result, text.data(), &length);
    throw Error(ErrorCode::distributed,
                std::string(function) + ": " + std::string(text.data(), static_cast<std::size_t>(length)));
  }

  template <class Function>
  int ask_here(Function function, const char* name) const {
    MPI_Comm here;
    int number = 0;
    check(MPI_Comm_split_type(world_, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &here), "MPI_Comm_split_type");
    check(function(here, &number), name);
    check(MPI_Comm_free(&here), "MPI_Comm_free");
    return number;
  }

  // What all_sum sends and receives with.
  struct Link {
    const Mpi& mpi;
    double timeout;  // s

    void swap(Index rank, std::span<const std::byte> out, std::span<std::byte> in) const {
      mpi.wait(std::array{mpi.start_receive(rank, in), mpi.start_send(rank, out)}, rank, timeout);
    }
    void send(Index rank, std::span<const std::byte> out) const {
      mpi.wait(std::array{mpi.start_send(rank, out)}, rank, timeout);
    }
    void receive(Index rank, std::span<std::byte> in) const {
      mpi.wait(std::array{mpi.start_receive(rank, in)}, rank, timeout);
    }
  };

  template <class Number>
  void all_sum(std::span<Number> numbers, std::span<double> totals, double timeout) const {
    ++calls_;
    detail::all_sum(Link{*this, timeout}, rank_, size_, numbers, totals);
  }

  static int count_of(std::size_t bytes) {
    if (bytes > static_cast<std::size_t>(std::numeric_limits<int>::max()))
      throw Error(ErrorCode::usage, "Mpi: a sum of " + std::to_string(bytes) + " bytes; MPI takes 2^31 - 1");
    return static_cast<int>(bytes);
  }
  MPI_Request start_send(Index rank, std::span<const std::byte> out) const {
    MPI_Request request;
    check(MPI_Isend(out.data(), count_of(out.size()), MPI_BYTE, static_cast<int>(rank), data_tag, world_, &request),
          "MPI_Isend");
    return request;
  }
  MPI_Request start_receive(Index rank, std::span<std::byte> in) const {
    MPI_Request request;
    check(MPI_Irecv(in.data(), count_of(in.size()), MPI_BYTE, static_cast<int>(rank), data_tag, world_, &request),
          "MPI_Irecv");
    return request;
  }

  // Until the messages have gone or come. MPI itself would wait for ever.
  template <std::size_t Count>
  void wait(std::array<MPI_Request, Count> requests, Index rank, double timeout) const {
    const auto start = Clock::now();
    bool said_alive = false;
    for (long round = 1;; ++round) {
      int done = 0;
      check(MPI_Testall(static_cast<int>(Count), requests.data(), &done, MPI_STATUSES_IGNORE), "MPI_Testall");
      if (done != 0) return;
      if (round % 64 != 0) continue;
      const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
      // After a while, others may need this processor to get on; at once, giving it away would cost a time slice.
      if (seconds > 0.0001) std::this_thread::yield();
      if (seconds > 0.01) std::this_thread::sleep_for(std::chrono::microseconds(200));
      if (seconds > timeout / 2 && !said_alive) {
        say_alive();
        said_alive = true;
      }
      if (seconds > timeout) throw Error(ErrorCode::distributed, silent(rank, timeout));
    }
  }

  // To all others: this process waits in the same sum as they. Whoever says nothing is the one that is waited for.
  void say_alive() const {
    alive_message_ = calls_;
    for (int other = 0; other < size_; ++other)
      if (other != rank_) {
        MPI_Request request;
        check(MPI_Isend(&alive_message_, 1, MPI_INT64_T, other, alive_tag, world_, &request), "MPI_Isend");
        check(MPI_Request_free(&request), "MPI_Request_free");
      }
  }

  // What to say of those that have not said that they are alive; `rank` is the one whose message is missing.
  std::string silent(Index rank, double timeout) const {
    std::vector<bool> heard(static_cast<std::size_t>(size_), false);
    heard[static_cast<std::size_t>(rank_)] = true;
    for (;;) {
      int there = 0;
      MPI_Status status;
      check(MPI_Iprobe(MPI_ANY_SOURCE, alive_tag, world_, &there, &status), "MPI_Iprobe");
      if (there == 0) break;
      std::int64_t call = 0;
      check(MPI_Recv(&call, 1, MPI_INT64_T, status.MPI_SOURCE, alive_tag, world_, MPI_STATUS_IGNORE), "MPI_Recv");
      if (call >= calls_ - 1) heard[static_cast<std::size_t>(status.MPI_SOURCE)] = true;  // not of an earlier wait
    }
    std::string ranks;
    for (std::size_t other = 0; other < heard.size(); ++other)
      if (!heard[other]) ranks += (ranks.empty() ? "" : ", ") + std::to_string(other);
    if (ranks.empty()) ranks = std::to_string(rank);
    return "no answer from rank " + ranks + " of " + std::to_string(size_) + " for " + detail::shortest(timeout) + " s";
  }

  MpiOptions options_;
  MPI_Comm world_ = MPI_COMM_NULL;
  int size_ = 1, rank_ = 0;
  bool owns_mpi_ = false;
  mutable bool abandoned_ = false;
  int exceptions_before_ = std::uncaught_exceptions();
  mutable std::int64_t calls_ = 0;  // of all_sum
  mutable std::int64_t alive_message_ = 0;
};

}  // namespace tinynet
