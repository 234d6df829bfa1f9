// Every operation against PyTorch's numbers: see reference_cases.hpp.
#include "reference_cases.hpp"

using namespace test::reference;

TEST_CASE("values and gradients are PyTorch's") { check_all<Cpu>(); }

TEST_CASE("one changed number in the file would be noticed") {
  for (const Json& json : cases()) {
    Case<Cpu> c(json);
    CAPTURE(c.name);
    const auto found = run(c);
    Index unnoticed = 0;
    for (auto& [what, expected] : c.expected)
      for (double& number : expected.reshaped()) {
        const double before = number;
        number += 1e-9 * std::max(1.0, std::abs(before));
        if (relative_error(found.at(what), expected) <= tolerance) ++unnoticed;
        number = before;
      }
    CHECK(unnoticed == 0);
  }
}

TEST_CASE("a case with an unknown name, or of another shape, fails") {
  const Json one = {{"shape", {1, 1}}, {"data", {1.0}}};
  Case<Cpu> c(Json{{"name", "add"},
                   {"attributes", Json::object()},
                   {"inputs", {{"a", one}, {"b", one}}},
                   {"output", {{"shape", {1, 1}}, {"data", {2.0}}}},
                   {"upstream", one},
                   {"gradients", {{"a", one}, {"b", one}}}});
  CHECK(relative_error(run(c).at("output"), c.expected.at("output")) == 0);
  CHECK_FALSE(relative_error(run(c).at("output"), Numbers::Constant(1, 2, 2.0)) <= tolerance);
  CHECK_FALSE(relative_error(Numbers::Constant(1, 1, std::nan("")), c.expected.at("output")) <= tolerance);
  c.name = "no_such_operation";
  CHECK_THROWS_AS(run(c), std::out_of_range);
}
