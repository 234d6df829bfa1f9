// The general operations of the tape on rows that are shared among processes: every rank has the loss and the gradients
// of all rows.
#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <tinynet/autodiff/ops/normalization.hpp>
#include <tinynet/autodiff/ops/softmax.hpp>
#include <tinynet/dist/share.hpp>
#include <tinynet/mlp.hpp>
#include <tinynet/nn/normalization.hpp>
#include <tinynet/nn/sequential.hpp>

#include "thread_ranks.hpp"

using namespace tinynet;

namespace {

constexpr Index inputs = 6, classes = 3;
using Numbers = Matrix<double>;

struct Table {
  Numbers x, target;
  std::vector<int> labels;
};

Table table(Index rows) {
  std::mt19937 random(7);
  std::normal_distribution<double> normal;
  Table all{Numbers(rows, inputs), Numbers(rows, classes), {}};
  for (Index i = 0; i < all.x.size(); ++i) all.x.data()[i] = normal(random);
  for (Index i = 0; i < all.target.size(); ++i) all.target.data()[i] = normal(random);
  for (Index row = 0; row < rows; ++row) all.labels.push_back(static_cast<int>(random() % classes));
  return all;
}

/// A process's part of it, or all.
struct Part {
  const Table& table;
  RowShare share;
  RowSelection x;
  std::span<const int> labels;

  explicit Part(const Table& all, const Ranks* ranks = nullptr)
      : table(all),
        share(ranks == nullptr ? RowShare() : RowShare(*ranks, all.x.rows())),
        x(ranks == nullptr ? Rows(all.x) : Rows(all.x).middle_rows(share.first_row, share.rows()).as_share(share)),
        labels(std::span(all.labels)
                   .subspan(static_cast<std::size_t>(share.first_row),
                            static_cast<std::size_t>(ranks == nullptr ? all.x.rows() : share.rows()))) {}

  Numbers target() const { return table.target.middleRows(share.first_row, x.size()); }
};

/// The loss and all parameters' gradients.
template <class Net, class Loss>
std::vector<double> gradients(Net& net, const Loss& loss_of) {
  net.zero_grad();
  std::vector<double> all;
  for (int i = 0; i < 2; ++i) {  // they add up
    const auto loss = loss_of();
    loss.backward();
    all.push_back(loss.item());
  }
  const auto& gradient = flat_parameters(net)->gradient;
  all.insert(all.end(), gradient.data(), gradient.data() + gradient.size());
  return all;
}

/// f(part) gives the same in every process, and up to rounding what it gives of all rows.
template <class F>
void check_shared(const F& f) {
  const Table all = table(1100);
  const std::vector<double> alone = f(Part(all));
  for (const Index size : {1, 2, 3, 8}) {
    CAPTURE(size);
    const auto results = dist_tests::in_each(size, [&](const auto& ranks) { return f(Part(all, &ranks)); });
    for (const auto& one : results) {
      CHECK(one == results.front());
      REQUIRE(one.size() == alone.size());
      for (std::size_t i = 0; i < one.size(); ++i)
        CHECK(std::abs(one[i] - alone[i]) <= 1e-12 * (1 + std::abs(alone[i])));
    }
  }
}

}  // namespace

TEST_CASE("the tape with shared rows: a net by the tape's engine") {
  check_shared([](const Part& part) {
    BasicMLP<double, Tanh, inputs, 5, classes> net(Seed{1});
    return gradients(net, [&] {
      const auto y = net(part.x);
      y.var();  // looked at: not fused any more
      return cross_entropy(y, part.labels);
    });
  });
}

TEST_CASE("the tape with shared rows: batch norm is that of the whole batch, layer norm that of each row") {
  check_shared([](const Part& part) {
    Sequential net{Linear<inputs, 5, double>(Seed{1}), BatchNorm1d<5, double>(), Tanh(), LayerNorm<5, double>(),
                   Linear<5, classes, double>(Seed{2})};
    return gradients(net, [&] { return cross_entropy(net(part.x), part.labels); });
  });
}

TEST_CASE("the tape with shared rows: arithmetic, reductions, losses of elements") {
  check_shared([](const Part& part) {
    Linear<inputs, classes, double> net(Seed{1});
    return gradients(net, [&] {
      const auto y = net(part.x).var();
      const auto shifted = y * sum(softmax(y) * 0.5) - mean_cols(y * y) + sum_rows(y);
      return mse_loss(shifted, part.target()) + 0.25 * mean(exp(y * 0.1)) + sum(square(sum_cols(y))) * 1e-3;
    });
  });
}

TEST_CASE("the tape with shared rows: what needs all rows at once says so") {
  const Table all = table(700);
  dist_tests::Mailboxes boxes;
  const dist_tests::ThreadRanks ranks(boxes, 0, 2);
  const Part part(all, &ranks);
  Linear<inputs, classes, double> net(Seed{1});
  const auto y = net(part.x).var();
  CHECK_THROWS_AS(transpose(y), Error);
  CHECK_THROWS_AS(middle_rows(y, 0, 3), Error);
  CHECK_THROWS_AS(matmul(Numbers(2, y.rows()), y), Error);
  CHECK_THROWS_AS(concat_rows(y, Numbers::Zero(1, classes)), Error);
  CHECK_NOTHROW(transpose(Var<double>(constant<double>(all.x))));
}
