// Row 85: every single request for memory fails once, in every reader and in saving. What throws then has lost nothing.
#include <doctest/doctest.h>

#include <cstddef>
#include <new>
#include <optional>
#include <string>
#include <tinynet/data/gzip.hpp>
#include <tinynet/io/checkpoint.hpp>
#include <tinynet/mlp.hpp>
#include <vector>

#include "../core/count_news.hpp"
#include "../data/make_idx.hpp"
#include "small_training.hpp"

using test::Bytes;
using test::bytes;
using test::read_bytes;
using test::TemporaryFolder;
using test::write_bytes;

namespace {

/// Calls f() again and again, each time with one more of its requests granted, between prepare() and check(done),
/// `done` being whether f came to its end, which ends this. Returns how often f threw.
template <class Prepare, class F, class Check>
int fail_each_request(const Prepare& prepare, const F& f, const Check& check) {
  prepare();
  f();  // what is kept from the first time on is there then
  for (int k = 0;; ++k) {
    prepare();
    const std::ptrdiff_t before = test::live;
    bool done = true, refused = false;
    test::good = k;
    try {
      f();
    } catch (const std::bad_alloc&) {
      done = false;
    } catch (const tinynet::Error& error) {  // of a library that says so itself
      done = false;
      refused = error.code() != tinynet::ErrorCode::io;
    }
    test::good = -1;
    const std::ptrdiff_t left = test::live - before;
    CAPTURE(k);
    CHECK_FALSE(refused);
    CHECK(left == 0);
    check(done);
    if (done) return k;
  }
}

}  // namespace

TEST_CASE("readers") {
  const TemporaryFolder folder;
  const Bytes images = test::idx(8, {50, 28, 28}, 50 * 28 * 28);
  write_bytes(folder / "raw", images);
  write_bytes(folder / "packed", test::gzip(images));
  write_bytes(folder / "labels", test::gzip(test::idx(8, {50}, 50)));
  test::SmallTraining training;
  save_safetensors(folder / "weights", training.net, {{"note", "a text that is longer than a short string may be"}});
  const auto check_reader = [](int least, const auto& read) {
    CHECK(fail_each_request([] {}, read, [](bool) {}) >= least);
  };
  check_reader(3, [&] { tinynet::read_idx_images(folder / "raw"); });
  check_reader(3, [&] { tinynet::read_idx_images(folder / "packed"); });
  check_reader(3, [&] { tinynet::read_idx(folder / "packed"); });
  check_reader(3, [&] { tinynet::read_idx_labels(folder / "labels"); });
  check_reader(50, [&] { tinynet::read_safetensors(folder / "weights"); });
}

TEST_CASE("a net and its optimizer are loaded whole or not at all") {
  const TemporaryFolder folder;
  test::SmallTraining trained;
  for (int step = 0; step < 3; ++step) trained.step();
  save_checkpoint(folder / "checkpoint", trained.net, trained.optimizer, {{"note", std::string(100, 'n')}});
  const auto loaded = trained.numbers(), fresh = test::SmallTraining().numbers();
  REQUIRE(loaded != fresh);
  std::optional<test::SmallTraining> other;
  const int failures = fail_each_request(
      [&] {
        other.reset();
        other.emplace();
      },
      [&] { load_checkpoint(folder / "checkpoint", other->net, other->optimizer); },
      [&](bool done) {
        CHECK(other->numbers() == (done ? loaded : fresh));
        CHECK(other->optimizer.steps() == (done ? 3 : 0));
      });
  CHECK(failures > 50);
}

TEST_CASE("what is saved replaces the old file whole or not at all") {
  const TemporaryFolder folder;
  test::SmallTraining training;
  const std::string path = folder / "file";
  const auto check_saving = [&](const auto& save) {
    save();
    const Bytes fresh = read_bytes(path), old = bytes("what was there before");
    REQUIRE(fresh != old);
    const int failures = fail_each_request([&] { write_bytes(path, old); }, save,
                                           [&](bool done) {
                                             CHECK(folder.names() == std::vector<std::string>{"file"});
                                             CHECK(read_bytes(path) == (done ? fresh : old));
                                           });
    CHECK(failures > 10);
  };
  check_saving([&] { tinynet::write_text_file(path, "a text that is longer than a short string may be"); });
  check_saving([&] { save_safetensors(path, training.net); });
  check_saving([&] { save_checkpoint(path, training.net, training.optimizer, {{"note", std::string(100, 'n')}}); });
}
