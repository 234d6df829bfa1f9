// The optimizer that was asked for, and other things that all models make of the options.
#pragma once

#include <string>
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

/// Sets the engine that was asked for; returns how such a net is computed. Throws Error (usage), `refusal`, if the
/// engine is to be the fused one and cannot be.
template <class Net>
Computation choose_engine(const Options& options, bool can_be_fused, const std::string& refusal) {
  if (options.engine == Engine::fused && !can_be_fused) throw tinynet::Error(tinynet::ErrorCode::usage, refusal);
  const bool by_tape = options.engine == Engine::tape;
  tinynet::set_engine(by_tape ? tinynet::Engine::tape : tinynet::Engine::automatic);
  return {.sizes_compiled_in = !std::is_same_v<Net, tinynet::DynamicMLP<float>>, .fused = can_be_fused && !by_tape};
}

/// Makes a step of whatever optimizer it is.
template <class Scalar, class Loss>
void apply_step(AnyOptimizer<Scalar>& any, const Loss& loss) {
  std::visit(
      [&loss](auto& optimizer) {
        optimizer.zero_grad();
        loss.backward();
        optimizer.step();
      },
      any);
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
