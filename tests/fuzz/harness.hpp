// What the fuzz targets share: the rules for whatever reads bytes that somebody else wrote, and the start of a
// mutation. A target is a program of one file for libFuzzer (https://llvm.org/docs/LibFuzzer.html). It makes its seeds
// itself.
#pragma once

#include <sanitizer/allocator_interface.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <initializer_list>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <tinynet/core/error.hpp>
#include <vector>

extern "C" {
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
/// Memory that was given back is watched for a while, not for as long as the default says: that takes half the time.
const char* __asan_default_options() { return "quarantine_size_mb=16:malloc_context_size=12"; }

std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);
std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed);
}

namespace fuzz {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// Reports a finding.
[[noreturn]] inline void fail(const std::string& why) {
  std::fprintf(stderr, "fuzz: %s\n", why.c_str());
  std::abort();
}
inline void check(bool holds, const char* rule) {
  if (!holds) fail(std::string("broken rule: ") + rule);
}

// ---- What a reader may do --------------------------------------------------------------------------------------

// The memory of the thread that reads.
inline thread_local std::ptrdiff_t live_bytes = 0, most_live_bytes = 0;

inline const int memory_is_counted = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, std::size_t size) {
      live_bytes += static_cast<std::ptrdiff_t>(size);
      most_live_bytes = std::max(most_live_bytes, live_bytes);
    },
    [](const volatile void* memory) {
      live_bytes -= static_cast<std::ptrdiff_t>(__sanitizer_get_allocated_size(memory));
    });

/// Must an error about a file's content say what was expected and what was found?
inline bool says_expected_and_found = true;

inline void check_error(const tinynet::Error& error, std::initializer_list<tinynet::ErrorCode> allowed) {
  const std::string_view text = error.what();
  if (std::find(allowed.begin(), allowed.end(), error.code()) == allowed.end())
    fail("error of kind " + std::to_string(static_cast<int>(error.code())) + ": " + std::string(text));
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if ((!plain && tinynet::detail::printable(text) != text) || text.size() > 4096)
    fail("a message that is not one short printable line: " + tinynet::detail::printable(text));
  if (says_expected_and_found && error.code() == tinynet::ErrorCode::data &&
      (error.expected().empty() || error.actual().empty()))
    fail("a message that does not say what was expected and found: " + std::string(text));
}

/// Calls `read`, which looks at `present` bytes. Returns whether it came to an end; if not, it has thrown an Error of
/// an allowed kind with a proper message. Anything else is a finding: another exception, more than a second of the
/// processor's time, more memory than there are bytes and 1 MiB.
template <class Read>
bool accepts(std::size_t present, Read read,
             std::initializer_list<tinynet::ErrorCode> allowed = {tinynet::ErrorCode::data}) {
  check(memory_is_counted != 0, "the sanitizer counts memory");
  const std::clock_t start = std::clock();
  const std::ptrdiff_t live_before = most_live_bytes = live_bytes;
  bool accepted = true;
  try {
    read();
  } catch (const tinynet::Error& error) {
    check_error(error, allowed);
    accepted = false;
  }
  const auto taken = static_cast<std::size_t>(most_live_bytes - live_before);
  if (taken > present + (std::size_t{1} << 20))
    fail(std::to_string(taken) + " bytes of memory for " + std::to_string(present));
  check(std::clock() - start < CLOCKS_PER_SEC, "at most a second");
  return accepted;
}

// ---- Mutations -------------------------------------------------------------------------------------------------

using Random = std::minstd_rand;

/// A whole number in [0, n).
inline std::size_t below(Random& random, std::size_t n) {
  return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
}
inline bool one_in(Random& random, std::size_t n) { return below(random, n) == 0; }

/// "a|b||c" as a, b, an empty text and c.
inline std::vector<std::string> list(std::string_view text) {
  std::vector<std::string> all;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('|', begin), text.size());
    all.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return all;
}
inline const std::string& one_of(const std::vector<std::string>& all, Random& random) {
  return all[below(random, all.size())];
}

/// A part of a file, changed as libFuzzer changes files.
template <class Container>
void mutate(Container& part, std::size_t growth = 32) {
  const std::size_t size = part.size();
  part.resize(size + growth);
  part.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(part.data()), size, part.size()));
}

/// The whole of LLVMFuzzerCustomMutator: change(file, random), where `file` is the input or, now and then and at the
/// very beginning, a good file that make(random) makes.
template <class Make, class Change>
std::size_t mutated(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed, Make make,
                    Change change) {
  Random random(seed);
  Bytes file(data, data + size);
  if (size < 2 || one_in(random, 100)) {
    file = make(random);
  } else {
    change(file, random);
  }
  file.resize(std::min(file.size(), max_size));
  if (!file.empty()) std::memcpy(data, file.data(), file.size());
  return file.size();
}

}  // namespace fuzz
