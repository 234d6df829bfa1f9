// Parts of the programs that can be tried alone.
#include <doctest/doctest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <span>
#include <string>
#include <tinynet/data/synthetic.hpp>

#include "../../examples/mnist/group.hpp"
#include "../../examples/mnist/limits.hpp"
#include "../../examples/mnist/numbers.hpp"
#include "../../examples/mnist/result_check.hpp"
#include "../../examples/mnist/settings.hpp"
#include "../../examples/mnist/shell_word.hpp"
#include "../../examples/mnist/words.hpp"

namespace {

namespace fs = std::filesystem;
constexpr double none = std::numeric_limits<double>::infinity();

// A made-up root folder with the files that Linux has of control groups.
class Machine {
 public:
  explicit Machine(const std::string& groups) {
    fs::remove_all(root_);
    write("proc/self/cgroup", groups);
  }
  ~Machine() { fs::remove_all(root_); }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  void write(const std::string& path, const std::string& text) {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }

  mnist::Limits limits() const { return mnist::group_limits(root_); }

 private:
  fs::path root_ = fs::temp_directory_path() / "tinynet test of limits";
};

}  // namespace

TEST_CASE("the limits of control groups, version 2: the tightest from the group to the top") {
  Machine machine("0::/a/b\n");
  CHECK(machine.limits().memory == none);
  CHECK(machine.limits().cpus == none);
  machine.write("sys/fs/cgroup/a/b/memory.max", "max\n");
  machine.write("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  CHECK(machine.limits().memory == none);
  CHECK(machine.limits().cpus == none);
  machine.write("sys/fs/cgroup/a/memory.max", "3000000\n");
  machine.write("sys/fs/cgroup/a/b/cpu.max", "150000 100000\n");
  CHECK(machine.limits().memory == 3e6);
  CHECK(machine.limits().cpus == 1.5);
  machine.write("sys/fs/cgroup/a/b/memory.max", "2000000\n");
  machine.write("sys/fs/cgroup/a/cpu.max", "20000 100000\n");
  CHECK(machine.limits().memory == 2e6);
  CHECK(machine.limits().cpus == doctest::Approx(0.2));
  machine.write("sys/fs/cgroup/other/memory.max", "1\n");
  CHECK(machine.limits().memory == 2e6);
}

TEST_CASE("a container that sees only its own part of the tree") {
  for (const char* const groups : {"0::/\n", "0::/docker/1234\n", "0::/../../elsewhere\n"}) {
    CAPTURE(groups);
    Machine machine(groups);
    machine.write("sys/fs/cgroup/memory.max", "1000000\n");
    CHECK(machine.limits().memory == 1e6);
  }
}

TEST_CASE("the limits of control groups, version 1") {
  Machine machine("9:name=systemd:/\n4:memory:/box\n2:cpu,cpuacct:/box\nnonsense\n0::/\n");
  machine.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  CHECK(machine.limits().memory == doctest::Approx(9.223372036854771712e18));
  machine.write("sys/fs/cgroup/memory/box/memory.limit_in_bytes", "5000000\n");
  CHECK(machine.limits().memory == 5e6);
  machine.write("sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us", "100000\n");
  machine.write("sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "-1\n");
  CHECK(machine.limits().cpus == none);
  machine.write("sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "250000\n");
  CHECK(machine.limits().cpus == 2.5);
}

TEST_CASE("where there are no control groups there is no limit by them") {
  const mnist::Limits limits = mnist::group_limits("no such folder");
  CHECK(limits.memory == none);
  CHECK(limits.cpus == none);
  CHECK(mnist::cpus_present() >= 1);
  CHECK(mnist::memory_present() > 1e6);
}

TEST_CASE("settings: those that nobody gave are not there") {
  mnist::Options options;
  const auto names = [&options] {
    std::string list;
    const auto json = mnist::settings_json(options);
    for (const auto& [name, value] : json.items()) list += name + " ";
    return list;
  };
  CHECK(names() == "hidden activation optimizer lr scale batch steps seed ");
  options.momentum = 0.5;
  options.weight_decay = 0;
  options.engine = mnist::Engine::tape;
  options.hidden = {};
  CHECK(names() == "hidden activation optimizer lr momentum weight-decay scale batch steps seed engine ");
  CHECK(mnist::settings_json(options).dump() ==
        R"({"hidden":[],"activation":"relu","optimizer":"sgd","lr":0.003,"momentum":0.5,"weight-decay":0,"scale":1,)"
        R"("batch":0,"steps":5000,"seed":0,"engine":"tape"})");
}

namespace {

/// A net that is wrong now and then, as one on a GPU might be.
class Wrong : public mnist::Model {
 public:
  Wrong(const mnist::Options& options, const tinynet::Dataset& data) : model_(mnist::make_model(options, data)) {}

  tinynet::Evaluation evaluate(const tinynet::Dataset& data) const override {
    tinynet::Evaluation result = model_->evaluate(data);
    result.loss += loss_error;
    return result;
  }
  std::vector<float> gradient(const tinynet::Dataset& data) override {
    std::vector<float> result = model_->gradient(data);
    result.back() += gradient_error;
    return result;
  }
  std::optional<float> step(bool wanted, const std::function<void(float)>& on_loss) override {
    return model_->step(wanted, on_loss);
  }
  std::string text() const override { return model_->text(); }
  std::vector<tinynet::NamedTensor<float>> weights() override { return model_->weights(); }
  void save_checkpoint(const std::string& path, tinynet::Metadata about) override {
    model_->save_checkpoint(path, std::move(about));
  }
  int load_checkpoint(const std::string& path) override { return model_->load_checkpoint(path); }
  void set_lr(double lr) override { model_->set_lr(lr); }
  const mnist::Computation& computation() const override { return model_->computation(); }
  std::string device() const override { return model_->device(); }

  double loss_error = 0;
  float gradient_error = 0;

 private:
  std::unique_ptr<mnist::Model> model_;
};

}  // namespace

TEST_CASE("a wrong loss and a wrong gradient are found, those that are only rounded are not") {
  mnist::Options options;
  const auto [train, test] = tinynet::synthetic_digits(2000, 10);
  mnist::ResultCheck check(options, train);
  Wrong wrong(options, train);
  for (int i = 0; i < 3; ++i) {
    CHECK_NOTHROW(check.compare(wrong, 200 * i));
    wrong.step(false, [](float) {});
  }
  wrong.loss_error = 0.05;
  CHECK_THROWS_WITH_AS(check.compare(wrong, 600),
                       doctest::Contains("a wrong result at step 600: the loss of the first "
                                         "1024 rows is "),
                       tinynet::Error);
  wrong.loss_error = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_AS(check.compare(wrong, 600), tinynet::Error);
  wrong.loss_error = 0;
  wrong.gradient_error = 0.1f;
  CHECK_THROWS_WITH_AS(check.compare(wrong, 800),
                       doctest::Contains("step 800: the gradient of the first 1024 rows is "), tinynet::Error);
  wrong.gradient_error = 1e-6f;
  CHECK_NOTHROW(check.compare(wrong, 800));
}

TEST_CASE("processes that have something else than the first one are named") {
  struct Others : mnist::Group {
    std::vector<std::uint64_t> hashes;
    std::vector<std::uint64_t> gather(std::uint64_t own) const override {
      std::vector<std::uint64_t> all{own};
      for (const std::uint64_t hash : hashes) all.push_back(hash == 0 ? own : hash);
      return all;
    }
  };
  Others others;
  others.hashes = {0, 0, 0};
  CHECK_NOTHROW(mnist::check_same(others, "weights before step 200", "text"));
  others.hashes = {0, 7, 0, 8};
  std::string text;
  try {
    mnist::check_same(others, "weights before step 200", "text");
  } catch (const tinynet::Error& error) {
    CHECK(error.code() == tinynet::ErrorCode::distributed);
    text = error.what();
  }
  CHECK(text == "the processes do not have the same weights before step 200: rank 2, 4 of 5 differs from rank 0");
}

TEST_CASE("numbers for people: no exponent, spaces between the thousands") {
  using mnist::readable;
  CHECK(readable(554432.7, 4) == "554\u202F400");
  CHECK(readable(24790, 15) == "24\u202F790");
  CHECK(readable(1234567890, 15) == "1\u202F234\u202F567\u202F890");
  CHECK(readable(9999, 4) == "9999");
  CHECK(readable(-60000, 15) == "-60\u202F000");
  CHECK(readable(8.71825, 6) == "8.71825");
  CHECK(readable(8.5, 6) == "8.5");
  CHECK(readable(0.130774, 6) == "0.130774");
  CHECK(readable(0.00001234, 3) == "0.0000123");
  CHECK(readable(0, 4) == "0");
  CHECK(readable(25.773, 4) == "25.77");
  CHECK(readable(99999.9, 4) == "100\u202F000");
}

TEST_CASE("words of a command as a shell takes them") {
  CHECK(mnist::shell_word("--lr=0.1") == "--lr=0.1");
  CHECK(mnist::shell_word("") == "''");
  CHECK(mnist::shell_word("it's a") == "'it'\\''s a'");
}

TEST_CASE("sentences are put into Chinese, names and what is not known stay") {
  using mnist::said;
  CHECK(said("the loss") == "the loss");
  mnist::speak(mnist::Language::chinese);
  CHECK(said("step") == "步");
  CHECK(said("goes on after 20 steps") == "在 20 步之后继续");
  CHECK(said("f.bin: not a regular file; expected a regular file, found a directory") ==
        "f.bin：不是普通文件；应为普通文件，实为目录");
  CHECK(said("f: at byte 8 (header): not valid JSON; expected a safetensors header, found x") ==
        "f：第 8 字节处（文件头）：不是有效的 JSON；应为 safetensors 文件头，实为 x");
  CHECK(said("a sentence that nobody knows: it stays; really. Yes, it does") ==
        "a sentence that nobody knows: it stays; really. Yes, it does");
  CHECK(said("predicted:3, actual:5") == "预测值:3, 实际值:5");  // as scripts read it
  // However many marks a text has, it takes no time.
  std::string marks;
  for (int i = 0; i < 300; ++i) marks += "a, b; c. d: ";
  CHECK(said(marks) == marks);
  mnist::speak(mnist::Language::english);
  CHECK(said("step") == "step");
}

TEST_CASE("the columns of a text on a terminal") {
  CHECK(mnist::columns_of("abc") == 3);
  CHECK(mnist::columns_of("训练 5") == 6);
  CHECK(mnist::cut_to_columns("训练 5", 5) == "训练 ");
  CHECK(mnist::cut_to_columns("训练 5", 3) == "训");
  CHECK(mnist::cut_to_columns("\u2588\u2588", 1) == "\u2588");
}
