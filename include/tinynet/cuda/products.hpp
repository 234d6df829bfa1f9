// The verbs of a device that multiply matrices: see cpu/matmul.hpp and linear.hpp.
#pragma once

#include <algorithm>
#include <optional>
#include <tinynet/core/device_rows.hpp>
#include <tinynet/core/pool.hpp>
#include <tinynet/cpu/matmul.hpp>
#include <tinynet/cuda/reductions.hpp>

namespace tinynet::detail {
namespace products {

struct Plus {
  template <class T>
  constexpr T operator()(T a, T b) const {
    return a + b;
  }
};

/// Element i of a product of matrices, or the sum of the terms chunk, chunk + chunks, ... of it, with
/// i = chunk * size + element.
template <class A, class B>
struct Dot {
  A a;
  B b;
  Index chunks;

  constexpr double operator()(Index i) const {
    const Index size = a.rows * b.cols, element = i % size, r = element / b.cols, c = element % b.cols;
    double total = 0;
    for (Index k = i / size; k < a.cols; k += chunks)
      total += static_cast<double>(a(r, k).number) * static_cast<double>(b(k, c).number);
    return total;
  }
};

/// Element i of rows of Table as numbers of type Number.
template <class Table, class Number, class Device>
struct Read {
  const On<Table, Device>* table;
  const On<Index, Device>* selection;
  Index stride, cols;
  Number scale;

  constexpr Number operator()(Index i) const {
    const Index r = i / cols, row = selection == nullptr ? r : selection[r].number;
    return static_cast<Number>(table[row * stride + (i - r * cols)].number) * scale;
  }
};

/// Rows as a row-major matrix on the device: where they lie, or a copy.
template <class Scalar>
class Loaded {
 public:
  explicit Loaded(const DeviceRows<device_of<Scalar>>& rows) {
    rows.visit([&](const auto* table) {
      if constexpr (std::is_same_v<decltype(table), const Scalar*>)
        if (rows.selection() == nullptr && rows.scale() == 1 && rows.row_stride() == rows.cols()) data_ = table;
    });
    if (data_ != nullptr) return;
    load(rows, copy_.emplace(rows.shape().size()).data());
    data_ = copy_->data();
  }

  const Scalar* data() const { return data_; }

 private:
  std::optional<Buffer<Scalar>> copy_;
  const Scalar* data_ = nullptr;
};

}  // namespace products

template <class Number, class Device>
void load(const DeviceRows<Device>& x, On<Number, Device>* to) {
  x.visit([&]<class Table>(const On<Table, Device>* table) {
    each(to, x.shape().size(),
         products::Read<Table, Number, Device>{table, x.selection(), x.row_stride(), x.cols(),
                                               static_cast<Number>(x.scale())});
  });
}

namespace products {

/// out = a b, by Eigen's own kernel.
template <class Number, class Device, bool TransposedA, bool TransposedB>
void contract(On<Number, Device>* out, const Factor<On<Number, Device>, TransposedA>& a,
              const Factor<On<Number, Device>, TransposedB>& b) {
  const auto stored = []<bool Transposed>(const Factor<On<Number, Device>, Transposed>& f) {
    return Transposed ? tensor<2>(f.data, f.cols, f.rows) : tensor<2>(f.data, f.rows, f.cols);
  };
  using Pair = Eigen::IndexPair<Index>;
  const Eigen::array<Pair, 1> summed{Pair(TransposedA ? 0 : 1, TransposedB ? 1 : 0)};
  evaluate<Device>(tensor<2>(out, a.rows, b.cols), stored(a).contract(stored(b), summed));
}

/// From so many terms on Eigen's kernel is slow if there are not many sums: it leaves each of them to one block.
inline constexpr Index long_sum = 4096;

/// The same element by element, a long sum in several pieces.
template <class Number, class Device, class A, class B>
void dot(On<Number, Device>* out, const A& a, const B& b, bool accumulate) {
  const Index size = a.rows * b.cols, chunks = std::clamp<Index>(a.cols / 512, 1, 128);
  const Buffer<On<double, Device>> totals(chunks * size);
  each(totals.data(), chunks * size, Dot<A, B>{a, b, chunks});
  each(out, size, reductions::Combine<Number, Device>{totals.data(), chunks, size, 1.0, accumulate ? out : nullptr});
}

}  // namespace products

template <class Number, class Device, bool TransposedA, bool TransposedB>
void multiply(On<Number, Device>* out, const Factor<On<Number, Device>, TransposedA>& a,
              const Factor<On<Number, Device>, TransposedB>& b, bool accumulate = false) {
  const Index size = a.rows * b.cols;
  if (size == 0) return;
  if constexpr (!std::is_same_v<Number, float>) {  // Eigen's kernel would need more shared memory than a GPU has
    products::dot(out, a, b, accumulate);
  } else if (a.cols >= products::long_sum && size < products::long_sum * products::long_sum) {
    products::dot(out, a, b, accumulate);
  } else if (a.cols == 0) {  // not all of Eigen's devices write anything then
    if (!accumulate) fill(out, size, Number(0));
  } else if (accumulate) {
    const Buffer<On<Number, Device>> product(size);
    products::contract(product.data(), a, b);
    add(product.data(), size, out);
  } else {
    products::contract(out, a, b);
  }
}

template <class Number, class Device>
void linear_forward(const DeviceRows<Device>& x, const On<Number, Device>* weight, const On<Number, Device>* bias,
                    Index out, On<Number, Device>* y) {
  using Scalar = On<Number, Device>;
  const products::Loaded<Scalar> loaded(x);
  multiply(y, Factor<Scalar>{loaded.data(), x.rows(), x.cols()}, Factor<Scalar, true>{weight, x.cols(), out});
  const Shape shape{x.rows(), out};
  transform(shape, products::Plus{}, y, Source<Scalar>(y, shape, shape), Source<Scalar>(bias, {1, out}, shape));
}

template <class Number, class Device>
void linear_weight_gradient(const DeviceRows<Device>& x, const On<Number, Device>* dy, Index out,
                            On<Number, Device>* dw) {
  using Scalar = On<Number, Device>;
  const products::Loaded<Scalar> loaded(x);
  multiply(dw, Factor<Scalar, true>{dy, out, x.rows()}, Factor<Scalar>{loaded.data(), x.rows(), x.cols()}, true);
}

template <class Number, class Device>
void linear_input_gradient(const On<Number, Device>* dy, const On<Number, Device>* weight, Index rows, Index in,
                           Index out, On<Number, Device>* dx, bool accumulate) {
  using Scalar = On<Number, Device>;
  multiply(dx, Factor<Scalar>{dy, rows, out}, Factor<Scalar>{weight, out, in}, accumulate);
}

}  // namespace tinynet::detail
