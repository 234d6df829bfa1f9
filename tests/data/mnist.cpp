#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <tinynet/data/mnist.hpp>
#include <vector>

#include "make_idx.hpp"

using test::Bytes;
using test::error_of;
using test::gzip;
using test::idx;
using test::mentions;
using test::TemporaryFolder;
using test::well_formed;
using test::write_bytes;
using tinynet::Error;
using tinynet::ErrorCode;
using tinynet::read_mnist;

namespace {

using Names = std::array<std::string, 4>;

const Names own_names{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
                      "t10k-labels-idx1-ubyte"};

// Three images for training and two for the test, 4 x 5.
std::array<Bytes, 4> small_files() {
  return {idx(8, {3, 4, 5}, 60), idx(8, {3}, 3), idx(8, {2, 4, 5}, 40), idx(8, {2}, 2)};
}

void write_files(const TemporaryFolder& folder, const std::array<Bytes, 4>& files, const Names& names = own_names) {
  for (std::size_t i = 0; i < 4; ++i) write_bytes(folder / names[i], files[i]);
}

Error error_with(std::size_t file, const Bytes& content) {
  const TemporaryFolder folder;
  auto files = small_files();
  files[file] = content;
  write_files(folder, files);
  const Error error = error_of([&] { read_mnist(folder.path()); });
  CHECK(error.code() == ErrorCode::data);
  CHECK(well_formed(error, folder / own_names[file]));
  return error;
}

}  // namespace

TEST_CASE("all names, raw and packed") {
  const std::vector<Names> variants{
      own_names,
      {"train-images.idx3-ubyte", "train-labels.idx1-ubyte", "t10k-images.idx3-ubyte", "t10k-labels.idx1-ubyte"},
      {"train_imgs", "train_labs", "test_imgs", "test_labs"},
      {"train_imgs", "train-labels.idx1-ubyte", "test_imgs", "t10k-labels-idx1-ubyte"}};
  for (Names names : variants)
    for (const bool packed : {false, true}) {
      const TemporaryFolder folder;
      auto files = small_files();
      if (packed)
        for (std::size_t i = 0; i < 4; ++i) {
          names[i] += ".gz";
          files[i] = gzip(files[i]);
        }
      write_files(folder, files, names);
      const auto [train, test] = read_mnist(folder.path());
      CHECK(train.size() == 3);
      CHECK(train.images.height() == 4);
      CHECK(train.images.width() == 5);
      CHECK(train.images.matrix()(2, 19) == 9);
      CHECK(train.labels == std::vector<std::uint8_t>{0, 1, 2});
      CHECK(test.size() == 2);
      CHECK(test.images.matrix()(1, 0) == 0);
      CHECK(test.labels == std::vector<std::uint8_t>{0, 1});
    }
}

TEST_CASE("a raw file is taken before a packed one") {
  const TemporaryFolder folder;
  write_files(folder, small_files());
  write_bytes(folder / "train-images-idx3-ubyte.gz", {1, 2, 3});
  CHECK(read_mnist(folder.path()).train.size() == 3);
}

TEST_CASE("row 21: what is missing is listed with all names tried") {
  const TemporaryFolder folder;
  const auto files = small_files();
  write_bytes(folder / own_names[0], files[0]);
  write_bytes(folder / own_names[3], files[3]);
  std::filesystem::create_symlink("nowhere", folder / own_names[1]);
  const Error error = error_of([&] { read_mnist(folder.path()); });
  CHECK(error.code() == ErrorCode::io);
  CHECK(well_formed(error, folder.path()));
  for (const char* name : {"train-labels-idx1-ubyte[.gz]", "train-labels.idx1-ubyte[.gz]", "train_labs[.gz]",
                           "t10k-images-idx3-ubyte[.gz]", "t10k-images.idx3-ubyte[.gz]", "test_imgs[.gz]"})
    CHECK(mentions(error, name));
  for (const char* name : {"train-images", "test_labs"}) CHECK_FALSE(mentions(error, name));
}

TEST_CASE("row 21: no folder, or something else under its name") {
  const TemporaryFolder folder;
  const Error none = error_of([&] { read_mnist(folder / "none"); });
  CHECK(none.code() == ErrorCode::io);
  CHECK(well_formed(none, folder / "none"));
  CHECK(mentions(none, "No such file"));
  write_bytes(folder / "file", {});
  CHECK(error_of([&] { read_mnist(folder / "file"); }).code() == ErrorCode::io);
  CHECK(error_of([&] { read_mnist(""); }).code() == ErrorCode::io);
}

