// Processes without processes: threads that send each other messages.
#pragma once

#include <condition_variable>
#include <cstring>
#include <exception>
#include <map>
#include <mutex>
#include <queue>
#include <span>
#include <stdexcept>
#include <thread>
#include <tinynet/dist/all_sum.hpp>
#include <utility>
#include <vector>

namespace dist_tests {

using tinynet::Index;

/// What all of them share.
class Mailboxes {
 public:
  using Message = std::vector<std::byte>;

  void put(Index from, Index to, std::span<const std::byte> bytes) {
    const std::lock_guard lock(mutex_);
    boxes_[{from, to}].emplace(bytes.begin(), bytes.end());
    arrived_.notify_all();
  }
  Message take(Index from, Index to) {
    std::unique_lock lock(mutex_);
    auto& box = boxes_[{from, to}];
    arrived_.wait(lock, [&] { return closed_ || !box.empty(); });
    if (box.empty()) throw std::runtime_error("another process has failed");
    Message message = std::move(box.front());
    box.pop();
    return message;
  }
  /// Nothing more comes: whoever waits is told.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    arrived_.notify_all();
  }

 private:
  bool closed_ = false;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::map<std::pair<Index, Index>, std::queue<Message>> boxes_;
};

class ThreadRanks final : public tinynet::Ranks {
 public:
  ThreadRanks(Mailboxes& boxes, Index rank, Index size) : boxes_(boxes), rank_(rank), size_(size) {}
  Index size() const override { return size_; }
  Index rank() const override { return rank_; }
  void sum(std::span<float> numbers, std::span<double> totals) const override {
    tinynet::detail::all_sum(Link{*this}, rank_, size_, numbers, totals);
  }
  void sum(std::span<double> numbers, std::span<double> totals) const override {
    tinynet::detail::all_sum(Link{*this}, rank_, size_, numbers, totals);
  }

 private:
  struct Link {
    const ThreadRanks& own;
    void send(Index to, std::span<const std::byte> out) const { own.boxes_.put(own.rank_, to, out); }
    void receive(Index from, std::span<std::byte> in) const {
      const auto message = own.boxes_.take(from, own.rank_);
      if (message.size() != in.size()) throw std::logic_error("a message of another size");
      std::copy(message.begin(), message.end(), in.begin());
    }
    void swap(Index rank, std::span<const std::byte> out, std::span<std::byte> in) const {
      send(rank, out);
      receive(rank, in);
    }
  };

  Mailboxes& boxes_;
  Index rank_, size_;
};

/// What f(ranks) returns in each of `size` processes.
template <class F>
auto in_each(Index size, const F& f) {
  Mailboxes boxes;
  std::vector<decltype(f(std::declval<const ThreadRanks&>()))> results(static_cast<std::size_t>(size));
  std::exception_ptr error;  // the first
  std::mutex mutex;
  std::vector<std::thread> threads;
  for (Index rank = 0; rank < size; ++rank)
    threads.emplace_back([&, rank] {
      const auto i = static_cast<std::size_t>(rank);
      try {
        results[i] = f(ThreadRanks(boxes, rank, size));
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!error) error = std::current_exception();
        boxes.close();
      }
    });
  for (auto& thread : threads) thread.join();
  if (error) std::rethrow_exception(error);
  return results;
}

}  // namespace dist_tests
