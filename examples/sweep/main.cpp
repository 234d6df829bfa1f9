// Many trainings of the net of the program mnist, compared with each other.
#include "../mnist/program.hpp"
#include "options.hpp"
#include "sweep.hpp"

int main(int argc, char** argv) {
  return mnist::run_program("sweep", ". Try smaller --hidden, --batch or --threads", [&] {
    const auto options = sweep::parse_options(argc, argv);
    if (!options) return 0;
    mnist::Console console(options->quiet, "sweep");
    return sweep::run(*options, console);
  });
}
