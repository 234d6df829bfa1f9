#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <thread>
#include <tinynet/io/random_access.hpp>
#include <vector>

#include "temporary_folder.hpp"

#ifndef _WIN32
#include <sys/stat.h>
#endif

using test::Bytes;
using test::bytes;
using test::error_of;
using test::mentions;
using test::well_formed;
using tinynet::ErrorCode;
using tinynet::RandomAccessFile;

namespace {

Bytes read_at(const RandomAccessFile& file, std::uint64_t offset, std::size_t n) {
  Bytes to(n, 0xEE);
  to.resize(file.read_at(offset, to));
  return to;
}

}  // namespace

TEST_CASE("any part is read at any time, and fewer bytes come only at the end") {
  const test::TemporaryFolder folder;
  test::write_bytes(folder / "a", bytes("0123456789"));
  RandomAccessFile file(folder / "a");
  CHECK(file.path() == folder / "a");
  CHECK(file.size() == 10u);
  CHECK(read_at(file, 7, 2) == bytes("78"));
  CHECK(read_at(file, 0, 3) == bytes("012"));
  CHECK(read_at(file, 8, 5) == bytes("89"));
  CHECK(read_at(file, 10, 1).empty());
  CHECK(read_at(file, std::uint64_t{1} << 40, 1).empty());
  CHECK(read_at(file, 3, 0).empty());
}

TEST_CASE("it is a source like others, whatever else is read in between") {
  const test::TemporaryFolder folder;
  test::write_bytes(folder / "a", bytes("0123456789"));
  RandomAccessFile file(folder / "a");
  Bytes to(4);
  CHECK(file.read(to) == 4);
  CHECK(to == bytes("0123"));
  CHECK(read_at(file, 0, 10).size() == 10);
  CHECK(file.read(to) == 4);
  CHECK(to == bytes("4567"));
  CHECK(file.read(to) == 2);
  CHECK(file.read(to) == 0);
}

TEST_CASE("what cannot be opened is refused as FileSource does") {
  const test::TemporaryFolder folder;
  const auto check = [](const std::string& path) {
    CAPTURE(path);
    const auto error = error_of([&] { RandomAccessFile{path}; });
    CHECK(error.code() == ErrorCode::io);
    CHECK(std::string(error.what()) == error_of([&] { tinynet::FileSource{path}; }).what());
  };
  check(folder / "none");
  check(folder.path());
  check("");
#ifndef _WIN32
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  check(folder / "fifo");
  check("/dev/zero");
#endif
}

TEST_CASE("a file that becomes shorter has fewer bytes, one that becomes longer its old size") {
  const test::TemporaryFolder folder;
  test::write_bytes(folder / "a", Bytes(100'000, 7));
  const RandomAccessFile file(folder / "a");
  std::filesystem::resize_file(folder / "a", 10);
  CHECK(read_at(file, 8, 5).size() == 2);
  CHECK(read_at(file, 50'000, 5).empty());
  std::filesystem::resize_file(folder / "a", 200'000);
  CHECK(file.size() == 100'000u);
}

TEST_CASE("several threads read at the same time") {
  const test::TemporaryFolder folder;
  Bytes content(1 << 16);
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
  test::write_bytes(folder / "a", content);
  const RandomAccessFile file(folder / "a");
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      std::array<std::uint8_t, 64> to{};
      for (std::size_t i = 0; i < 2000; ++i) {
        const std::size_t offset = (i * 977 + t * 131) % (content.size() - to.size());
        const bool whole = file.read_at(offset, to) == to.size();
        wrong += !whole || !std::equal(to.begin(), to.end(), content.begin() + static_cast<std::ptrdiff_t>(offset));
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

#ifdef __linux__
TEST_CASE("a read that fails is an error with the place") {
  // A regular file of which the first page cannot be read.
  const RandomAccessFile file("/proc/self/mem");
  const auto error = error_of([&] { read_at(file, 16, 4); });
  CHECK(error.code() == ErrorCode::io);
  CHECK(error.offset() == 16u);
  CHECK(well_formed(error, "/proc/self/mem"));
  CHECK(mentions(error, "cannot be read"));
}
#endif
