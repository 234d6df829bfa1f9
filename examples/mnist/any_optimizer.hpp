// The optimizer that was asked for, and other things that all models make of the options.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <tinynet/data/dataset.hpp>
#include <tinynet/mlp.hpp>
#include <type_traits>
#include <variant>
#include <vector>

#include "model.hpp"

namespace mnist {

template <class Scalar>
using AnyOptimizer = std::variant<tinynet::SGD<Scalar>, tinynet::Adam<Scalar>, tinynet::AdamW<Scalar>,
                                  tinynet::RMSprop<Scalar>, tinynet::Adagrad<Scalar>, tinynet::Adadelta<Scalar>>;

template <class Net>
AnyOptimizer<typename Net::Scalar> make_optimizer(Net& net, const Options& o) {
  const double lr = o.lr, decay = o.weight_decay.value_or(0);
  if (o.optimizer == "adam") return tinynet::Adam{net, {.lr = lr, .weight_decay = decay}};
  if (o.optimizer == "adamw") return tinynet::AdamW{net, {.lr = lr, .weight_decay = o.weight_decay.value_or(0.01)}};
  if (o.optimizer == "rmsprop")
    return tinynet::RMSprop{net, {.lr = lr, .weight_decay = decay, .momentum = o.momentum.value_or(0)}};
  if (o.optimizer == "adagrad") return tinynet::Adagrad{net, {.lr = lr, .weight_decay = decay}};
  if (o.optimizer == "adadelta") return tinynet::Adadelta{net, {.lr = lr, .weight_decay = decay}};
  const double momentum = o.momentum.value_or(o.optimizer == "sgd" ? 0 : 0.9);
  return tinynet::SGD{net,
                      {.lr = lr, .momentum = momentum, .weight_decay = decay, .nesterov = o.optimizer == "nesterov"}};
}

/// The net that was asked for, with sizes known at run time.
inline tinynet::DynamicMLP<float> dynamic_net(const Options& options) {
  std::vector<Index> sizes{inputs};
  sizes.insert(sizes.end(), options.hidden.begin(), options.hidden.end());
  sizes.push_back(classes);
  return tinynet::DynamicMLP<float>(sizes, tinynet::activation_by_name(options.activation),
                                    tinynet::Seed{options.seed});
}

/// How such a net is computed. Throws Error (usage), `refusal`, if the engine is to be the fused one and cannot be.
template <class Net>
Computation choose_engine(const Options& options, bool can_be_fused, const std::string& refusal) {
  if (options.engine == Engine::fused && !can_be_fused) throw tinynet::Error(tinynet::ErrorCode::usage, refusal);
  const bool by_tape = options.engine == Engine::tape;
  return {.sizes_compiled_in = !std::is_same_v<Net, tinynet::DynamicMLP<float>>, .fused = can_be_fused && !by_tape};
}

/// `count` labels from number `begin` on.
inline auto some_labels(std::span<const std::uint8_t> labels, Index begin, Index count) {
  return labels.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(count));
}
template <class Device>
auto some_labels(const tinynet::DeviceLabels<Device>& labels, Index begin, Index count) {
  return labels.segment(begin, count);
}

/// Makes a step of whatever optimizer it is, on rows x. If the loss is wanted, on_loss(loss) is called before the
/// parameters change, and it is returned. With `chunk_rows` only so many rows are computed at a time, and their
/// gradients added.
template <class Net, class X, class Labels, class Scalar, class OnLoss>
std::optional<float> make_step(const Net& net, const X& x, const Labels& labels, Index chunk_rows, bool wanted,
                               AnyOptimizer<Scalar>& any, const OnLoss& on_loss) {
  std::optional<float> value;
  const auto seen = [&](float loss) { on_loss(value.emplace(loss)); };
  std::visit([](auto& optimizer) { optimizer.zero_grad(); }, any);
  if (chunk_rows == 0 || chunk_rows >= x.size()) {
    const auto loss = cross_entropy(net(x), labels);
    if (wanted) seen(loss.item());
    loss.backward();
  } else {
    double total = 0;
    for (Index begin = 0; begin < x.size(); begin += chunk_rows) {
      const Index count = std::min(chunk_rows, x.size() - begin);
      const float share = static_cast<float>(count) / static_cast<float>(x.size());
      const auto loss = cross_entropy(net(x.middle_rows(begin, count)), some_labels(labels, begin, count)) * share;
      if (wanted) total += static_cast<double>(loss.item());
      loss.backward();
    }
    if (wanted) seen(static_cast<float>(total));
  }
  std::visit([](auto& optimizer) { optimizer.step(); }, any);
  return value;
}

/// The gradient of the mean loss of some data by all parameters. The net's gradients are 0 afterwards.
template <class Net, class X, class Labels>
std::vector<float> gradient_of(Net& net, const X& x, const Labels& labels) {
  net.zero_grad();
  cross_entropy(net(x), labels).backward();
  const auto& gradient = tinynet::flat_parameters(net)->gradient;
  std::vector<float> numbers(static_cast<std::size_t>(gradient.size()));
  if constexpr (requires { gradient.to(tinynet::cpu); })
    Eigen::VectorXf::Map(numbers.data(), gradient.size()) = gradient.to(tinynet::cpu);
  else
    Eigen::VectorXf::Map(numbers.data(), gradient.size()) = gradient;
  net.zero_grad();
  return numbers;
}

/// A net as PyTorch prints it.
template <class Net>
std::string net_text(const Net& net) {
  std::ostringstream out;
  out.imbue(std::locale::classic());
  out << net;
  return out.str();
}

}  // namespace mnist
