#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <tinynet/autodiff/ops/loss.hpp>
#include <tinynet/io/module.hpp>
#include <tinynet/nn/mlp.hpp>
#include <tinynet/nn/normalization.hpp>
#include <tinynet/nn/sequential.hpp>
#include <tinynet/optim/optimizer.hpp>
#include <tinynet/optim/sgd.hpp>
#include <vector>

#include "temporary_folder.hpp"

using namespace tinynet;

namespace {

auto make_net(Seed seed) { return Sequential{Linear<4, 3>{seed}, ReLU{}, BatchNorm1d<3>{}}; }

// All numbers, buffers too.
template <class M>
std::vector<typename M::Scalar> numbers(const M& net) {
  std::vector<typename M::Scalar> all;
  for (const auto& tensor : state_dict(net)) all.insert(all.end(), tensor.data, tensor.data + tensor.size());
  return all;
}

}  // namespace

TEST_CASE("a net comes back as it was, buffers included") {
  const test::TemporaryFolder folder;
  auto net = make_net(Seed{1});
  float next = 0;
  for (const auto& tensor : state_dict(net)) tensor.data[0] = next += 1;
  const auto& same = net;
  save_safetensors(folder / "net.safetensors", same, {{"epoch", "3"}});

  const SafeTensors file = read_safetensors(folder / "net.safetensors");
  CHECK(file.metadata().at("epoch") == "3");
  REQUIRE(file.find("0.weight") != nullptr);
  CHECK(file.find("0.weight")->shape == std::vector<Index>{3, 4});
  REQUIRE(file.find("2.running_var") != nullptr);
  CHECK(file.find("2.running_var")->shape == std::vector<Index>{3});
  CHECK(file.tensors().size() == 6);

  auto other = make_net(Seed{2});
  const auto flat = flat_parameters(other);
  CHECK(numbers(other) != numbers(net));
  CHECK(load_safetensors(folder / "net.safetensors", other).verified);
  CHECK(numbers(other) == numbers(net));
  CHECK(flat_parameters(other) == flat);  // where an optimizer looks
}

TEST_CASE("PyTorch's count of batches is passed over") {
  const test::TemporaryFolder folder;
  const auto net = make_net(Seed{1});
  const std::int64_t batches = 12;
  std::vector<StoredTensor> tensors;
  for (const auto& tensor : state_dict(net))
    tensors.push_back({.name = tensor.name,
                       .dtype = Dtype::F32,
                       .shape = tensor.shape,
                       .bytes = {reinterpret_cast<const std::uint8_t*>(tensor.data),
                                 static_cast<std::size_t>(tensor.size()) * sizeof(float)}});
  tensors.push_back({.name = "2.num_batches_tracked",
                     .dtype = Dtype::I64,
                     .shape = {},
                     .bytes = {reinterpret_cast<const std::uint8_t*>(&batches), sizeof batches}});
  write_safetensors(folder / "torch.safetensors", tensors);
  auto other = make_net(Seed{2});
  const LoadReport report = load_safetensors(folder / "torch.safetensors", other);
  CHECK(report.ignored == std::vector<std::string>{"2.num_batches_tracked"});
  CHECK(numbers(other) == numbers(net));
}

TEST_CASE("another net is refused, and stays as it was") {
  const test::TemporaryFolder folder;
  save_safetensors(folder / "net", MLP<4, 3, 2>{Seed{1}});
  MLP<4, 5, 2> other{Seed{2}};
  const auto before = numbers(other);
  const Error error = test::error_of([&] { load_safetensors(folder / "net", other); });
  CHECK(error.code() == ErrorCode::data);
  CHECK(test::mentions(error, "l1.weight has another shape: [3, 4] instead of [5, 4]"));
  CHECK(numbers(other) == before);
}

TEST_CASE("float into double as it is, double into float on request") {
  const test::TemporaryFolder folder;
  const MLP<4, 3, 2> net{Seed{1}};
  save_safetensors(folder / "float", net);
  BasicMLP<double, ReLU, 4, 3, 2> wide{Seed{2}};
  load_safetensors(folder / "float", wide);
  const auto floats = numbers(net);
  CHECK(numbers(wide) == std::vector<double>(floats.begin(), floats.end()));

  save_safetensors(folder / "double", wide);
  DynamicMLP<> narrow{{4, 3, 2}};
  CHECK_THROWS_AS(load_safetensors(folder / "double", narrow), Error);
  CHECK(load_safetensors(folder / "double", narrow, {.convert = true}).converted.size() == 4);
  CHECK(numbers(narrow) == floats);
}

