// A training small enough to be saved, damaged and loaded thousands of times.
#pragma once

#include <tinynet/mlp.hpp>
#include <tinynet/nn/normalization.hpp>
#include <tinynet/nn/sequential.hpp>
#include <vector>

namespace test {

inline auto make_small_net(tinynet::Generator&& generator) {
  return tinynet::Sequential{tinynet::Linear<2, 3>{generator}, tinynet::BatchNorm1d<3>{}, tinynet::Tanh{},
                             tinynet::Linear<3, 2>{generator}};
}

struct SmallTraining {
  decltype(make_small_net(tinynet::Generator{})) net = make_small_net(tinynet::Generator{tinynet::Seed{1}});
  tinynet::Adam<float> optimizer{net, {.lr = 0.01}};

  void step() {
    const tinynet::Matrix<float, 2, 2> x{{0.5f, -1}, {2, 0.25f}};
    const std::vector<int> y{0, 1};
    const auto loss = cross_entropy(net(x), y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }

  // All that a checkpoint holds.
  std::vector<float> numbers() {
    std::vector<float> all;
    for (const auto& t : tinynet::state_dict(net)) all.insert(all.end(), t.data, t.data + t.size());
    for (const auto& vector : optimizer.state()) all.insert(all.end(), vector.data(), vector.data() + vector.size());
    return all;
  }
};

}  // namespace test
