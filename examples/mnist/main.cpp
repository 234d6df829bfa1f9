// Handwritten digit recognition with a fully connected net: the notebook's program.
#include "options.hpp"
#include "program.hpp"
#include "session.hpp"

int main(int argc, char** argv) {
  mnist::speak(mnist::language_of(argc, argv));
  std::unique_ptr<mnist::Group> group;
  return mnist::run_program(
      "mnist", "",
      [&] {
        auto options = mnist::parse_options(argc, argv);
        if (!options) return 0;
        group = mnist::make_group(options->dist, options->dist_timeout);
        if (!group->is_first()) mnist::say_and_write_nothing(*options);
        mnist::Console console(options->quiet);
        return mnist::run(*options, *group, console);
      },
      group);
}
