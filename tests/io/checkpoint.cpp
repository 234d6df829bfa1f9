// Trainings that are stopped and gone on with, bit for bit as if they had not been.
#include <doctest/doctest.h>

#include <tinynet/io/checkpoint.hpp>
#include <tinynet/mlp.hpp>
#include <tinynet/nn/dropout.hpp>
#include <tinynet/nn/normalization.hpp>
#include <tinynet/nn/sequential.hpp>
#include <tinynet/optim/schedule.hpp>
#include <tinynet/optim/sgd.hpp>
#include <utility>

#include "temporary_folder.hpp"

using namespace tinynet;

namespace {

const Matrix<float> x = [] {
  Generator generator{Seed{1}};
  Matrix<float> numbers(30, 4);
  init::uniform(numbers, -1, 1, generator);
  return numbers;
}();
const std::vector<int> y = [] {
  std::vector<int> classes;
  for (int i = 0; i < 30; ++i) classes.push_back(i % 3);
  return classes;
}();

auto make_net(std::uint64_t seed) {
  Generator generator{Seed{seed}};
  return Sequential{Linear<4, 6>{generator}, BatchNorm1d<6>{}, Tanh{}, Linear<6, 3>{generator}};
}
using Net = decltype(make_net(0));

template <class Opt>
void train(Net& net, Opt& optimizer, int steps) {
  for (int i = 0; i < steps; ++i) {
    optimizer.set_lr(0.9 * optimizer.lr());
    const auto loss = cross_entropy(net(x), y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
}

std::vector<float> numbers_of(Net& net) {
  std::vector<float> all;
  for (const auto& tensor : net.state_dict()) all.insert(all.end(), tensor.data, tensor.data + tensor.size());
  return all;
}

template <class Make>
void check_resuming(const Make& make) {
  const test::TemporaryFolder folder;
  const std::string path = folder / "checkpoint";
  Net whole = make_net(3);
  auto whole_optimizer = make(whole);
  train(whole, whole_optimizer, 9);
  for (const int stop : {0, 1, 4, 9}) {
    CAPTURE(stop);
    Net first = make_net(3);
    auto first_optimizer = make(first);
    train(first, first_optimizer, stop);
    save_checkpoint(path, first, first_optimizer, {{"step", std::to_string(stop)}});
    Net second = make_net(4);  // whatever it is, it is replaced
    auto second_optimizer = make(second);
    train(second, second_optimizer, 2);
    CHECK(load_checkpoint(path, second, second_optimizer) == Metadata{{"step", std::to_string(stop)}});
    CHECK(second_optimizer.steps() == stop);
    train(second, second_optimizer, 9 - stop);
    CHECK(numbers_of(second) == numbers_of(whole));
    CHECK(second_optimizer.lr() == whole_optimizer.lr());
  }
}

std::string error_of(const std::string& path, Net& net, SGD<float>& optimizer) {
  try {
    load_checkpoint(path, net, optimizer);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::data);
    return error.what();
  }
  return "nothing was thrown";
}

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a training goes on as if it had never stopped, with every optimizer") {
  check_resuming([](Net& net) { return SGD{net, {.lr = 0.1}}; });
  check_resuming([](Net& net) { return SGD{net, {.lr = 0.1, .momentum = 0.9, .nesterov = true}}; });
  check_resuming([](Net& net) { return Adam{net, {.lr = 0.01}}; });
  check_resuming([](Net& net) { return AdamW{net, {.lr = 0.01}}; });
  check_resuming([](Net& net) { return RMSprop{net, {.momentum = 0.5, .centered = true}}; });
  check_resuming([](Net& net) { return Adagrad{net, {.lr = 0.1, .lr_decay = 0.1}}; });
  check_resuming([](Net& net) { return Adadelta{net}; });
}

TEST_CASE("Dropout goes on with what it would have dropped next") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "checkpoint";
  const auto make = [](std::uint64_t seed) {
    Generator generator{Seed{seed}};
    SequentialList<float> net;
    net.add(Linear<4, 6>{generator}).add(Sequential{Dropout{0.3}, Tanh{}, Dropout{0.5, generator}});
    net.add(Linear<6, 3>{generator});
    return net;
  };
  const auto losses = [](auto& net, auto& optimizer, int steps) {
    std::vector<float> found;
    for (int i = 0; i < steps; ++i) {
      const auto loss = cross_entropy(net(x), y);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      found.push_back(loss.item());
    }
    return found;
  };
  auto first = make(3);
  SGD<float> first_optimizer{first, {.lr = 0.1, .momentum = 0.9}};
  losses(first, first_optimizer, 4);
  save_checkpoint(path, first, first_optimizer);
  auto second = make(4);
  SGD<float> second_optimizer{second, {.lr = 0.1, .momentum = 0.9}};
  CHECK(load_checkpoint(path, second, second_optimizer).empty());
  const auto expected = losses(first, first_optimizer, 5);
  CHECK(losses(second, second_optimizer, 5) == expected);

