// What the C++ benchmark programs have in common: the command line, the data, and the line of JSON they end with.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <tinynet/core/eigen.hpp>
#include <tinynet/data/mnist.hpp>
#include <vector>

namespace bench {

/// The command line: NAME=VALUE ..., as the table of compare.py has them.
class Arguments {
 public:
  Arguments(int count, char** words) {
    for (int i = 1; i < count; ++i) {
      const std::string word = words[i];
      values_[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
    }
  }

  const std::string& text(const std::string& name) const {
    const auto found = values_.find(name);
    if (found == values_.end()) throw std::invalid_argument("the argument " + name + "=... is missing");
    return found->second;
  }
  int number(const std::string& name) const { return std::stoi(text(name)); }
  double real(const std::string& name) const { return std::stod(text(name)); }

  /// "784-30-30-10" as a list.
  std::vector<tinynet::Index> shape() const {
    std::vector<tinynet::Index> sizes;
    std::istringstream in(text("shape"));
    for (std::string size; std::getline(in, size, '-');) sizes.push_back(std::stoll(size));
    return sizes;
  }

 private:
  std::map<std::string, std::string> values_;
};

/// What is trained on. Bytes or floats, whichever the data are made of; the other is empty.
struct Data {
  tinynet::Images bytes;
  tinynet::Matrix<float> floats;
  double scale = 1;  // by which the bytes are multiplied as they are read
  std::vector<std::uint8_t> labels;

  tinynet::RowSelection rows() const {
    return bytes.size() > 0 ? bytes * scale : tinynet::RowSelection(tinynet::Rows(floats));
  }
  tinynet::Matrix<float> matrix() const {
    if (bytes.size() == 0) return floats;
    return bytes.matrix().cast<float>() * static_cast<float>(scale);
  }
};

/// `mnist`: the training set in $TINYNET_DATA, 0..255; `mnist01`: scaled to 0..1. `bytes`, `floats`: 60000 rows of
/// random numbers 0..255 or -1..1 with random labels, the same in all languages (see random() in peers/common.py).
inline Data read_data(const std::string& kind, const std::vector<tinynet::Index>& shape) {
  Data data;
  if (kind == "mnist" || kind == "mnist01") {
    const char* const folder = std::getenv("TINYNET_DATA");
    if (folder == nullptr) throw std::invalid_argument("set TINYNET_DATA to a folder with MNIST's four files");
    auto train = tinynet::read_mnist(folder).train;
    data.bytes = std::move(train.images);
    data.labels = std::move(train.labels);
    if (kind == "mnist01") data.scale = 1.0 / 255;
    return data;
  }
  if (kind != "bytes" && kind != "floats") throw std::invalid_argument("unknown data '" + kind + "'");
  std::uint32_t state = 1;
  const auto next = [&state] { return state = state * 1664525u + 1013904223u; };
  const tinynet::Index rows = 60000, cols = shape.front();
  if (kind == "bytes") {
    std::vector<std::uint8_t> pixels(static_cast<std::size_t>(rows * cols));
    for (auto& pixel : pixels) pixel = static_cast<std::uint8_t>(next() >> 24);
    data.bytes = tinynet::Images(std::move(pixels), rows, 1, cols);
  } else {
    data.floats.resize(rows, cols);
    for (float& number : data.floats.reshaped<Eigen::RowMajor>())
      number = static_cast<float>(next() >> 8) * 0x1p-23f - 1.0f;
  }
  data.labels.resize(static_cast<std::size_t>(rows));
  for (auto& label : data.labels)
    label = static_cast<std::uint8_t>((next() >> 24) % static_cast<unsigned>(shape.back()));
  return data;
}

/// The measurements of a process, and the numbers that must be the same for all peers.
class Recorder {
 public:
  /// From now on; the next `lap` ends the first measurement.
  void start() { last_ = Clock::now(); }
  void lap() {
    const auto now = Clock::now();
    seconds_.push_back(std::chrono::duration<double>(now - last_).count());
    if (seconds_.size() == 1) first_step_ = std::chrono::duration<double>(Wall::now().time_since_epoch()).count();
    start();
  }
  template <class Step>
  void measure(int steps, const Step& step) {
    start();
    for (int i = 0; i < steps; ++i) {
      step();
      lap();
    }
  }
  /// The same in chunks of steps that nobody waits for, the last one excepted: step(wait).
  template <class Step>
  void measure(int chunks, int chunk, const Step& step) {
    measure(chunks, [&] {
      for (int i = 1; i <= chunk; ++i) step(i == chunk);
    });
    for (double& seconds : seconds_) seconds /= chunk;
  }

  /// The first three losses of a training.
  void loss(double value) {
    if (wants_loss()) check_.push_back(value);
  }
  bool wants_loss() const { return check_.size() < 3; }
  void check(double value) { check_.push_back(value); }
  /// What goes into the table besides.
  void note(const std::string& name, double value) { notes_ += ", \"" + name + "\": " + list({value}); }

  void print() const {
    std::printf("{\"seconds\": [%s], \"check\": [%s], \"first_step\": %.6f%s}\n", list(seconds_).c_str(),
                list(check_).c_str(), first_step_, notes_.c_str());
  }

 private:
  using Clock = std::chrono::steady_clock;
  using Wall = std::chrono::system_clock;

  static std::string list(const std::vector<double>& numbers) {
    std::ostringstream out;
    out.precision(13);
    for (std::size_t i = 0; i < numbers.size(); ++i) out << (i == 0 ? "" : ", ") << numbers[i];
    return out.str();
  }

  std::vector<double> seconds_, check_;
  std::string notes_;
  double first_step_ = 0;
  Clock::time_point last_ = Clock::now();
};

/// Runs work(arguments), which prints its result; prints what went wrong.
template <class Work>
int run_program(int count, char** words, const Work& work) {
  try {
    work(Arguments(count, words));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}

/// Runs work(arguments, recorder) and prints the result, or what went wrong.
template <class Work>
int run(int count, char** words, const Work& work) {
  return run_program(count, words, [&](const Arguments& arguments) {
    Recorder recorder;
    work(arguments, recorder);
    recorder.print();
  });
}

}  // namespace bench
