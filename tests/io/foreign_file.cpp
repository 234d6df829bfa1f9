#include <doctest/doctest.h>

#include <string>
#include <tinynet/io/foreign_file.hpp>

#include "temporary_folder.hpp"

using namespace tinynet;

TEST_CASE("what is known is refused by its name, with the first bytes; what is not is left to others") {
  CHECK_THROWS_WITH_AS(
      detail::refuse_foreign(test::bytes("<!DOCTYPE html>"), "a/b"),
      "a/b: at byte 0 (header length): not a safetensors file: an HTML page; expected the length of the "
      "header in 8 bytes, found '<!DOCTYP'",
      Error);
  CHECK_THROWS_WITH_AS(
      detail::refuse_foreign(test::bytes("\x80\x05"), "a"),
      "a: at byte 0 (header length): not a safetensors file: a Python pickle; expected the length of the "
      "header in 8 bytes, found '\\x80\\x05'",
      Error);
  CHECK_NOTHROW(detail::refuse_foreign({}, "a"));
  CHECK_NOTHROW(detail::refuse_foreign(test::bytes(std::string("\x10\0\0\0\0\0\0\0{", 9)), "a"));
}

TEST_CASE("of PyTorch's files it is said how to write one that can be read") {
  const std::string old("\x80\x02\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20", 10);
  CHECK_THROWS_WITH_AS(detail::refuse_foreign(test::bytes(old), "a"), doctest::Contains("safetensors.torch.save_file"),
                       Error);
}
