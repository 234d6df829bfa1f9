// What every program here does around its work: how its errors are said, and the exit code.
#pragma once

#include <cstdio>
#include <exception>
#include <new>
#include <string>

#include "allocation.hpp"
#include "console.hpp"
#include "process.hpp"

namespace mnist {

/// Calls work(), which returns the exit code; what it throws becomes one line on standard error and the error's code.
/// `memory_hint` ends the line that says that memory is short.
template <class Work>
int run_program(const std::string& name, const std::string& memory_hint, const Work& work) {
  const auto fail = [&name](const std::string& what, tinynet::ErrorCode code) {
    std::fputs((name + ": error: " + what + "\n").c_str(), stderr);
    return static_cast<int>(code);
  };
  try {
    guard_standard_streams();
    return work();
  } catch (const OutputClosed&) {
    return 0;
  } catch (const tinynet::Error& error) {
    return fail(error.what(), error.code());
  } catch (const std::bad_alloc&) {
    const std::size_t bytes = refused_bytes();
    return fail(
        "not enough memory" + (bytes == 0 ? "" : ": " + std::to_string(bytes) + " bytes were asked for") + memory_hint,
        tinynet::ErrorCode::io);
  } catch (const std::exception& error) {
    return fail(std::string("a bug of this program: ") + error.what(), tinynet::ErrorCode::internal);
  }
}

}  // namespace mnist
