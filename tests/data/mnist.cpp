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

TEST_CASE("Kaggle's archive: files in folders of their names, beside the same ones") {
  const TemporaryFolder folder;
  for (std::size_t i = 0; i < 4; ++i) {
    std::filesystem::create_directory(folder / own_names[i]);
    write_bytes(folder / own_names[i] + "/" + own_names[i], small_files()[i]);
  }
  CHECK(read_mnist(folder.path()).train.size() == 3);
  // A file that lies there itself is taken first.
  write_bytes(folder / "train-images.idx3-ubyte", idx(8, {3, 4, 5}, 60));
  CHECK(tinynet::detail::find_mnist(folder.path())[0] == folder / "train-images.idx3-ubyte");
  CHECK(tinynet::detail::find_mnist(folder.path())[1] == folder / own_names[1] + "/" + own_names[1]);
  CHECK(read_mnist(folder.path()).test.size() == 2);
}

TEST_CASE("a folder above the one data set there is, as torchvision makes it") {
  for (const char* const below :
       {"MNIST/raw", "FashionMNIST/raw", "KMNIST/raw", "gzip", "archive", "raw", "EMNIST/raw/gzip"}) {
    CAPTURE(below);
    const TemporaryFolder folder;
    std::filesystem::create_directories(folder / below);
    std::filesystem::create_directories(folder / "MNIST/processed");
    for (std::size_t i = 0; i < 4; ++i) {
      write_bytes(folder / below + "/" + own_names[i], small_files()[i]);
      write_bytes(folder / below + "/" + own_names[i] + ".gz", gzip(small_files()[i]));
    }
    CHECK(read_mnist(folder.path()).train.size() == 3);
    CHECK(read_mnist(folder / below).train.size() == 3);
  }

  // Of several none is taken for another; what is in the folder itself comes first.
  const TemporaryFolder folder;
  for (const char* const below : {"MNIST/raw", "FashionMNIST/raw", "KMNIST/raw"}) {
    std::filesystem::create_directories(folder / below);
    for (std::size_t i = 0; i < 4; ++i) write_bytes(folder / below + "/" + own_names[i], small_files()[i]);
  }
  std::filesystem::remove(folder / "KMNIST/raw/" + own_names[1]);  // is not one
  const Error error = error_of([&] { read_mnist(folder.path()); });
  CHECK(error.code() == ErrorCode::data);
  CHECK(well_formed(error, folder.path()));
  CHECK(mentions(error, "more than one data set"));
  CHECK(error.actual() == folder / "FashionMNIST/raw" + ", " + folder / "MNIST/raw");
  CHECK(mentions(error, "Give one of these paths"));
  CHECK(read_mnist(folder / "MNIST").train.size() == 3);
  write_files(folder, small_files());
  CHECK(tinynet::detail::find_mnist(folder.path())[0] == folder / own_names[0]);
  std::filesystem::remove(folder / own_names[0]);
  CHECK(mentions(error_of([&] { read_mnist(folder.path()); }), "MNIST is not complete"));
}

TEST_CASE("EMNIST's sets by their names, with their classes") {
  const TemporaryFolder folder;
  const auto write_set = [&](const std::string& set, bool packed, std::uint8_t last) {
    auto files = small_files();
    files[1].back() = last;
    files[3].back() = last;
    if (set == "emnist-letters") files[1][8] = files[1][9] = files[3][8] = 1;
    const Names names{"-train-images-idx3-ubyte", "-train-labels-idx1-ubyte", "-test-images-idx3-ubyte",
                      "-test-labels-idx1-ubyte"};
    for (std::size_t i = 0; i < 4; ++i)
      write_bytes(folder / set + names[i] + (packed ? ".gz" : ""), packed ? gzip(files[i]) : files[i]);
  };
  write_set("emnist-balanced", false, 46);
  const auto balanced = read_mnist(folder.path());  // the only one there
  CHECK(balanced.train.classes == 47);
  CHECK(balanced.test.classes == 47);
  CHECK(balanced.train.labels == std::vector<std::uint8_t>{0, 1, 46});
  write_set("emnist-letters", true, 26);
  write_set("emnist-byclass", false, 61);
  write_set("emnist-bymerge", true, 46);
  write_set("emnist-digits", false, 9);
  write_set("emnist-mnist", true, 9);

  const Error error = error_of([&] { read_mnist(folder.path()); });
  CHECK(error.code() == ErrorCode::data);
  CHECK(well_formed(error, folder.path()));
  for (const auto& [name, classes] : {std::pair{"emnist-balanced", 47},
                                      {"emnist-byclass", 62},
                                      {"emnist-bymerge", 47},
                                      {"emnist-digits", 10},
                                      {"emnist-mnist", 10},
                                      {"emnist-letters", 26}}) {
    const std::string set = name;
    CAPTURE(set);
    CHECK(mentions(error, folder / set));
    const auto data = read_mnist(folder / set);
    CHECK(data.train.classes == classes);
    CHECK(data.test.labels.back() == classes - 1);
    CHECK(data.train.size() == 3);
  }
  // Letters are 1 to 26 in the file, and 0 to 25 here.
  CHECK(read_mnist(folder / "emnist-letters").train.labels == std::vector<std::uint8_t>{0, 0, 25});
  CHECK(read_mnist(folder / "emnist-letters", {.classes = 27}).train.labels == std::vector<std::uint8_t>{1, 1, 26});
  CHECK(read_mnist(folder / "emnist-balanced", {.classes = 50}).train.classes == 50);
  CHECK(error_of([&] { read_mnist(folder / "emnist-balanced", {.classes = 46}); }).actual() == "46");
  CHECK(error_of([&] { read_mnist(folder / "emnist-balanced", {.classes = 45}); }).actual() == "46");
  CHECK(error_of([&] { read_mnist(folder / "emnist-letters", {.classes = -1}); }).code() == ErrorCode::usage);

  write_set("emnist-digits", false, 10);
  CHECK(mentions(error_of([&] { read_mnist(folder / "emnist-digits"); }), "no such class"));
  std::filesystem::remove(folder / "emnist-digits-test-labels-idx1-ubyte");
  CHECK(mentions(error_of([&] { read_mnist(folder / "emnist-digits"); }),
                 "emnist-digits-test-labels-idx1-ubyte[.gz] or emnist-digits-test-labels.idx1-ubyte[.gz]"));
  CHECK(mentions(error_of([&] { read_mnist(folder / "emnist"); }), "no folder to read MNIST from"));
}

