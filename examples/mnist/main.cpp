// Handwritten digit recognition with a fully connected net: the notebook's program.
#include "options.hpp"
#include "program.hpp"
#include "session.hpp"

int main(int argc, char** argv) {
  return mnist::run_program("mnist", "", [&] {
    const auto options = mnist::parse_options(argc, argv);
    if (!options) return 0;
    mnist::Console console(options->quiet);
    return mnist::run(*options, console);
  });
}
