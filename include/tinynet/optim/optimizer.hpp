// What all optimizers share: the flat vector of parameters they change, the learning rate, the count of steps.
#pragma once

#include <array>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <memory>
#include <string>
#include <tinynet/autodiff/functions.hpp>
#include <tinynet/core/compensated.hpp>
#include <tinynet/core/number_text.hpp>
#include <tinynet/cpu/transform.hpp>
#include <tinynet/cpu/update.hpp>
#include <tinynet/optim/trained.hpp>
#include <utility>
#include <vector>

namespace tinynet {
namespace functions {

/// See detail::still_lost.
struct StillLost : Vectorized {
  /// What counts of `lost`.
  template <class T>
  constexpr T operator()(T number, T written, T lost) const {
    return detail::still_lost(number, written, lost);
  }
};

}  // namespace functions

namespace detail {

/// A step of the parameters in a range; a device may do it in another way. Returns what update_parameters does: on the
/// CPU, whether all numbers are finite then.
template <class Rule, class Scalar, std::size_t States>
auto update_all(const Rule& rule, const ParameterRange<Scalar>& parameters, Scalar* lost, Scalar* written,
                const std::array<Scalar*, States>& state) {
  return update_parameters(rule, parameters.size, parameters.values(), parameters.gradients(), lost, state, written);
}

/// Stands in the options under a name that is not PyTorch's: whoever sets it reads what the name is.
struct CalledLr {
  constexpr CalledLr() = default;
  template <class Number>
  requires std::is_arithmetic_v<Number>
  constexpr CalledLr(Number) {
    static_assert(std::is_void_v<Number>, "tinynet: the option is called lr, as in PyTorch: SGD{net, {.lr = 0.1}}");
  }
};

/// An option of an optimizer, which must be at least 0 and below a bound.
struct CheckedOption {
  const char* name;
  double value, below = std::numeric_limits<double>::infinity();
};

/// Throws Error (usage) unless all are.
inline void check_options(const std::string& optimizer, std::initializer_list<CheckedOption> options) {
  for (const auto& [name, value, below] : options)
    if (!(value >= 0 && value < below))
      throw Error(ErrorCode::usage, optimizer + ": " + name + ": expected a finite number, 0 or more" +
                                        (std::isfinite(below) ? " and below " + shortest(below) : "") + ", found " +
                                        shortest(value));
}

}  // namespace detail

/// The part of an optimizer that a schedule changes.
class LearningRate {
 public:
  /// Starts with this rate.
  explicit LearningRate(double lr) : lr_(lr) {}
  /// The learning rate of the next step.
  double lr() const { return lr_; }
  /// Changes it.
  void set_lr(double lr) { lr_ = lr; }

 private:
  double lr_;
};

/// The base of all optimizers: of all parameters of a net, of those of a part of it (a layer, a module in it), or of
/// one parameter. What is left over stays as it is, numbers and gradients. The parameters of a part stay where they
/// are; such that lie apart (in modules that have not been put together) are joined to one flat vector, which the
/// optimizer holds on to. A copy would train the same net, so there is none. A step throws Error (usage) if parameters
/// have got elsewhere since: joined with others by an optimizer or a net that was made later, or because another net
/// was moved to the place of theirs.
///
/// In float, many steps are smaller than what a parameter can show. What rounding keeps from it is remembered and made
/// up for; but if somebody else writes the parameter (an assignment, a file, another optimizer, `value()`), it is
/// forgotten: the step then starts from the numbers that were written, as that of a new optimizer does.
template <class Scalar_>
class Optimizer : public LearningRate {
 public:
  using Scalar = Scalar_;
  /// As long as the parameters.
  using Vector = typename FlatParameters<Scalar>::Vector;

  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;
  Optimizer(Optimizer&&) noexcept = default;
  Optimizer& operator=(Optimizer&&) noexcept = default;
  ~Optimizer() = default;

  /// Sets the gradients of its parameters to zero.
  void zero_grad() {
    for (const auto& range : ranges_) range.zero_gradient();
  }

  /// How many steps have been made.
  Index steps() const { return steps_; }

  /// Whether all its parameters and all that is remembered were finite after the last step, on the CPU: a loss need not
  /// show that a weight is not, as that of a unit which is then always off. (On a GPU they are not looked at, and this
  /// is true.)
  bool finite() const { return finite_; }

  /// The flat vector of its parameters and their gradients; that of the whole net for an optimizer of a part. (Of a
  /// part that lies in several, the first.)
  FlatParameters<Scalar>& parameters() { return *ranges_.front().storage; }
  const FlatParameters<Scalar>& parameters() const { return *ranges_.front().storage; }

  /// What is remembered from step to step, each as long as its parameters: what the rule needs (momenta, running means
  /// of squares), and last what rounding has kept from the parameters so far.
  const std::vector<Vector>& state() const& {
    forget_changed();
    for_each_range([&](const auto& range, Index begin) {
      using Numbers = detail::Source<Scalar>;
      const Shape shape{1, range.size};
      Scalar* const lost = state_.back().data() + begin;
      transform(shape, functions::StillLost{}, lost, Numbers(range.values(), shape, shape),
                Numbers(written_.data() + begin, shape, shape), Numbers(lost, shape, shape));
    });
    return state_;
  }
  std::vector<Vector> state() && {
    std::as_const(*this).state();
    return std::move(state_);
  }

