// Texts between the processes of an MPI job, none of which waits for another.
#pragma once

#include <list>
#include <optional>
#include <string>
#include <tinynet/dist/mpi.hpp>
#include <utility>

namespace sweep {

/// A text that has come from another process.
struct Message {
  int from, tag;
  std::string text;
};

class Mailbox {
 public:
  explicit Mailbox(const tinynet::Mpi& mpi) : mpi_(mpi) {}

  /// Sends a text on its way. One to a process that is gone stays on its way.
  void send(int to, int tag, std::string text) {
    std::erase_if(sent_, [](Sent& sent) {
      int done = 0;
      MPI_Test(&sent.request, &done, MPI_STATUS_IGNORE);
      return done != 0;
    });
    Sent& sent = sent_.emplace_back(std::move(text), MPI_REQUEST_NULL);
    MPI_Isend(sent.text.data(), static_cast<int>(sent.text.size()), MPI_BYTE, to, first_tag + tag, mpi_.communicator(),
              &sent.request);
  }

  /// The next text that has come, if there is one.
  std::optional<Message> receive() {
    int there = 0, size = 0;
    MPI_Message handle;
    MPI_Status status;
    MPI_Improbe(MPI_ANY_SOURCE, MPI_ANY_TAG, mpi_.communicator(), &there, &handle, &status);
    if (there == 0) return std::nullopt;
    MPI_Get_count(&status, MPI_BYTE, &size);
    Message message{status.MPI_SOURCE, status.MPI_TAG - first_tag, std::string(static_cast<std::size_t>(size), '\0')};
    MPI_Mrecv(message.text.data(), size, MPI_BYTE, &handle, MPI_STATUS_IGNORE);
    return message;
  }

  /// Waits until all that was sent is on its way, which for a process that is gone is never; a second at most.
  void flush() {
    const auto start = std::chrono::steady_clock::now();
    for (Sent& sent : sent_)
      for (int done = 0; done == 0 && std::chrono::steady_clock::now() - start < std::chrono::seconds(1);)
        MPI_Test(&sent.request, &done, MPI_STATUS_IGNORE);
  }

 private:
  static constexpr int first_tag = 2;  // the library has those below
  struct Sent {
    Sent(std::string t, MPI_Request r) : text(std::move(t)), request(r) {}
    std::string text;
    MPI_Request request;
  };

  const tinynet::Mpi& mpi_;
  std::list<Sent> sent_;
};

}  // namespace sweep
