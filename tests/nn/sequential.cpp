#include <doctest/doctest.h>

#include <sstream>
#include <tinynet/autodiff/ops/loss.hpp>
#include <tinynet/nn/dropout.hpp>
#include <tinynet/nn/linear.hpp>
#include <tinynet/nn/normalization.hpp>
#include <tinynet/nn/sequential.hpp>
#include <tinynet/optim/sgd.hpp>
#include <vector>

using namespace tinynet;

namespace {

template <class M>
std::string text(const M& module) {
  std::ostringstream out;
  out << module;
  return out.str();
}

std::vector<std::string> names(auto& net) {
  std::vector<std::string> all;
  for (const auto& tensor : state_dict(net)) all.push_back(tensor.name);
  return all;
}

using Layer = Linear<dynamic, dynamic, float>;

SequentialList<float> make_list() {
  Generator generator{Seed{4}};
  SequentialList<float> list;
  list.add(Layer{4, 3, generator}).add(ReLU{}).add(BatchNorm1d<>{3}).add(Dropout{0.5}).add(Layer{3, 2, generator});
  return list;
}

const Matrix<float> x = Matrix<float>::Random(6, 4);

}  // namespace

TEST_CASE("nested chains are printed as by PyTorch") {
  CHECK(text(Sequential<>{}) == "Sequential()");
  CHECK(text(Sequential{ReLU{}}) == "Sequential(\n  (0): ReLU()\n)");
  const std::string expected =
      "Sequential(\n"
      "  (0): Linear(in_features=4, out_features=3, bias=True)\n"
      "  (1): Sequential(\n"
      "    (0): ReLU()\n"
      "    (1): Sequential()\n"
      "  )\n"
      "  (2): Linear(in_features=3, out_features=2, bias=True)\n"
      ")";
  CHECK(text(Sequential{Layer{4, 3}, Sequential{ReLU{}, Sequential<>{}}, Layer{3, 2}}) == expected);
  SequentialList<float> inner, list;
  inner.add(ReLU{}).add(SequentialList<float>{});
  list.add(Layer{4, 3}).add(inner).add(Layer{3, 2});
  CHECK(text(list) == expected);
}

TEST_CASE("names and shapes are PyTorch's, in one flat vector in order") {
  Sequential net{Layer{4, 3}, ReLU{}, Sequential{BatchNorm1d<>{3}}, Layer{3, 2}};
  CHECK(names(net) == std::vector<std::string>{"0.weight", "0.bias", "2.0.weight", "2.0.bias", "2.0.running_mean",
                                               "2.0.running_var", "3.weight", "3.bias"});
  const auto flat = flat_parameters(net);
  CHECK(flat->size() == 15 + 6 + 8);
  Index offset = 0;
  for (const auto& tensor : state_dict(net))
    if (tensor.name.find("running") == std::string::npos) {
      CHECK(tensor.data == flat->value.data() + offset);
      offset += tensor.size();
    }
  CHECK(offset == flat->size());

  auto list = make_list();
  CHECK(names(list) == std::vector<std::string>{"0.weight", "0.bias", "2.weight", "2.bias", "2.running_mean",
                                                "2.running_var", "4.weight", "4.bias"});
  CHECK(state_dict(list)[7].data == flat_parameters(list)->value.data() + 27);
  CHECK(parameter_count(list) == 29);
  CHECK(list.size() == 5);
}

TEST_CASE("a chain and a list compute the same") {
  auto list = make_list();
  Generator generator{Seed{4}};
  Sequential net{Layer{4, 3, generator}, ReLU{}, BatchNorm1d<>{3}, Dropout{0.5}, Layer{3, 2, generator}};
  CHECK(net(x).value() == list(x).value());
  CHECK(net(x).value() == list(x).value());  // what Dropout drops has changed in both
  net.eval();
  list.eval();
  CHECK(net(x).value() == list(x).value());
  CHECK(net(x).value() == net(x).value());
  list.train();
  CHECK(net(x).value() != list(x).value());
  CHECK(net.get<0>().in_features() == 4);
}

