// The same with CppAD: recorded anew for every gradient, or with mode=recorded once. With a tape that is there already
// the program cannot branch on values any more.
#include <cppad/cppad.hpp>
#include <memory>

#include "../scalars.hpp"

namespace {

using Number = CppAD::AD<double>;
using Tape = CppAD::ADFun<double>;

class Gradient {
 public:
  explicit Gradient(bool recorded_once) : recorded_once_(recorded_once) {}

  template <class F>
  double operator()(const F& f, const std::vector<double>& start, std::vector<double>& dx) const {
    if (recorded_once_) {
      if (!tape_) tape_ = std::make_shared<Tape>(recorded(f, start).tape());
      const double value = tape_->Forward(0, start)[0];
      dx = tape_->Reverse(1, one);
      return value;
    }
    const Recorded result = recorded(f, start);
    const double value = CppAD::Value(CppAD::Var2Par(result.y[0]));
    Tape tape(result.x, result.y);  // with the values that it was recorded with
    dx = tape.Reverse(1, one);
    return value;
  }

 private:
  struct Recorded {
    std::vector<Number> x, y;
    Tape tape() const { return Tape(x, y); }
  };

  template <class F>
  static Recorded recorded(const F& f, const std::vector<double>& start) {
    std::vector<Number> x(start.begin(), start.end());
    CppAD::Independent(x);
    std::vector<Number> y{f(x)};
    return {std::move(x), std::move(y)};
  }

  inline static const std::vector<double> one{1.0};
  bool recorded_once_;
  mutable std::shared_ptr<Tape> tape_;
};

}  // namespace

int main(int count, char** words) {
  CppAD::thread_alloc::hold_memory(true);  // memory is kept for the next tape
  return bench::run_scalars(count, words, [](const std::string& mode) { return Gradient(mode == "recorded"); });
}
