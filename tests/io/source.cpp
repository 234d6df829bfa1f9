#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <tinynet/io/source.hpp>

TEST_CASE("memory is read in order, and fewer bytes come only at the end") {
  const std::array<std::uint8_t, 5> content{1, 2, 3, 4, 5};
  tinynet::MemorySource source(content, "somewhere");
  CHECK(source.path() == "somewhere");
  CHECK(source.size() == 5u);
  CHECK(source.hint().empty());

  std::array<std::uint8_t, 3> to{};
  CHECK(source.read({}) == 0);
  CHECK(source.read(to) == 3);
  CHECK(to == std::array<std::uint8_t, 3>{1, 2, 3});
  CHECK(source.read(to) == 2);
  CHECK(to == std::array<std::uint8_t, 3>{4, 5, 3});
  CHECK(source.read(to) == 0);
  CHECK(source.size() == 5u);
}

TEST_CASE("no memory at all") {
  tinynet::MemorySource source({}, "nothing");
  std::uint8_t byte = 7;
  CHECK(source.size() == 0u);
  CHECK(source.read({&byte, 1}) == 0);
  CHECK(byte == 7);
}
