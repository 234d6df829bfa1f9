#include <doctest/doctest.h>

#include <string>
#include <tinynet/core/error.hpp>

using tinynet::Error;
using tinynet::ErrorCode;

TEST_CASE("a message has all parts in one line") {
  const Error error({.code = ErrorCode::data,
                     .path = "train.idx",
                     .offset = 4,
                     .field = "dimension 0",
                     .what = "wrong size",
                     .expected = "60000",
                     .actual = "59999",
                     .hint = "Download the file again."});
  CHECK(std::string(error.what()) ==
        "train.idx: at byte 4 (dimension 0): wrong size; expected 60000, found 59999. Download the file again.");
  CHECK(error.code() == ErrorCode::data);
  CHECK(error.path() == "train.idx");
  CHECK(error.offset() == 4u);
  CHECK(error.expected() == "60000");
  CHECK(error.actual() == "59999");
}

TEST_CASE("parts that do not apply are left out") {
  CHECK(std::string(Error({.path = "a", .what = "is empty"}).what()) == "a: is empty");
  CHECK(std::string(Error({.path = "a", .offset = 0, .what = "is empty"}).what()) == "a: at byte 0: is empty");
  CHECK(std::string(Error({.path = {}, .what = "shapes differ", .expected = "2 x 3"}).what()) ==
        "shapes differ; expected 2 x 3");
  CHECK(std::string(Error({.path = {}, .what = "shapes differ", .actual = "2 x 3"}).what()) ==
        "shapes differ; found 2 x 3");
}

TEST_CASE("an error that is not about a file") {
  const Error error(ErrorCode::usage, "matmul: cannot multiply 2 x 3 by 4 x 5");
  CHECK(std::string(error.what()) == "matmul: cannot multiply 2 x 3 by 4 x 5");
  CHECK(error.code() == ErrorCode::usage);
  CHECK(error.path().empty());
  CHECK_FALSE(error.offset().has_value());
}

TEST_CASE("it is a std::runtime_error") {
  CHECK_THROWS_AS(throw Error(ErrorCode::io, "cannot open"), std::runtime_error);
}

TEST_CASE("control characters in a file name cannot break the line or garble a terminal") {
  const Error error({.path = "a\nb\x1b[2J\x7f", .what = "cannot be opened"});
  CHECK(std::string(error.what()) == "a\\x0ab\\x1b[2J\\x7f: cannot be opened");
  CHECK(error.path() == "a\nb\x1b[2J\x7f");
}

TEST_CASE("neither can those outside ASCII, nor bytes that are not UTF-8") {
  const auto printable = [](const char* text) { return tinynet::detail::printable(text); };
  // C1: a terminal takes U+009B as ESC [
  CHECK(printable("\xC2\x9B"
                  "2J\xC2\x80\xC2\x9F") == "\\xc2\\x9b2J\\xc2\\x80\\xc2\\x9f");
  // From right to left, ends of lines
  CHECK(printable("a\xE2\x80\xAE"
                  "b") == "a\\xe2\\x80\\xaeb");
  for (const char* const text : {"\xD8\x9C", "\xE2\x80\x8E", "\xE2\x80\x8F", "\xE2\x80\xA8", "\xE2\x80\xA9",
                                 "\xE2\x80\xAA", "\xE2\x81\xA6", "\xE2\x81\xA9"})
    CHECK(printable(text).starts_with("\\x"));
  // Not UTF-8: a byte of a sequence alone, a sequence cut short, too long for its value, a surrogate, beyond the last
  CHECK(printable("\x80") == "\\x80");
  CHECK(printable("\xFF\xC3") == "\\xff\\xc3");
  CHECK(printable("\xC3(") == "\\xc3(");
  CHECK(printable("\xE2\x82") == "\\xe2\\x82");
  CHECK(printable("\xC0\x9B") == "\\xc0\\x9b");
  CHECK(printable("\xE0\x82\x9B") == "\\xe0\\x82\\x9b");
  CHECK(printable("\xED\xA0\x80") == "\\xed\\xa0\\x80");
  CHECK(printable("\xF4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");
  // Everything else stays: é, 中, 😀, a no-break space.
  for (const char* const text : {"\xC3\xA9", "\xE4\xB8\xAD", "\xF0\x9F\x98\x80", "\xC2\xA0", "\xE2\x80\xA7"})
    CHECK(printable(text) == text);
}

TEST_CASE("the codes are the programs' exit codes") {
  CHECK(static_cast<int>(ErrorCode::internal) == 1);
  CHECK(static_cast<int>(ErrorCode::usage) == 2);
  CHECK(static_cast<int>(ErrorCode::data) == 3);
  CHECK(static_cast<int>(ErrorCode::io) == 4);
  CHECK(static_cast<int>(ErrorCode::download) == 5);
  CHECK(static_cast<int>(ErrorCode::numeric) == 6);
  CHECK(static_cast<int>(ErrorCode::device) == 7);
  CHECK(static_cast<int>(ErrorCode::distributed) == 8);
}
