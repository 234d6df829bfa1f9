#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <tinynet/io/row_file.hpp>
#include <vector>

#include "temporary_folder.hpp"

using test::Bytes;
using test::error_of;
using test::mentions;
using test::well_formed;
using tinynet::ErrorCode;
using tinynet::Index;
using Numbers = std::vector<float>;

namespace {

// `rows` rows of 0, 1, 2, ..., then 100, 101, 102, ... and so on, `begin` bytes from the start of a file.
class Table : public tinynet::RowFile<float> {
 public:
  Table(const std::string& path, std::uint64_t begin, Index rows, Index cols)
      : RowFile(std::make_shared<tinynet::RandomAccessFile>(path), begin, rows, cols, "row") {}

  static void write(const std::string& path, std::uint64_t begin, Index rows, Index cols) {
    Bytes content(begin, 0xFF);
    for (Index r = 0; r < rows; ++r)
      for (Index c = 0; c < cols; ++c) {
        const auto number = static_cast<float>(100 * r + c);
        const auto* const raw = reinterpret_cast<const std::uint8_t*>(&number);
        content.insert(content.end(), raw, raw + sizeof number);
      }
    test::write_bytes(path, content);
  }

  Numbers some(Index from, Index count) const {
    Numbers to(static_cast<std::size_t>(count * cols()), -1.0f);
    read(from, count, to);
    return to;
  }
  Numbers some(const std::vector<Index>& which) const {
    Numbers to(which.size() * static_cast<std::size_t>(cols()), -1.0f);
    read(which, to);
    return to;
  }
};

}  // namespace

TEST_CASE("rows are read where they lie") {
  const test::TemporaryFolder folder;
  Table::write(folder / "a", 5, 6, 3);
  const Table table(folder / "a", 5, 6, 3);
  CHECK(table.size() == 6);
  CHECK(table.rows() == 6);
  CHECK(table.cols() == 3);
  CHECK(table.path() == folder / "a");
  CHECK(table.some(0, 1) == Numbers{0, 1, 2});
  CHECK(table.some(4, 2) == Numbers{400, 401, 402, 500, 501, 502});
  CHECK(table.some(6, 0).empty());
  CHECK(table.some({5}) == Numbers{500, 501, 502});
  CHECK(table.some({3, 4, 0, 2, 2, 1}) ==
        Numbers{300, 301, 302, 400, 401, 402, 0, 1, 2, 200, 201, 202, 200, 201, 202, 100, 101, 102});
  CHECK(table.some(std::vector<Index>{}).empty());
}

TEST_CASE("copies share the open file, which outlasts its name") {
  const test::TemporaryFolder folder;
  Table::write(folder / "a", 0, 2, 1);
  auto table = std::make_unique<Table>(folder / "a", 0, 2, 1);
  const Table copy = *table;
  table.reset();
#ifndef _WIN32
  std::filesystem::remove(folder / "a");
#endif
  CHECK(copy.some(0, 2) == Numbers{0, 100});
}

TEST_CASE("rows that do not exist, and room for another number") {
  const test::TemporaryFolder folder;
  Table::write(folder / "a", 0, 6, 3);
  const Table table(folder / "a", 0, 6, 3);
  CHECK(mentions(error_of([&] { table.some(5, 2); }), "2 rows from row 5 of 6 were asked for"));
  CHECK(error_of([&] { table.some(-1, 1); }).code() == ErrorCode::usage);
  Numbers room(3);
  CHECK(error_of([&] { table.read(0, -1, room); }).code() == ErrorCode::usage);
  for (const Index bad : {Index{-1}, Index{6}}) {
    const auto error = error_of([&] { table.some({1, bad}); });
    CHECK(error.code() == ErrorCode::usage);
    CHECK(well_formed(error, folder / "a"));
    CHECK(mentions(error, "row " + std::to_string(bad) + " of 6 was asked for"));
  }
  for (const std::size_t size : {std::size_t{2}, std::size_t{4}}) {
    room.resize(size);
    CHECK(mentions(error_of([&] { table.read(0, 1, room); }),
                   "room for 3 numbers was expected, found " + std::to_string(size)));
    CHECK(error_of([&] { table.read(std::vector<Index>{0}, room); }).code() == ErrorCode::usage);
  }
}

TEST_CASE("row 26: a file that becomes shorter is an error with the row and the place") {
  const test::TemporaryFolder folder;
  Table::write(folder / "a", 5, 6, 3);
  const Table table(folder / "a", 5, 6, 3);
  std::filesystem::resize_file(folder / "a", 5 + 4 * 12 + 7);
  CHECK(table.some(0, 4).size() == 12);
  for (const auto& error : {error_of([&] { table.some(2, 4); }), error_of([&] { table.some({1, 4}); })}) {
    CHECK(error.code() == ErrorCode::data);
    CHECK(well_formed(error, folder / "a"));
    CHECK(error.offset() == 60u);
    CHECK(mentions(error, "row 4"));
    CHECK(mentions(error, "became shorter since it was opened; expected 77 bytes, found 60"));
  }
}
