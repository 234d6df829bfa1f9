// Many trainings of the net of the program mnist, compared with each other.
#include <cstdio>
#include <exception>
#include <new>
#include <string>

#include "../mnist/allocation.hpp"
#include "../mnist/console.hpp"
#include "../mnist/process.hpp"
#include "options.hpp"
#include "sweep.hpp"

namespace {

int fail(const std::string& what, tinynet::ErrorCode code) {
  std::fputs(("sweep: error: " + what + "\n").c_str(), stderr);
  return static_cast<int>(code);
}

}  // namespace

int main(int argc, char** argv) try {
  mnist::guard_standard_streams();
  const auto options = sweep::parse_options(argc, argv);
  if (!options) return 0;
  mnist::Console console(options->quiet, "sweep");
  return sweep::run(*options, console);
} catch (const mnist::OutputClosed&) {
  return 0;
} catch (const tinynet::Error& error) {
  return fail(error.what(), error.code());
} catch (const std::bad_alloc&) {
  const std::size_t bytes = mnist::refused_bytes();
  return fail("not enough memory" + (bytes == 0 ? "" : ": " + std::to_string(bytes) + " bytes were asked for") +
                  ". Try smaller --hidden, --batch or --threads",
              tinynet::ErrorCode::io);
} catch (const std::exception& error) {
  return fail(std::string("a bug of this program: ") + error.what(), tinynet::ErrorCode::internal);
}
