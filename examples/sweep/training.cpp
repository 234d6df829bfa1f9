#include "training.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <tinynet/plot/curve.hpp>
#include <utility>

#include "../mnist/model.hpp"
#include "../mnist/numbers.hpp"

namespace sweep {
namespace {

using tinynet::Error;
using tinynet::ErrorCode;

constexpr int most_recorded = 100'000;
constexpr std::size_t most_kept = 500;

/// The losses of the training so far.
class Recorder {
 public:
  explicit Recorder(int steps) : every_(1 + (steps - 1) / most_recorded), last_(steps - 1) {}

  void add(int step, double seconds, float loss) {
    if (step % every_ != 0 && step != last_) return;
    steps_.push_back(step);
    seconds_.push_back(seconds);
    losses_.push_back(loss);
  }

  /// Moves those to `result` that make the same picture.
  void finish(Result& result) const {
    tinynet::Curve all;
    for (std::size_t i = 0; i < losses_.size(); ++i) {
      all.x.push_back(static_cast<double>(i));
      all.y.push_back(static_cast<double>(losses_[i]));
    }
    for (const double x : tinynet::thinned(all, most_kept).x) {
      const auto i = static_cast<std::size_t>(x);
      result.steps.push_back(steps_[i]);
      result.step_seconds.push_back(seconds_[i]);
      result.losses.push_back(losses_[i]);
    }
  }

 private:
  int every_, last_;
  std::vector<int> steps_;
  std::vector<double> seconds_;
  std::vector<float> losses_;
};

void check_finite(double loss, const std::string& name) {
  if (!std::isfinite(loss)) throw Error(ErrorCode::numeric, name + " is " + mnist::nonfinite_word(loss));
}

}  // namespace

std::optional<Result> train(const Configuration& configuration, const mnist::Data& data, const std::atomic<bool>& stop,
                            Progress& progress) {
  Result result;
  result.configuration = configuration;
  Recorder recorder(configuration.steps);
  int step = 0;
  const auto start = std::chrono::steady_clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  try {
    const auto model = mnist::make_model(configuration, data.train);
    const double before = elapsed();
    const auto check_weights = [&model] {  // a loss need not show them
      if (!model->finite())
        throw Error(ErrorCode::numeric, "a weight, or what the optimizer remembers, is NaN or infinite");
    };
    for (; step < configuration.steps; ++step) {
      if (stop) return std::nullopt;
      check_weights();
      const double seconds = elapsed() - before;
      model->step(true, [&](float loss) {
        check_finite(static_cast<double>(loss), "the loss");
        recorder.add(step, seconds, loss);
        result.train_loss = loss;
      });
      result.seconds = elapsed() - before;
      progress.loss = result.train_loss;
      progress.step = step + 1;
    }
    check_weights();
    const tinynet::Evaluation test = model->evaluate(data.test);
    check_finite(test.loss, "the loss on the test data");
    result.test_loss = static_cast<float>(test.loss);
    result.accuracy = test.accuracy;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::numeric) throw;
    result.divergence = {step, error.what()};
  }
  recorder.finish(result);
  return result;
}

}  // namespace sweep
