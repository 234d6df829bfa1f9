#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <sstream>
#include <tinynet/autodiff/ops/reduction.hpp>
#include <tinynet/core/threads.hpp>
#include <tinynet/nn/dropout.hpp>
#include <tinynet/nn/linear.hpp>
#include <tinynet/nn/sequential.hpp>
#include <tinynet/optim/sgd.hpp>
#include <vector>

using namespace tinynet;

namespace {

const Matrix<float> ones = Matrix<float>::Ones(200, 50);

double share_of_zeros(const Matrix<float>& x) {
  return static_cast<double>((x.array() == 0).count()) / static_cast<double>(x.size());
}

using Masks = std::vector<Matrix<float>>;

// What each Dropout in a net drops next, in order, as for `ones`.
template <class Net>
Masks masks_of(const Net& net) {
  Masks masks;
  net.visit_masks([&](detail::MaskStream& stream) {
    const detail::DropoutMask<float> mask(stream.next_key(), 0.5);
    Matrix<float> numbers(200, 50);
    for (Index i = 0; i < numbers.size(); ++i) numbers.data()[i] = mask(i);
    masks.push_back(numbers);
  });
  return masks;
}

double kept(const Matrix<float>& mask) { return 1 - share_of_zeros(mask); }

// Each two keep a quarter, each three an eighth; and none is another one moved by some numbers.
void check_independent(const Masks& masks) {
  for (std::size_t i = 0; i < masks.size(); ++i) {
    CHECK(kept(masks[i]) == doctest::Approx(0.5).epsilon(0.05));
    for (std::size_t j = 0; j < i; ++j) {
      const Matrix<float> both = masks[i].cwiseProduct(masks[j]);
      CHECK(kept(both) == doctest::Approx(0.25).epsilon(0.09));
      for (std::size_t k = 0; k < j; ++k)
        CHECK(kept(both.cwiseProduct(masks[k])) == doctest::Approx(0.125).epsilon(0.14));
      const auto a = masks[i].reshaped<Eigen::RowMajor>(), b = masks[j].reshaped<Eigen::RowMajor>();
      for (Index shift = -120; shift <= 120; ++shift) {
        const Index n = a.size() - std::abs(shift), from = std::max<Index>(shift, 0);
        const auto same = (a.segment(from, n).array() == b.segment(from - shift, n).array()).count();
        CHECK(static_cast<double>(same) / static_cast<double>(n) == doctest::Approx(0.5).epsilon(0.06));
      }
    }
  }
}

// A net of somebody's own.
struct OwnNet : Module<OwnNet> {
  Linear<50, 50> in, out;
  Dropout first{0.5}, second{0.5};

  explicit OwnNet(Seed seed) : OwnNet(Generator(seed)) {}
  template <class X>
  auto forward(const X& x) const {
    return second(out(first(in(x))));
  }
  static void members(auto& self, auto&& visit) {
    visit("in", self.in);
    visit("first", self.first);
    visit("out", self.out);
    visit("second", self.second);
  }
  std::string name() const { return "OwnNet"; }

 private:
  explicit OwnNet(Generator generator) : in(generator), out(generator) {}
};

auto make_chain(std::uint64_t seed) {
  Generator g{Seed{seed}};
  return Sequential{Dropout{0.2}, Linear<50, 50>{g}, Dropout{0.5}, Linear<50, 50>{g}, Dropout{0.5}};
}

SequentialList<float> make_list(std::uint64_t seed) {
  Generator g{Seed{seed}};
  SequentialList<float> list;
  list.add(Linear<50, 50>{g}).add(Dropout{0.5}).add(Linear<50, 50>{g}).add(Dropout{0.5});
  return list;
}

}  // namespace

TEST_CASE("two of them drop independently of each other") {
  const Dropout a{0.5}, b{0.5}, c{0.5};
  check_independent({a(ones).value(), b(ones).value(), c(ones).value()});
  check_independent(masks_of(make_chain(1)));
  check_independent(masks_of(make_list(1)));
  check_independent(masks_of(OwnNet{Seed{1}}));
  Generator g;
  check_independent({Dropout{0.5, g}(ones).value(), Dropout{0.5, g}(ones).value(), Dropout{0.5, Seed{0}}(ones).value(),
                     Dropout{0.5, Seed{1}}(ones).value()});

  // With what a net computes: what both let through of ones.
  const Sequential net{Dropout{0.5}, Dropout{0.5}};
  CHECK(kept(net(ones).value()) == doctest::Approx(0.25).epsilon(0.09));
}

TEST_CASE("one Dropout at several places of a net drops differently at each") {
  for (const Dropout& d : {Dropout{0.5}, Dropout{0.5, Seed{7}}}) {
    Generator g;
    check_independent(masks_of(Sequential{Linear<50, 50>{g}, d, Linear<50, 50>{g}, d, d}));
    const Sequential block{Linear<50, 50>{g}, d};
    check_independent(masks_of(Sequential{block, block, Sequential{block, ReLU{}, block}}));
    SequentialList<float> list;
    list.add(block).add(d).add(block);
    check_independent(masks_of(list));
    const Sequential pure{d, d};  // without any weights
    check_independent(masks_of(pure));
  }
}