TEST_CASE("row 22: a directory under a file's name") {
  const TemporaryFolder folder;
  write_files(folder, small_files());
  std::filesystem::remove(folder / own_names[2]);
  std::filesystem::create_directory(folder / own_names[2]);
  const Error error = error_of([&] { read_mnist(folder.path()); });
  CHECK(error.code() == ErrorCode::io);
  CHECK(well_formed(error, folder / own_names[2]));
  CHECK(mentions(error, "a directory"));
}

TEST_CASE("row 3: swapped files are named both") {
  const TemporaryFolder folder;
  const auto files = small_files();
  for (const auto& [a, b] : std::vector<std::pair<int, int>>{{0, 1}, {2, 3}}) {
    auto swapped = files;
    std::swap(swapped[static_cast<std::size_t>(a)], swapped[static_cast<std::size_t>(b)]);
    write_files(folder, swapped);
    const Error error = error_of([&] { read_mnist(folder.path()); });
    CHECK(error.code() == ErrorCode::data);
    CHECK(mentions(error, folder / own_names[static_cast<std::size_t>(a)]));
    CHECK(mentions(error, folder / own_names[static_cast<std::size_t>(b)]));
    CHECK(mentions(error, "swapped"));
  }
  CHECK(mentions(error_with(0, idx(8, {3}, 3)), "swapped with"));
  CHECK(mentions(error_with(3, idx(8, {2, 1, 1}, 2)), "swapped with"));
}

TEST_CASE("row 16: not as many labels as images") {
  const Error error = error_with(1, idx(8, {2}, 2));
  CHECK(error.offset() == 4u);
  CHECK(error.expected() == "3 labels");
  CHECK(error.actual() == "2");
  CHECK(mentions(error, own_names[0]));
}

TEST_CASE("row 17: a label above 9") {
  Bytes labels = idx(8, {3}, 3);
  labels[9] = 10;
  const Error error = error_with(1, labels);
  CHECK(error.offset() == 9u);
  CHECK(mentions(error, "label 1"));
  CHECK(error.actual() == "10");
}

TEST_CASE("row 18: images for the test of another size") {
  const Error error = error_with(2, idx(8, {2, 5, 4}, 40));
  CHECK(mentions(error, own_names[0]));
  CHECK(error.expected() == "4 x 5");
  CHECK(error.actual() == "5 x 4");
}

TEST_CASE("row 14: a cut file") {
  for (std::size_t i = 0; i < 4; ++i) {
    Bytes content = small_files()[i];
    content.pop_back();
    CHECK(error_with(i, content).offset() == content.size());
  }
}

TEST_CASE("the real files") {
  const char* folder = std::getenv("TINYNET_DATA");
  if (!folder || !*folder) {
    MESSAGE("TINYNET_DATA is not set: the real files are not tested");
    return;
  }
  const auto start = std::chrono::steady_clock::now();
  const auto [train, test] = read_mnist(folder);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  MESSAGE("read in " << seconds.count() << " s");
  CHECK(train.size() == 60000);
  CHECK(test.size() == 10000);
  for (const auto* part : {&train, &test}) {
    CHECK(part->images.height() == 28);
    CHECK(part->images.width() == 28);
    CHECK(static_cast<tinynet::Index>(part->labels.size()) == part->images.size());
  }
  const std::array<std::uint8_t, 10> first{5, 0, 4, 1, 9, 2, 1, 3, 1, 4};
  if (!std::equal(first.begin(), first.end(), train.labels.begin())) {
    MESSAGE("TINYNET_DATA holds another data set than MNIST");
    return;
  }
  // The well-known numbers of digits, and two facts about the pixels (reliability.md, 3.5 and 3.8).
  const std::array<int, 10> train_counts{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949};
  const std::array<int, 10> test_counts{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009};
  for (int digit = 0; digit < 10; ++digit) {
    CHECK(std::count(train.labels.begin(), train.labels.end(), digit) == train_counts[static_cast<std::size_t>(digit)]);
    CHECK(std::count(test.labels.begin(), test.labels.end(), digit) == test_counts[static_cast<std::size_t>(digit)]);
  }
  const auto pixels = train.images.matrix();
  std::vector<std::int64_t> sums(784);
  for (tinynet::Index i = 0; i < pixels.rows(); ++i)
    for (tinynet::Index j = 0; j < 784; ++j) sums[static_cast<std::size_t>(j)] += pixels(i, j);
  CHECK(*std::max_element(sums.begin(), sums.end()) == 8373216);
  CHECK(std::count(sums.begin(), sums.end(), 0) == 67);
}