TEST_CASE("a copy is deep, and flat itself") {
  const auto list = make_list();
  auto copy = list;
  const auto flat = flat_parameters(copy);
  CHECK(flat->size() == 29);
  CHECK(state_dict(copy)[0].data == flat->value.data());
  const float before = state_dict(list)[0].data[0];
  flat->value.setZero();
  CHECK(state_dict(list)[0].data[0] == before);
  state_dict(copy)[4].data[0] = 5;  // a running mean
  CHECK(state_dict(list)[4].data[0] == 0);

  const Sequential net{Layer{4, 3}, ReLU{}, Layer{3, 2}};
  auto other = net;
  CHECK(flat_parameters(other)->size() == 23);
  flat_parameters(other)->value.setZero();
  CHECK(net.get<0>().weight().value()(0, 0) != 0);
}

TEST_CASE("assignment copies in place, so that optimizers stay with the net") {
  const auto list = make_list();
  auto other = make_list();
  SGD optimizer{other};
  optimizer.parameters().value.setZero();
  other = list;
  CHECK(flat_parameters(other).get() == &optimizer.parameters());
  CHECK(state_dict(other)[6].data[3] == state_dict(list)[6].data[3]);
  other = *&other;
  CHECK(state_dict(other)[6].data[3] == state_dict(list)[6].data[3]);

  // Not where the modules differ.
  SequentialList<float> different;
  different.add(Layer{4, 2});
  other = different;
  CHECK(other.size() == 1);
  CHECK(flat_parameters(other)->size() == 10);

  Sequential net{Layer{4, 3}, ReLU{}}, second{Layer{4, 3, Seed{9}}, ReLU{}};
  SGD third{net};
  net = second;
  CHECK(third.parameters().value == flat_parameters(second)->value);
}

TEST_CASE("moving keeps the parameters where they are") {
  auto list = make_list();
  SGD optimizer{list};
  auto moved = std::move(list);
  CHECK(flat_parameters(moved).get() == &optimizer.parameters());

  Sequential net{Layer{4, 3}, ReLU{}};
  SGD other{net};
  auto target = std::move(net);
  CHECK(flat_parameters(target).get() == &other.parameters());
}

TEST_CASE("an empty list says so") {
  const SequentialList<float> list;
  CHECK_THROWS_WITH_AS(list(x).value(), "SequentialList: there are no modules in it", Error);
}

TEST_CASE("lists take chains and lists") {
  Generator generator{Seed{4}};
  SequentialList<float> inner, list;
  inner.add(Layer{3, 3, generator}).add(Tanh{});
  list.add(Sequential{Layer{4, 3, generator}, ReLU{}}).add(inner).add(Layer{3, 2, generator});
  CHECK(names(list) ==
        std::vector<std::string>{"0.0.weight", "0.0.bias", "1.0.weight", "1.0.bias", "2.weight", "2.bias"});
  CHECK(flat_parameters(list)->size() == 15 + 12 + 8);
  const std::vector<int> labels{0, 1, 0, 1, 1, 0};
  cross_entropy(list(x), labels).backward();
  CHECK(flat_parameters(list)->gradient.norm() > 0);
}

TEST_CASE("a module of a list is had by its kind") {
  auto list = make_list();
  CHECK(list.get<Layer>(0).in_features() == 4);
  list.get<Layer>(0).weight().value().setConstant(2);
  CHECK(state_dict(list)[0].data[11] == 2);
  CHECK(std::as_const(list).get<Layer>(4).out_features() == 2);
  const char* const text = "is not of the kind that was asked for";
  CHECK_THROWS_WITH_AS(list.get<ReLU>(0), doctest::Contains(text), Error);
  CHECK_THROWS_WITH_AS(list.get<Layer>(5), "SequentialList: module 5 of 5 is not of the kind that was asked for",
                       Error);
  CHECK_THROWS_AS(list.get<Layer>(-1), Error);
}

TEST_CASE("a chain that takes another shape is one flat vector again") {
  Generator generator{Seed{4}};
  Sequential net{Layer{4, 3, generator}, ReLU{}, Layer{3, 2, generator}};
  const Sequential larger{Layer{4, 7, generator}, ReLU{}, Layer{7, 2, generator}};
  net = larger;
  CHECK(detail::is_flat(detail::parameter_list(net)));
  CHECK(net(x).value() == larger(x).value());
}
