// An IDX file of 4 GiB is trained on within 1 GiB of memory: the address space of this program is limited to that.
#include <doctest/doctest.h>

#ifdef __linux__

#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <tinynet/data/file_batches.hpp>
#include <tinynet/data/file_chunks.hpp>
#include <tinynet/data/image_file.hpp>
#include <tinynet/data/synthetic.hpp>
#include <tinynet/mlp.hpp>
#include <vector>

#include "../skip.hpp"
#include "make_idx.hpp"

using namespace tinynet;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif
#else
constexpr bool sanitized = false;
#endif

constexpr std::int64_t gibibyte = std::int64_t{1} << 30;
constexpr Index pixels = 784, rows = 4 * gibibyte / pixels + 1;
constexpr Index blocks = 40, block_rows = 100, digits = blocks * block_rows;  // the other rows are blank
constexpr std::uint8_t blank_label = 3;

Index first_row(Index block) { return rows / blocks * block + 12345; }

// What a file takes of the disk, in bytes.
std::int64_t taken(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? std::int64_t{status.st_blocks} * 512 : -1;
}

// A file of 4 GiB that takes next to nothing of the disk: some digits here and there in one great hole. False if the
// disk cannot.
bool write_sparse(const std::string& path, const Dataset& some) {
  test::write_bytes(path, test::idx(8, {static_cast<std::uint32_t>(rows), 28, 28}, 0));
  std::error_code error;
  std::filesystem::resize_file(path, static_cast<std::uintmax_t>(16 + rows * pixels), error);
  if (error || taken(path) > gibibyte / 8) return false;
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  for (Index block = 0; block < blocks; ++block) {
    file.seekp(16 + first_row(block) * pixels);
    file.write(reinterpret_cast<const char*>(some.images.data() + block * block_rows * pixels), block_rows * pixels);
  }
  file.close();
  return file.good() && taken(path) < gibibyte / 8;
}

std::vector<std::uint8_t> all_labels(const Dataset& some) {
  std::vector<std::uint8_t> labels(static_cast<std::size_t>(rows), blank_label);
  for (Index block = 0; block < blocks; ++block)
    std::copy_n(some.labels.begin() + block * block_rows, block_rows, labels.begin() + first_row(block));
  return labels;
}

// The most memory that this program has had, in bytes.
std::int64_t peak_memory() {
  std::ifstream status("/proc/self/status");
  std::string word;
  std::int64_t kibibytes = -1;
  while (status >> word)
    if (word == "VmHWM:") status >> kibibytes;
  return kibibytes * 1024;
}

using Net = MLP<pixels, 30, 30, 10>;

}  // namespace

TEST_CASE("4 GiB of images within 1 GiB of memory") {
  if (sanitized) {
    return test::skip("a sanitizer needs the address space that is to be limited");
  }
  const rlimit limit{static_cast<rlim_t>(gibibyte), static_cast<rlim_t>(gibibyte)};
  REQUIRE(::setrlimit(RLIMIT_AS, &limit) == 0);
  set_num_threads(2);             // each more has address space of its own
  std::signal(SIGXFSZ, SIG_IGN);  // where files of this size are forbidden, that is an error like others
  const test::TemporaryFolder folder;
  const Dataset some = synthetic_digits(digits, 0).first;
  if (!write_sparse(folder / "images", some)) {
    return test::skip("no file of 4 GiB with a hole can be made in " + folder.path() + " (see TMPDIR)");
  }
  const auto labels = all_labels(some);
  const ImageFile file(folder / "images");
  REQUIRE(file.rows() * file.cols() > 4 * gibibyte);
  Net net{Seed{0}};
  SGD optimizer{net, {.lr = 0.01}};

  // The gradient of all rows, against that of the digits and of one blank row, each as often as it is there.
  double loss = 0;
  FileChunks chunks(file, labels, 20000);
  for (Index i = 0; i < chunks.per_epoch(); ++i) {
    const auto [x, y, share] = chunks.next();
    auto part = cross_entropy(net(x * (1.0 / 255)), y) * share;
    part.backward();
    loss += static_cast<double>(part.item());
  }
  Net other{Seed{0}};
  const Matrix<std::uint8_t> blank = Matrix<std::uint8_t>::Zero(1, pixels);
  const float share = static_cast<float>(digits) / static_cast<float>(rows);
  auto of_digits = cross_entropy(other(some.images * (1.0 / 255)), some.labels) * share;
  auto of_blank = cross_entropy(other(blank), std::array{blank_label}) * (1 - share);
  of_digits.backward();
  of_blank.backward();
  CHECK(loss == doctest::Approx(static_cast<double>(of_digits.item() + of_blank.item())).epsilon(1e-6));
  const auto first = [](auto& n) { return Eigen::VectorXf(flat_parameters(n)->gradient.head(30 * pixels)); };
  CHECK(first(net).norm() > 0);  // the first layer's weights: of the digits alone
  CHECK((first(net) - first(other)).norm() < 1e-4f * first(other).norm());
  const Eigen::VectorXf gradient = flat_parameters(net)->gradient, expected = flat_parameters(other)->gradient;
  CHECK((gradient - expected).norm() < 1e-4f * expected.norm());
  optimizer.step();

  // Mini-batches of rows from everywhere in the file.
  FileBatches batches(file, labels, 1000);
  for (int i = 0; i < 1000; ++i) {
    const auto [x, y] = batches.next();
    auto part = cross_entropy(net(x * (1.0 / 255)), y);
    optimizer.zero_grad();
    part.backward();
    optimizer.step();
  }
  CHECK(evaluate(net, blank, std::array{blank_label}).loss < 0.1);

  CHECK(peak_memory() > 0);
  CHECK(peak_memory() < gibibyte);
  MESSAGE("peak memory " << peak_memory() / 1'000'000 << " MB, file " << rows * pixels / 1'000'000 << " MB, "
                         << taken(folder / "images") / 1'000'000 << " MB of it on the disk");
}

#else

TEST_CASE("4 GiB of images within 1 GiB of memory") { test::skip("this system is not Linux"); }

#endif
