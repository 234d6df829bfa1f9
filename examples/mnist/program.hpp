// What every program here does around its work: how its errors are said, and the exit code.
#pragma once

#include <array>
#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <string_view>

#include "allocation.hpp"
#include "console.hpp"
#include "group.hpp"
#include "process.hpp"

namespace mnist {

/// Calls work(), which returns the exit code; what it throws becomes one line on standard error and the error's code.
/// `memory_hint` ends the line that says that memory is short. `group` points to the processes that share the work, or
/// to nothing.
template <class Work>
int run_program(const char* name, const char* memory_hint, const Work& work, const std::unique_ptr<Group>& group = {}) {
  const auto fail = [&](const char* what, tinynet::ErrorCode code, const std::string& path = {}) {
    std::string place, words;
    try {
      if (group) place = said(group->place());
      words = tinynet::detail::printable(path);  // which stays as it is
      if (std::string_view(what).starts_with(words))
        words += said(what + words.size());
      else
        words = said(what);
    } catch (const std::bad_alloc&) {  // then in English
      words.clear();
    }
    std::fprintf(stderr, "%s: error: %s%s\n", name, place.c_str(), words.empty() ? what : words.c_str());
    if (group) group->end(static_cast<int>(code));
    return static_cast<int>(code);
  };
  try {
    guard_standard_streams();
    return work();
  } catch (const OutputClosed&) {
    return 0;
  } catch (const tinynet::Error& error) {
    return fail(error.what(), error.code(), error.path());
  } catch (const std::bad_alloc&) {  // nothing here may ask for memory
    std::array<char, 200> text{};
    const std::size_t bytes = refused_bytes();
    std::snprintf(text.data(), text.size(),
                  bytes == 0 ? "not enough memory%.0zu%s" : "not enough memory: %zu bytes were asked for%s", bytes,
                  memory_hint);
    return fail(text.data(), tinynet::ErrorCode::io);
  } catch (const std::exception& error) {
    std::array<char, 1000> text{};
    std::snprintf(text.data(), text.size(), "a bug of this program: %s", error.what());
    return fail(text.data(), tinynet::ErrorCode::internal);
  }
}

}  // namespace mnist
