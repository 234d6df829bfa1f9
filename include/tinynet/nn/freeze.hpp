// A trained net for nothing but answers, with its weights arranged so that one comes as soon as possible.
#pragma once

#include <tinynet/cpu/transposed_row.hpp>
#include <tinynet/nn/output.hpp>
#include <tinynet/nn/stages.hpp>
#include <vector>

namespace tinynet {

/// A copy of a chain of linear layers and activations that computes outputs and cannot be trained: see `freeze`.
/// All its members are const and may be called by several threads at once; they ask the heap for nothing after a
/// thread's first call.
template <detail::Fusible Net>
class FrozenNet {
 public:
  using Scalar = typename Net::Scalar;

  /// Throws Error (usage) for a net with more than 16 layers.
  explicit FrozenNet(const Net& net) : net_(net) {
    const auto stages = net_.stages();
    if (stages.size == 0) throw Error(ErrorCode::usage, "freeze: expected a net of at most 16 layers");
    for (const auto& stage : stages.span()) {
      const Index columns = stage.columns();
      Matrix<Scalar>& weight = weights_.emplace_back(Matrix<Scalar>::Zero(stage.in + 1, columns));
      weight.topLeftCorner(stage.in, stage.out) =
          ConstMatrixView<Scalar>(stage.weight, stage.out, stage.in).transpose();
      if (stage.bias != nullptr)
        weight.row(stage.in).head(stage.out) = ConstMatrixView<Scalar>(stage.bias, 1, stage.out);
      weight.rightCols(columns - stage.out).colwise() = weight.col(0);  // the padding, as FusedWeights has it
    }
  }

  Index in_features() const { return weights_.front().rows() - 1; }
  Index out_features() const { return net_.stages().span().back().out; }

  /// The outputs for data as a net takes them: an Eigen matrix with a row an example, or images. With one row of a size
  /// known while compiling nothing is asked of the heap. Throws Error (usage) if a row is not as long as the first
  /// layer is wide.
  template <class X>
  requires(EigenOperand<X> || RowsLike<X>) auto operator()(const X& x) const {
    using Input = std::remove_cvref_t<decltype(detail::make_input<Scalar>(x))>;
    static_assert(detail::is_data_input<Input>,
                  "tinynet: freeze: evaluate the expression first, as in frozen(x.eval())");
    using Outputs = decltype(std::declval<const Net&>().forward(std::declval<const Input&>()));
    const auto input = detail::make_input<Scalar>(x);
    const Rows& rows = input.as_rows();
    Matrix<Scalar, Outputs::Rows, Outputs::Cols> y(rows.rows(), out_features());
    compute(rows, y.data());
    return y;
  }

 private:
  void compute(const Rows& x, Scalar* y) const {
    const auto stages = net_.stages();
    const Index in = in_features(), out = stages.span().back().out;
    detail::require_shapes(x.cols() == in, "freeze", "the input must have as many columns as the weight [out, in]",
                           x.shape(), Shape{stages.stage[0].out, in});
    const auto layer = [this](std::size_t l, const Scalar* from, Scalar* to) {
      const Matrix<Scalar>& weight = weights_[l];
      const Index inputs = weight.rows() - 1, columns = weight.cols();
      detail::transposed_row<Scalar>(from, inputs, {weight.data(), columns}, weight.data() + inputs * columns, columns,
                                     to);
    };
    for (Index r = 0; r < x.rows(); ++r) detail::chain_row(stages.span(), x, r, y + r * out, layer);
  }

  Net net_;
  std::vector<Matrix<Scalar>> weights_;  // of each layer the transposed weights, and its bias below them
};

/// The net as it is now, for quick outputs for one row at a time: const auto frozen = freeze(net); ... frozen(x).
/// It reads the weights of nonzero inputs only. The outputs are the net's but for rounding.
template <detail::Fusible Net>
FrozenNet<Net> freeze(const Net& net) {
  return FrozenNet<Net>(net);
}

}  // namespace tinynet