  /// Goes on from where another optimizer of the same kind was, with parameters that are now as the other's were then.
  /// Throws Error (usage) if the sizes do not fit.
  void restore(Index steps, std::vector<Vector> state) {
    bool fits = state.size() == state_.size();
    for (std::size_t i = 0; fits && i < state.size(); ++i) fits = state[i].size() == state_[i].size();
    if (steps < 0 || !fits) throw Error(ErrorCode::usage, "Optimizer: the state is not one of this optimizer");
    steps_ = steps;
    state_ = std::move(state);
    finite_ = true;
    for_each_range([&](const auto& range, Index begin) {
      using detail::copy;
      copy(range.values(), range.size, written_.data() + begin);
    });
    for (Member& member : members_) member.changes = member.place->changes;
  }

 protected:
  /// Remembers `states` numbers for each parameter, which begin as `initial`.
  template <class Net>
  Optimizer(Net&& net, double lr, std::size_t states, double initial = 0.0)
      : Optimizer(lr, states, initial, list_of(std::forward<Net>(net))) {}

  /// Counts a step and takes rule(p, g, state...) off every parameter p with its gradient g; the rule changes the
  /// states in place. It is called with packs of numbers where there is SIMD.
  template <class Rule, std::size_t... I>
  void update(const Rule& rule, std::index_sequence<I...>) {
    require_in_place();
    forget_changed();
    ++steps_;
    bool finite = true;
    for_each_range([&](const auto& range, Index begin) {
      const std::array<Scalar*, sizeof...(I)> state{state_[I].data() + begin...};
      Scalar *const lost = state_.back().data() + begin, *const written = written_.data() + begin;
      using detail::update_all;
      if constexpr (detail::on_cpu<Scalar>)
        finite &= update_all(rule, range, lost, written, state);
      else
        update_all(rule, range, lost, written, state);
    });
    finite_ = finite;
    for (Member& member : members_) member.changes = ++member.place->changes;
  }
  template <std::size_t States, class Rule>
  void update(const Rule& rule) {
    update(rule, std::make_index_sequence<States>{});
  }

 private:
  // One of its parameters.
  struct Member {
    ParameterPlace* place;
    std::uint64_t changes;  // as this optimizer left it
    Index begin;            // in what is remembered
  };

  using List = std::vector<AnyParameter<Scalar>*>;

  Optimizer(double lr, std::size_t states, double initial, const List& list)
      : LearningRate(lr), ranges_(detail::gather(list)), written_(constant(size_of(list), 0.0)) {
    Index begin = 0;
    for (const AnyParameter<Scalar>* parameter : list) {
      members_.push_back({&parameter->place(), parameter->place().changes, begin});
      begin += parameter->size();
    }
    state_.assign(states, constant(begin, initial));
    state_.push_back(written_);
  }

  template <class Net>
  static List list_of(Net&& net) {
    static_assert(std::is_same_v<Scalar, detail::TrainedScalar<Net>>,
                  "tinynet: the numbers of the optimizer and of the net must be of one type");
    if constexpr (detail::Trained<Net>::is_right && std::is_same_v<Scalar, detail::TrainedScalar<Net>>)
      return detail::trained_parameters(net);
    else
      return {};
  }

  static Index size_of(const List& list) {
    Index size = 0;
    for (const AnyParameter<Scalar>* parameter : list) size += parameter->size();
    return size;
  }
  static Vector constant(Index size, double number) {
    return detail::constant_matrix<Scalar, dynamic, 1>(size, 1, static_cast<detail::number_of<Scalar>>(number));
  }

  // Calls f with each range of parameters and where in what is remembered its numbers begin.
  template <class F>
  void for_each_range(const F& f) const {
    Index begin = 0;
    for (const auto& range : ranges_) {
      f(range, begin);
      begin += range.size;
    }
  }

  void require_in_place() const {
    for (const Member& member : members_)
      if (member.place->moved_away)
        throw Error(ErrorCode::usage,
                    "Optimizer: some of its parameters do not lie with it any more: they have been joined with others "
                    "by an optimizer or a net that was made later, or a net was moved to their place. Make it anew "
                    "after that");
  }

  // What was lost from numbers that somebody has written since, as a whole, does not count any more.
  void forget_changed() const {
    using detail::fill;
    for (const Member& member : members_)
      if (member.place->changes != member.changes)
        fill(state_.back().data() + member.begin, member.place->size, detail::number_of<Scalar>(0));
  }

  std::vector<detail::ParameterRange<Scalar>> ranges_;
  std::vector<Member> members_;
  Vector written_;                     // the parameters as the last step left them
  mutable std::vector<Vector> state_;  // state() forgets what does not count any more
  Index steps_ = 0;
  bool finite_ = true;
};

}  // namespace tinynet
