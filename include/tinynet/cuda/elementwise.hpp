// The verbs of a device that take each element by itself: see core/numbers.hpp, transform.hpp, copy_block.hpp,
// update.hpp.
#pragma once

#include <array>
#include <tinynet/core/compensated.hpp>
#include <tinynet/core/shape.hpp>
#include <tinynet/cpu/copy_block.hpp>
#include <tinynet/cpu/transform.hpp>
#include <tinynet/cuda/tensor.hpp>
#include <tuple>

namespace tinynet::detail {
namespace elementwise {

template <class Number>
struct Always {
  Number number;
  constexpr Number operator()(Index) const { return number; }
};

template <class Scalar>
struct Copy {
  const Scalar* from;
  constexpr auto operator()(Index i) const { return from[i].number; }
};

template <class Scalar>
struct Sum {
  const Scalar *a, *b;
  constexpr auto operator()(Index i) const { return a[i].number + b[i].number; }
};

/// f of the elements of some sources.
template <class F, class... Sources>
struct Transform {
  F f;
  Index cols;
  bool flat;  // every source is read at i itself, or is a single number
  std::tuple<Sources...> in;

  constexpr auto operator()(Index i) const {
    const Index row = flat ? 0 : i / cols;
    return call(row, i - row * cols, std::index_sequence_for<Sources...>{});
  }

 private:
  template <std::size_t... I>
  constexpr auto call(Index row, Index col, std::index_sequence<I...>) const {
    return f(at(std::get<I>(in), row, col)...);
  }
  template <class Source>
  static constexpr auto at(const Source& source, Index row, Index col) {
    return source.data[row * source.row_stride + (source.splat ? 0 : col)].number;
  }
};

/// from(r, c), or to(r, c) + from(r, c).
template <class Scalar>
struct Move {
  Strides<const Scalar> from;
  Strides<Scalar> to;
  bool accumulate;

  constexpr auto operator()(Index r, Index c) const {
    const auto number = from.at(r, c)->number;
    return accumulate ? to.at(r, c)->number + number : number;
  }
};

template <class Rule, class Scalar, std::size_t States>
struct Update {
  Rule rule;
  const Scalar *p, *g;
  Scalar *lost, *written;
  std::array<Scalar*, States> state;

  constexpr auto operator()(Index i) const { return call(i, std::make_index_sequence<States>{}); }

 private:
  template <std::size_t... I>
  constexpr auto call(Index i, std::index_sequence<I...>) const {
    auto parameter = p[i].number, rest = still_lost(parameter, written[i].number, lost[i].number);
    subtract_compensated(parameter, rule(parameter, g[i].number, state[I][i].number...), rest);
    lost[i].number = rest;
    written[i].number = parameter;
    return parameter;
  }
};

}  // namespace elementwise

template <class Number, class Device>
void fill(On<Number, Device>* out, Index count, Number number) {
  each(out, count, elementwise::Always<Number>{number});
}

template <class Number, class Device, class F>
void generate(On<Number, Device>* out, Index count, const F& f) {
  each(out, count, f);
}

template <class Number, class Device>
void copy(const On<Number, Device>* from, Index count, On<Number, Device>* out) {
  each(out, count, elementwise::Copy<On<Number, Device>>{from});
}

template <class Number, class Device>
void add(const On<Number, Device>* from, Index count, On<Number, Device>* out) {
  each(out, count, elementwise::Sum<On<Number, Device>>{out, from});
}

template <class Number, class Device, class F, class... Sources>
void transform(Shape shape, const F& f, On<Number, Device>* out, Sources... in) {
  each(out, shape.size(), elementwise::Transform<F, Sources...>{f, shape.cols, is_flat(shape, in...), {in...}});
}

/// The columns of the target lie side by side: to.col_stride is 1.
template <class Number, class Device>
void copy_block(Shape shape, Strides<const On<Number, Device>> from, Strides<On<Number, Device>> to, bool accumulate) {
  if (shape.size() == 0) return;
  const AtPlace<elementwise::Move<On<Number, Device>>> move{{from, to, accumulate}};
  const Eigen::array<Index, 2> begin{0, 0}, size{shape.rows, shape.cols};
  auto whole = tensor<2>(to.data, shape.rows, to.row_stride);
  evaluate<Device>(whole.slice(begin, size), tensor<2>(to.data, shape.rows, shape.cols).generate(move));
}

template <class Rule, class Number, class Device, std::size_t States>
void update_parameters(const Rule& rule, Index size, On<Number, Device>* p, const On<Number, Device>* g,
                       On<Number, Device>* lost, const std::array<On<Number, Device>*, States>& state,
                       On<Number, Device>* written = nullptr) {
  if (written == nullptr) written = p;
  each(p, size, elementwise::Update<Rule, On<Number, Device>, States>{rule, p, g, lost, written, state});
}

}  // namespace tinynet::detail