TEST_CASE("nets of one seed drop the same, of another seed something else") {
  const auto check = [](const auto& make) {
    const auto a = make(1), b = make(1), other = make(2);
    const Masks first = masks_of(a);
    CHECK(masks_of(b) == first);
    CHECK(masks_of(a) != first);
    Masks all = masks_of(other);
    all.insert(all.end(), first.begin(), first.end());
    check_independent(all);
  };
  check(make_chain);
  check(make_list);
  check([](std::uint64_t seed) {  // where it is trained
    OwnNet net{Seed{seed}};
    const SGD<float> optimizer{net, {.lr = 0.1}};
    return net;
  });
  check([](std::uint64_t seed) {
    manual_seed(seed);
    return OwnNet{Seed{0}};
  });
}

TEST_CASE("a copy of a net goes on as the net would") {
  const auto net = make_chain(1);
  masks_of(net);
  const auto copy = net;
  CHECK(masks_of(copy) == masks_of(net));
  auto assigned = make_chain(2);
  assigned = net;
  CHECK(masks_of(assigned) == masks_of(net));
  const auto list = make_list(1);
  masks_of(list);
  const auto list_copy = list;
  CHECK(masks_of(list_copy) == masks_of(list));
  // A second optimizer changes nothing.
  auto trained = make_chain(3);
  const auto before = trained;
  const SGD<float> first{trained, {.lr = 0.1}}, second{trained.get<1>(), {.lr = 0.1}};
  CHECK(masks_of(trained) == masks_of(before));
}

TEST_CASE("Dropout takes nothing of the numbers that weights are drawn from") {
  Generator with{Seed{5}}, without{Seed{5}};
  const Dropout d{0.5, with}, e{0.5};
  CHECK(with.bits() == without.bits());
  manual_seed(5);
  const Dropout f{0.5};
  CHECK(Linear<4, 4>{}.weight().value() == Linear<4, 4>{Seed{5}}.weight().value());
}

TEST_CASE("seeds, places and calls give different keys") {
  std::set<std::uint64_t> keys;
  std::size_t count = 0;
  for (std::uint64_t seed = 0; seed < 8; ++seed)
    for (std::uint64_t place = 0; place < 32; ++place) {
      detail::MaskStream stream{.seed = seed, .place = place};
      for (int call = 0; call < 1000; ++call, ++count) keys.insert(stream.next_key());
    }
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    Generator g{Seed{seed}};
    for (int i = 0; i < 16; ++i, ++count) keys.insert(g.spawn().value);
  }
  CHECK(keys.size() == count);
}

TEST_CASE("in training the given part becomes 0, and the rest makes up for it") {
  const Dropout dropout{0.25, Seed{1}};
  const Matrix<float> y = dropout(ones).value();
  CHECK(share_of_zeros(y) == doctest::Approx(0.25).epsilon(0.06));  // five standard deviations
  CHECK((y.array() == 0 || y.array() == 1 / 0.75f).all());
}

TEST_CASE("in evaluation everything passes") {
  Dropout dropout{0.25};
  dropout.eval();
  CHECK(dropout(ones).value() == ones);
  dropout.train();
  CHECK(dropout(ones).value() != ones);
}

TEST_CASE("probabilities 0 and 1") {
  CHECK(Dropout{0}(ones).value() == ones);
  CHECK((Dropout{1}(ones).value().array() == 0).all());
  const char* const text = "Dropout: expected a probability from 0 to 1, found ";
  CHECK_THROWS_WITH_AS(Dropout{1.5}, (std::string(text) + "1.500000").c_str(), Error);
  CHECK_THROWS_WITH_AS(Dropout{-0.5}, (std::string(text) + "-0.500000").c_str(), Error);
  CHECK_THROWS_AS(Dropout{std::nan("")}, Error);
}

TEST_CASE("each call drops others, each seed too, and a seed always the same") {
  const Dropout dropout{0.5, Seed{1}}, same{0.5, Seed{1}}, other{0.5, Seed{2}};
  const Matrix<float> first = dropout(ones).value(), second = dropout(ones).value();
  CHECK(first != second);
  CHECK(same(ones).value() == first);
  CHECK(same(ones).value() == second);
  CHECK(other(ones).value() != first);
  // Independent: a quarter is dropped by both calls.
  CHECK(share_of_zeros(first.cwiseMax(second)) == doctest::Approx(0.25).epsilon(0.1));
}

TEST_CASE("the number of threads does not matter") {
  const int before = num_threads();
  set_num_threads(1);
  const Matrix<float> alone = Dropout{0.5, Seed{1}}(ones).value();
  set_num_threads(3);
  CHECK(Dropout{0.5, Seed{1}}(ones).value() == alone);
  set_num_threads(before);
}

TEST_CASE("the gradient passes where the number did") {
  const Dropout dropout{0.5, Seed{1}};
  const auto x = variable(Matrix<double>(Matrix<double>::Constant(3, 4, 2)));
  const auto y = dropout(x);
  sum(y).backward();
  CHECK(x.grad() == y.value() / 2);
}

TEST_CASE("print is PyTorch's") {
  std::ostringstream out;
  out << Dropout{} << Dropout{1.0 / 3};
  CHECK(out.str() == "Dropout(p=0.5, inplace=False)Dropout(p=0.3333333333333333, inplace=False)");
}