  // A file that says something else than this net asks for is refused, and changes nothing.
  const auto what = [&](const std::string& masks) -> std::string {
    Metadata about = read_safetensors(path).metadata();
    about["tinynet.checkpoint.dropout"] = masks;
    const SafeTensors file = read_safetensors(path);
    write_safetensors(folder / "other", file.tensors(), about);
    try {
      load_checkpoint(folder / "other", second, second_optimizer);
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::data);
      return error.what();
    }
    return "";
  };
  CHECK(what("1 2 3 4 5 6").empty());
  for (const char* const masks : {"", "1 2 3", "1 2 3 4 5", "1 2 3 4 5 6 7", "1 2 3 4 5 6 ", " 1 2 3 4 5 6",
                                  "a 2 3 4 5 6", "1 2 3 4 5 -6", "1 2 3 4 5 18446744073709551616"})
    CHECK(contains(what(masks), "three numbers for each of 2 modules Dropout"));
}

TEST_CASE("what does not fit changes nothing, and is named") {
  const test::TemporaryFolder folder;
  Net net = make_net(3);
  SGD<float> optimizer{net, {.lr = 0.1, .momentum = 0.9}};
  train(net, optimizer, 2);
  const auto before = numbers_of(net);

  const std::string weights = folder / "weights";
  save_safetensors(weights, net);
  CHECK(contains(error_of(weights, net, optimizer),
                 "not a checkpoint of tinynet's: metadata tinynet.checkpoint.steps; "));

  const std::string plain = folder / "plain";
  Net other = make_net(5);
  SGD<float> without_momentum{other, {.lr = 0.2}};
  save_checkpoint(plain, other, without_momentum);
  CHECK(contains(error_of(plain, net, optimizer), "optimizer.state.1 is missing"));

  const std::string broken = folder / "broken";
  save_safetensors(broken, net, {{"tinynet.checkpoint.steps", "-3"}, {"tinynet.checkpoint.lr", "0.1"}});
  CHECK(contains(error_of(broken, net, optimizer), "that is neither negative nor too large, found '-3'"));
  for (const char* steps : {"9223372036854775807", "9223372036854775808", "1.5", "", " 1", "0x1"}) {
    save_safetensors(broken, net, {{"tinynet.checkpoint.steps", steps}, {"tinynet.checkpoint.lr", "0.1"}});
    CHECK(contains(error_of(broken, net, optimizer), "metadata tinynet.checkpoint.steps; "));
  }
  for (const char* lr : {"inf", "nan", "-1", "1e400", "0,1", ""}) {
    save_safetensors(broken, net, {{"tinynet.checkpoint.steps", "3"}, {"tinynet.checkpoint.lr", lr}});
    CHECK(contains(error_of(broken, net, optimizer), "metadata tinynet.checkpoint.lr; "));
  }
  for (const auto& [format, what] : {std::pair("2", "another version of tinynet; expected format 1, found format 2"),
                                     std::pair("", "metadata tinynet.checkpoint.format; ")}) {
    save_safetensors(
        broken, net,
        {{"tinynet.checkpoint.format", format}, {"tinynet.checkpoint.steps", "3"}, {"tinynet.checkpoint.lr", "1"}});
    CHECK(contains(error_of(broken, net, optimizer), what));
  }

  CHECK(numbers_of(net) == before);
  CHECK(optimizer.steps() == 2);
  CHECK_THROWS_AS(load_checkpoint(folder / "nowhere", net, optimizer), Error);
}

TEST_CASE("a training of a part is gone on with") {
  const auto make = [](Net& net) { return Adam{net.get<3>(), {.lr = 0.1}}; };
  const test::TemporaryFolder folder;
  Net whole = make_net(3), stopped = make_net(3), resumed = make_net(8);
  auto whole_optimizer = make(whole), stopped_optimizer = make(stopped), resumed_optimizer = make(resumed);
  train(whole, whole_optimizer, 9);
  train(stopped, stopped_optimizer, 4);
  save_checkpoint(folder / "part", stopped, stopped_optimizer);
  load_checkpoint(folder / "part", resumed, resumed_optimizer);
  train(resumed, resumed_optimizer, 5);
  CHECK(numbers_of(resumed) == numbers_of(whole));
  CHECK(resumed_optimizer.state() == whole_optimizer.state());
  SGD all{resumed};
  CHECK_THROWS_WITH_AS(load_checkpoint(folder / "part", resumed, all), doctest::Contains("optimizer.state"), Error);
}

TEST_CASE("what does not count any more is not saved, and what does is not forgotten by loading") {
  const test::TemporaryFolder folder;
  Net net = make_net(3);
  SGD optimizer{net, {.lr = 0.1}};
  train(net, optimizer, 5);
  const Net best = net;
  train(net, optimizer, 3);
  net = best;
  save_checkpoint(folder / "best", net, optimizer);
  Net resumed = make_net(8), other = best;
  SGD resumed_optimizer{resumed}, fresh{other, {.lr = optimizer.lr()}};
  load_checkpoint(folder / "best", resumed, resumed_optimizer);
  train(resumed, resumed_optimizer, 5);
  train(other, fresh, 5);
  CHECK(numbers_of(resumed) == numbers_of(other));
}
