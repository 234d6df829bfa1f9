// The main job on a device: 784-30-30-10 on digits.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <tinynet/data/mnist.hpp>
#include <tinynet/data/synthetic.hpp>
#include <tinynet/tinynet.hpp>

#include "../skip.hpp"

namespace test::main_job {

using namespace tinynet;

template <class Scalar>
using Net = BasicMLP<Scalar, ReLU, 784, 30, 30, 10>;

/// What a training gave: the losses, and the parameters afterwards.
struct Training {
  std::vector<float> losses;
  Eigen::VectorXf parameters;
};

/// Plain gradient descent on all of the data from PyTorch's weights of seed 0, by the fused step or the general
/// operations. The losses stay on the device until the end.
template <class Device, class Data>
Training train_on(Device device, const Data& there, Engine engine, int steps) {
  auto net = Net<float>{Seed{0}}.to(device);
  SGD optimizer{net, {.lr = 0.003}};
  using Loss = Var<typename decltype(net)::Scalar, 1, 1>;
  std::vector<Loss> losses;
  set_engine(engine);
  for (int step = 0; step < steps; ++step) {
    const Loss loss = cross_entropy(net(there.images), there.labels);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    losses.push_back(loss);
  }
  set_engine(Engine::automatic);
  Training result;
  for (const Loss& loss : losses) result.losses.push_back(loss.item());
  result.parameters = optimizer.parameters().value.to(cpu);
  return result;
}

/// The same bits twice, and by both engines nearly the same.
template <class Device>
void check_repeats(Device device, const Dataset& digits) {
  const auto there = digits.to(device);
  const Training fused = train_on(device, there, Engine::fused, 5), again = train_on(device, there, Engine::fused, 5);
  const Training general = train_on(device, there, Engine::tape, 5);
  CHECK(fused.losses == again.losses);
  CHECK(fused.parameters == again.parameters);
  CHECK(general.parameters == train_on(device, there, Engine::tape, 5).parameters);
  CHECK(fused.losses[4] == doctest::Approx(general.losses[4]).epsilon(1e-3));
}

/// The gradients at the start, of each tensor, within 1e-5 of those in double precision by the general operations.
template <class Device>
void check_gradients(Device device, const Dataset& digits) {
  const auto there = digits.to(device);
  auto net = Net<float>{Seed{0}}.to(device);
  auto exact = Net<double>{Seed{0}}.to(device);
  set_engine(Engine::tape);
  cross_entropy(exact(there.images), there.labels).backward();
  set_engine(Engine::fused);
  cross_entropy(net(there.images), there.labels).backward();
  set_engine(Engine::automatic);
  const auto own = net.parameters();
  const auto wanted = exact.parameters();
  REQUIRE(own.size() == 6);
  for (std::size_t i = 0; i < own.size(); ++i) {
    CAPTURE(i);
    const auto gradient_of = [](auto& parameter) {
      Eigen::Matrix<detail::number_of<typename std::remove_reference_t<decltype(parameter)>::Scalar>, Eigen::Dynamic, 1>
          numbers(parameter.size());
      detail::copy_across(parameter.gradient_data(), parameter.size(), numbers.data());
      return Eigen::VectorXd(numbers.template cast<double>());
    };
    const Eigen::VectorXd expected = gradient_of(*wanted[i]);
    CHECK((gradient_of(*own[i]) - expected).norm() <= 1e-5 * expected.norm());
  }
}

/// PyTorch's losses, where $TINYNET_DATA and $TINYNET_REFERENCE name folders: in the first 60 steps no farther from
/// those in double precision than 3 times PyTorch's own in float.
template <class Device>
void check_curve(Device device) {
  const char *const data = std::getenv("TINYNET_DATA"), *const reference = std::getenv("TINYNET_REFERENCE");
  if (data == nullptr || reference == nullptr) {
    return skip("TINYNET_DATA and TINYNET_REFERENCE do not name folders");
  }
  const auto curve = [&](const char* folder) {
    std::ifstream file(std::string(reference) + folder + "/curve.csv");
    std::string line;
    REQUIRE(std::getline(file, line));
    std::vector<double> losses;
    while (std::getline(file, line)) losses.push_back(std::stod(line.substr(line.find(',') + 1)));
    REQUIRE(losses.size() >= 60);
    return losses;
  };
  const auto exact = curve("/seed0_float64"), torch = curve("/seed0");
  const auto there = read_mnist(data).train.to(device);
  for (const Engine engine : {Engine::fused, Engine::tape}) {
    const Training training = train_on(device, there, engine, 60);
    double unit = 0;
    for (std::size_t i = 0; i < 60; ++i) {
      CAPTURE(i);
      unit = std::max(unit, std::abs(torch[i] / exact[i] - 1));
      CHECK(std::abs(static_cast<double>(training.losses[i]) / exact[i] - 1) <= 3 * unit + 1e-5);
    }
  }
}

}  // namespace test::main_job
