#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <tinynet/io/module.hpp>
#include <tinynet/nn/mlp.hpp>
#include <tinynet/nn/normalization.hpp>
#include <tinynet/nn/sequential.hpp>
#include <tinynet/optim/optimizer.hpp>
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
