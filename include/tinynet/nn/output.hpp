// What `net(x)` is until somebody looks at it.
#pragma once

#include <concepts>
#include <optional>
#include <ostream>
#include <tinynet/autodiff/operand.hpp>
#include <tinynet/autodiff/ops/linear.hpp>
#include <tinynet/core/engine.hpp>
#include <tinynet/core/rows.hpp>
#include <tinynet/cpu/chain_row.hpp>

namespace tinynet {

namespace detail {

template <class T>
inline constexpr bool is_rows = std::is_same_v<T, Rows>;
template <class Device>
inline constexpr bool is_rows<DeviceRows<Device>> = true;

}  // namespace detail

/// Something that is read as rows of numbers without being an Eigen matrix: images, a batch of them.
template <class T>
concept RowsLike = requires(const T& x) {
  requires detail::is_rows<decltype(x.as_rows())>;
};

namespace detail {

template <class T>
inline constexpr bool is_plain_matrix = std::is_base_of_v<Eigen::PlainObjectBase<T>, T>;

/// The scalar type that data of this type are computed in by a module that has none of its own.
template <class T>
struct DataScalar {
  using type = float;
};
template <EigenOperand T>
struct DataScalar<T> {
  using type = std::conditional_t<std::is_same_v<typename T::Scalar, std::uint8_t>, float, typename T::Scalar>;
};

/// Can the elements be read where they are, and will they still be there when the expression is over? An Eigen
/// matrix that is a temporary will not; a map or a block refers to memory that somebody else keeps.
template <class X>
constexpr bool can_borrow() {
  using T = std::remove_cvref_t<X>;
  if constexpr (RowsLike<T>)
    return true;
  else if constexpr (!bool(T::Flags & Eigen::DirectAccessBit))
    return false;
  else
    return std::is_lvalue_reference_v<X> || !is_plain_matrix<T>;
}

/// The input of a module: a view of the user's data, or a copy on the tape if there is nothing to view.
template <class Scalar, class X>
auto make_input(X&& x) {
  using T = std::remove_cvref_t<X>;
  if constexpr (is_device_matrix<T> && !std::is_lvalue_reference_v<X>) {
    return copied_constant<Scalar>("input", x);
  } else if constexpr (RowsLike<T>) {
    static_assert(std::is_same_v<rows_of<Scalar>, decltype(x.as_rows())>,
                  "tinynet: the net and its input are on different devices; bring one to the other with to(device)");
    return DataInput<Scalar, dynamic, dynamic>(x.as_rows());
  } else if constexpr (on_cpu<Scalar> && can_borrow<X>() && !is_complex<typename T::Scalar>) {
    using Input = DataInput<Scalar, T::RowsAtCompileTime, T::ColsAtCompileTime>;
    if constexpr (is_plain_matrix<T>)
      return Input(x);
    else
      return Input(Rows(x));
  } else {
    return constant<Scalar>(x);
  }
}

}  // namespace detail

/// The output of a net for some input, not yet computed. Whoever wants its numbers (`value()`, an operation, printing)
/// makes it compute them, once; a loss that finds it still uncomputed may take a shorter way. The net and the input
/// must outlive it, as an Eigen expression's operands must.
template <class Net, class Source>
class Output {
 public:
  /// What it becomes when it is computed.
  using VarType = std::remove_cvref_t<decltype(std::declval<const Net&>().forward(std::declval<const Source&>()))>;
  using Scalar = typename VarType::Scalar;

  /// Of this net for this input.
  Output(const Net& net, Source&& input) : net_(net), input_(std::move(input)) {}
  Output(const Net& net, const Source& input) : net_(net), input_(input) {}

  /// The output on the tape, by the general operations; for one row with nothing recorded by a shorter way. Throws
  /// Error (usage), in builds with assertions, if the numbers of the input have changed since net(x).
  const VarType& var() const& {
    if (!computed_) {
      const NoGrad guard(!records_);
      computed_.emplace(compute());
    }
    return *computed_;
  }
  VarType var() const&& { return var(); }
  /// As `var()`.
  operator VarType() const { return var(); }

  /// The numbers; a view as long as this object lives, a copy from a temporary.
  typename VarType::View value() const& { return var().value(); }
  auto value() const&& { return detail::copy_of(value()); }

  /// An Eigen matrix of them.
  template <class Number, int R, int C, int Options, int MaxR, int MaxC>
  operator Eigen::Matrix<Number, R, C, Options, MaxR, MaxC>() const {
    return var().value().template cast<Number>();
  }

  /// The output as a constant: what is made of it has no gradient by the net.
  VarType detach() const { return var().detach(); }

  Index rows() const { return var().rows(); }
  Index cols() const { return var().cols(); }
  Shape shape() const { return var().shape(); }
  /// The number in a 1 x 1 output. Throws Error (usage) if it is larger.
  Scalar item() const { return var().item(); }

  /// Whether its gradients are wanted: not if it was made under no_grad.
  bool records() const { return records_; }
  /// For losses that take a shorter way.
  bool is_computed() const { return computed_.has_value(); }
  /// The net it is the output of.
  const Net& net() const { return net_; }
  /// The input it is the output for.
  const Source& input() const& { return input_; }
  Source input() const&& { return input_; }

  friend std::ostream& operator<<(std::ostream& out, const Output& y) { return out << y.var(); }

 private:
  VarType compute() const {
    if constexpr (detail::is_data_input<Source> && requires { net_.stages(); })
      if (!detail::recording && engine() != Engine::tape && input_.rows() == 1)
        if (const auto stages = net_.stages(); stages.size > 0 && stages.stage[0].in == input_.cols()) {
          auto& tape = detail::Tape<Scalar>::current();
          const Index outputs = stages.stage[stages.size - 1].out;
          const VarType y(tape.template append_value<detail::Node<Scalar>>("chain", Shape{1, outputs}, false));
          detail::chain_row(stages.span(), input_.as_rows(), y.node()->value);
          return y;
        }
    return net_.forward(input_);
  }

  const Net& net_;
  Source input_;
  bool records_ = detail::recording;
  mutable std::optional<VarType> computed_;
};

}  // namespace tinynet
