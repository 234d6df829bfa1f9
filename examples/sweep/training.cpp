#include "training.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <memory>
#include <tinynet/plot/curve.hpp>
#include <utility>

#include "../mnist/numbers.hpp"
#include "nets.hpp"

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

/// A training with what is known of it so far.
struct Course {
  explicit Course(Training& t) : training(t), recorder(t.configuration.steps) {
    result.configuration = t.configuration;
  }

  /// Calls f() at a step; if it throws Error (numeric), the training has diverged there. Returns whether it goes on.
  template <class F>
  bool attempt(int step, const F& f) {
    try {
      f();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::numeric) throw;
      result.divergence = {step, error.what()};
    }
    return goes_on();
  }
  bool goes_on() const { return !result.divergence; }

  void add(int step, float loss) {
    check_finite(static_cast<double>(loss), "the loss");
    recorder.add(step, result.seconds, loss);
    result.train_loss = loss;
  }

  void show(int step) {
    training.loss = result.train_loss;
    training.step = step;
  }

  Training& training;
  Recorder recorder;
  Result result;
};

/// A bundle's trainings.
class Courses {
 public:
  Courses(std::deque<Training>& trainings, const mnist::Data& data) : data_(data) {
    Bundle bundle;
    for (Training& t : trainings) {
      list_.emplace_back(t);
      bundle.push_back(t.configuration);
    }
    nets_ = make_nets(bundle, data.train);
  }

  bool go_on() const { return count() > 0; }

  void step(int step) {
    const auto start = std::chrono::steady_clock::now();
    check_weights(step);
    nets_->step([&](std::size_t k, float loss) {
      Course& course = list_[k];
      return course.attempt(step, [&] { course.add(step, loss); });
    });
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    const double share = time.count() / static_cast<double>(count());
    for (Course& course : list_)
      if (course.goes_on()) {
        course.result.seconds += share;
        course.show(step + 1);
      }
  }

  void test(int step) {
    check_weights(step);
    for (std::size_t k = 0; k < list_.size(); ++k)
      if (Course& course = list_[k]; course.goes_on())
        course.attempt(step, [&] {
          const tinynet::Evaluation test = nets_->evaluate(k, data_.test);
          check_finite(test.loss, "the loss on the test data");
          course.result.test_loss = static_cast<float>(test.loss);
          course.result.accuracy = test.accuracy;
        });
  }

  std::vector<Result> results() {
    std::vector<Result> results;
    for (Course& course : list_) {
      course.recorder.finish(course.result);
      results.push_back(std::move(course.result));
    }
    return results;
  }

 private:
  std::ptrdiff_t count() const {
    return std::count_if(list_.begin(), list_.end(), [](const Course& course) { return course.goes_on(); });
  }

  void check_weights(int step) {  // a loss need not show them
    for (std::size_t k = 0; k < list_.size(); ++k)
      if (list_[k].goes_on() && !nets_->finite(k)) {
        list_[k].result.divergence = {step, "a weight, or what the optimizer remembers, is NaN or infinite"};
        nets_->stop(k);
      }
  }

  const mnist::Data& data_;
  std::deque<Course> list_;
  std::unique_ptr<Nets> nets_;
};

}  // namespace

std::vector<Result> train(std::deque<Training>& trainings, const mnist::Data& data, const std::atomic<bool>& stop) {
  Courses courses(trainings, data);
  const int steps = trainings.front().configuration.steps;
  int step = 0;
  for (; step < steps && courses.go_on(); ++step) {
    if (stop) return {};
    courses.step(step);
  }
  courses.test(step);
  return courses.results();
}

}  // namespace sweep