TEST_CASE("tensors are saved the same, const or not, with their type named or not") {
  const test::TemporaryFolder folder;
  MLP<4, 3, 2> net{Seed{1}};
  const auto& constant = net;
  std::vector<test::Bytes> files;
  const auto add = [&](const auto& save) {
    save(folder / "net");
    files.push_back(test::read_bytes(folder / "net"));
  };
  add([&](const std::string& path) { save_safetensors(path, net); });
  add([&](const std::string& path) { save_safetensors(path, state_dict(net)); });
  add([&](const std::string& path) { save_safetensors(path, state_dict(constant)); });
  add([&](const std::string& path) { save_safetensors<float>(path, state_dict(net)); });
  add([&](const std::string& path) { save_safetensors<float>(path, state_dict(constant)); });
  add([&](const std::string& path) { save_safetensors<const float>(path, state_dict(net)); });
  add([&](const std::string& path) { save_safetensors<const float>(path, state_dict(constant)); });
  for (const auto& file : files) CHECK(file == files[0]);

  // Other numbers, too; a list of tensors is made of what can be written to as of what cannot.
  std::array<std::int64_t, 2> whole{1, -2};
  const std::array<double, 2> wide{0.5, 2};
  save_safetensors<std::int64_t>(folder / "whole", {{.name = "x", .shape = {2}, .data = whole.data()}});
  save_safetensors<const double>(folder / "wide", {{.name = "x", .shape = {2}, .data = wide.data()}}, {{"a", "b"}});
  CHECK(read_safetensors(folder / "whole").tensors()[0].values<std::int64_t>() == std::vector<std::int64_t>{1, -2});
  CHECK(read_safetensors(folder / "wide").tensors()[0].values<double>() == std::vector<double>{0.5, 2});
  CHECK(read_safetensors(folder / "wide").metadata().at("a") == "b");
}

namespace {

// Buffers of all orders and kinds; PyTorch's register_buffer("row_major", torch.arange(6.).view(2, 3)) and so on.
struct Buffers : Module<Buffers> {
  Parameter<float, 1, 1> p;
  Eigen::Matrix<float, 2, 3, Eigen::RowMajor> row_major;
  Eigen::Matrix<float, 2, 3> col_major;
  Eigen::MatrixXf dynamic_size{4, 2};
  Eigen::Array<float, 3, 2> array;
  Eigen::Matrix<float, 1, 5> row_vector;
  Eigen::VectorXf col_vector{4};
  std::vector<float> memory = std::vector<float>(40, -1);
  Eigen::Map<Eigen::MatrixXf, 0, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>> strided{
      memory.data(), 3, 2, Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>(13, 3)};

  explicit Buffers(float first = 0) {
    const auto count = [&first](auto& matrix) {
      for (Index r = 0; r < matrix.rows(); ++r)
        for (Index c = 0; c < matrix.cols(); ++c) matrix(r, c) = first++;
    };
    members(*this, [&](const char*, auto& member) {
      if constexpr (EigenOperand<std::remove_cvref_t<decltype(member)>>) count(member);
    });
  }
  Buffers(const Buffers&) = delete;
  Buffers& operator=(const Buffers&) = delete;
  static void members(auto& self, auto&& visit) {
    visit("p", self.p);
    visit("row_major", self.row_major);
    visit("col_major", self.col_major);
    visit("dynamic_size", self.dynamic_size);
    visit("array", self.array);
    visit("row_vector", self.row_vector);
    visit("col_vector", self.col_vector);
    visit("strided", self.strided);
  }
};

// A module of a list.
struct WithMatrix : Module<WithMatrix> {
  Eigen::Matrix<float, 2, 3> matrix{{1, 2, 3}, {4, 5, 6}};
  Eigen::Vector3f vector{7, 8, 9};
  template <class X>
  auto forward(const X& x) const {
    return relu(detail::as_var<float>(x));
  }
  static void members(auto& self, auto&& visit) {
    visit("matrix", self.matrix);
    visit("vector", self.vector);
  }
  std::string description() const { return "WithMatrix()"; }
};

template <class M>
std::vector<float> numbers_by_rows(const M& net) {
  std::vector<float> all;
  for (const auto& tensor : state_dict(net))
    for (Index i = 0; i < tensor.size(); ++i) all.push_back(tensor[i]);
  return all;
}

const std::vector<std::vector<Index>> shapes{{1, 1}, {2, 3}, {2, 3}, {4, 2}, {3, 2}, {5}, {4}, {3, 2}};

}  // namespace

