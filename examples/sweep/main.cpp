// Many trainings of the net of the program mnist, compared with each other.
#include "../mnist/program.hpp"
#include "options.hpp"
#include "sweep.hpp"

int main(int argc, char** argv) {
  std::unique_ptr<mnist::Group> group;
  return mnist::run_program(
      "sweep", ". Try smaller --hidden, --batch or --threads",
      [&] {
        const auto options = sweep::parse_options(argc, argv);
        if (!options) return 0;
        group = mnist::make_group(options->dist, options->dist_timeout);
        mnist::Console console(options->quiet || !group->is_first(), "sweep");
        return sweep::run(*options, *group, console);
      },
      group);
}