TEST_CASE("other numbers of classes, and labels from 1, where they are asked for") {
  const TemporaryFolder folder;
  auto files = small_files();
  files[1][10] = 11;
  write_files(folder, files);
  CHECK(read_mnist(folder.path(), {.classes = 12}).train.labels == std::vector<std::uint8_t>{0, 1, 11});
  CHECK(read_mnist(folder.path(), {.classes = 256}).train.classes == 256);
  const Error error = error_of([&] { read_mnist(folder.path(), {.classes = 11}); });  // 0 and 11 make twelve
  CHECK(error.offset() == 10u);
  CHECK(error.expected() == "0 to 10");
  for (auto* const labels : {&files[1], &files[3]}) (*labels)[8] = 1;
  write_files(folder, files);
  CHECK(read_mnist(folder.path(), {.classes = 11}).train.labels == std::vector<std::uint8_t>{0, 0, 10});
  CHECK(read_mnist(folder.path(), {.classes = 11}).test.labels == std::vector<std::uint8_t>{0, 0});
  CHECK(error_of([&] { read_mnist(folder.path()); }).code() == ErrorCode::data);
}

TEST_CASE("QMNIST's labels: the first of eight numbers a row") {
  const auto labels = [](std::uint32_t count, std::uint32_t columns, std::uint8_t last) {
    Bytes file = idx(0x0C, {count, columns}, 4 * count * columns);
    for (std::size_t i = 12; i < file.size(); ++i) file[i] = 77;
    for (std::uint32_t row = 0; row < count; ++row)
      for (std::size_t b = 0; b < 4; ++b)
        file[12 + 4 * columns * row + b] = b < 3 ? std::uint8_t{0} : row + 1 == count ? last : std::uint8_t{5};
    return file;
  };
  const TemporaryFolder folder;
  const auto write_set = [&](const Bytes& train_labels) {
    write_bytes(folder / "qmnist-train-images-idx3-ubyte", small_files()[0]);
    write_bytes(folder / "qmnist-train-labels-idx2-int", train_labels);
    write_bytes(folder / "qmnist-test-images-idx3-ubyte.gz", gzip(small_files()[2]));
    write_bytes(folder / "qmnist-test-labels-idx2-int.gz", gzip(labels(2, 8, 9)));
  };
  write_set(labels(3, 8, 4));
  const auto [train, test] = read_mnist(folder.path());
  CHECK(train.labels == std::vector<std::uint8_t>{5, 5, 4});
  CHECK(test.labels == std::vector<std::uint8_t>{5, 9});
  CHECK(train.classes == 10);
  CHECK(read_mnist(folder / "qmnist").train.size() == 3);

  write_set(labels(3, 8, 10));
  const Error error = error_of([&] { read_mnist(folder.path()); });
  CHECK(error.offset() == 12u + 2 * 32);
  CHECK(error.actual() == "10");
  Bytes negative = labels(3, 8, 4);
  negative[12] = 0xFF;
  write_set(negative);
  CHECK(mentions(error_of([&] { read_mnist(folder.path()); }), "no such class"));
  write_set(labels(2, 8, 4));
  CHECK(mentions(error_of([&] { read_mnist(folder.path()); }), "not as many labels as images"));
  write_set(idx(0x0C, {3, 0}, 0));
  CHECK(mentions(error_of([&] { read_mnist(folder.path()); }), "labels without numbers"));
}

TEST_CASE("an archive that is not unpacked is named") {
  const TemporaryFolder folder;
  write_bytes(folder / "archive.zip", {'P', 'K'});
  const Error error = error_of([&] { read_mnist(folder.path()); });
  CHECK(mentions(error, "MNIST is not complete"));
  CHECK(mentions(error, "Unpack archive.zip first"));
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