TEST_CASE("buffers are saved as PyTorch saves them, in whatever order they lie, and come back") {
  const test::TemporaryFolder folder;
  const Buffers net(1);
  const auto state = state_dict(net);
  REQUIRE(state.size() == shapes.size());
  for (std::size_t i = 0; i < state.size(); ++i) CHECK(state[i].shape == shapes[i]);
  CHECK(state[2].data == net.col_major.data());  // nothing is copied
  CHECK(&state[7][5] == &net.strided(2, 1));

  save_safetensors(folder / "buffers.safetensors", net);
  const SafeTensors file = read_safetensors(folder / "buffers.safetensors");
  float next = 1;
  for (std::size_t t = 1; t < shapes.size(); ++t) {
    CAPTURE(state[t].name);
    const StoredTensor* const stored = file.find(state[t].name);
    REQUIRE(stored != nullptr);
    CHECK(stored->shape == shapes[t]);
    for (Index i = 0; i < state[t].size(); ++i, ++next) {
      CHECK(state[t][i] == next);
      float in_file = 0;
      std::memcpy(&in_file, stored->bytes.data() + i * 4, 4);
      CHECK(in_file == next);
    }
  }

  Buffers other(100);
  load_safetensors(folder / "buffers.safetensors", other);
  CHECK(numbers_by_rows(other) == numbers_by_rows(net));
  CHECK(other.col_major == net.col_major);
  CHECK((other.array == net.array).all());
  CHECK(other.strided == net.strided);
  CHECK(std::count(other.memory.begin(), other.memory.end(), -1.0f) == 34);  // nothing between the numbers is written

  other.col_major(1, 0) = std::numeric_limits<float>::infinity();
  CHECK(first_nonfinite(state_dict(other))->place() == "col_major's number 3");
}

TEST_CASE("a list of modules, and modules within modules, save their buffers alike") {
  const test::TemporaryFolder folder;
  SequentialList<float> list, inner;
  inner.add(WithMatrix{});
  list.add(Linear<>(3, 3, Seed{1})).add(WithMatrix{}).add(inner);
  const auto state = std::as_const(list).state_dict();
  REQUIRE(state.size() == 6);
  for (const std::size_t i : {std::size_t{2}, std::size_t{4}}) {
    CHECK(state[i].shape == std::vector<Index>{2, 3});
    CHECK(state[i + 1].shape == std::vector<Index>{3});
    for (Index k = 0; k < 6; ++k) CHECK(state[i][k] == static_cast<float>(k + 1));
  }
  CHECK(state[4].name == "2.0.matrix");
  save_safetensors(folder / "list.safetensors", list);
  const SafeTensors file = read_safetensors(folder / "list.safetensors");
  CHECK(file.find("1.matrix")->shape == std::vector<Index>{2, 3});
  auto other = list;
  for (const auto& tensor : state_dict(other))
    for (Index i = 0; i < tensor.size(); ++i) tensor[i] = -1;
  load_safetensors(folder / "list.safetensors", other);
  CHECK(numbers_by_rows(other) == numbers_by_rows(list));
}

TEST_CASE("after loading, an optimizer goes on as a new one does") {
  const test::TemporaryFolder folder;
  const auto train = [](auto& net, auto& optimizer, int steps) {
    const Matrix<float> x{{1, 2, 3, 4}, {-1, .5f, 2, -3}, {.25f, 1, -1, 2}};
    for (int step = 0; step < steps; ++step) {
      optimizer.zero_grad();
      cross_entropy(net(x), std::vector<int>{0, 2, 1}).backward();
      optimizer.step();
    }
  };
  for (const double lr : {1e-9, .1, 1e9}) {
    CAPTURE(lr);
    Linear<4, 3> net{Seed{1}};
    SGD optimizer{net, {.lr = .1}};
    train(net, optimizer, 20);
    save_safetensors(folder / "best.safetensors", net);
    optimizer.set_lr(lr);
    train(net, optimizer, 2);
    load_safetensors(folder / "best.safetensors", net);
    optimizer.set_lr(.1);
    train(net, optimizer, 20);

    Linear<4, 3> other;
    load_safetensors(folder / "best.safetensors", other);
    SGD fresh{other, {.lr = .1}};
    train(other, fresh, 20);
    CHECK(numbers(net) == numbers(other));
  }
}
