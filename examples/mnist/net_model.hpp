// A net of one shape and its optimizer as a Model. This is where the training step is compiled, once for each shape;
// the shapes are spread over several files so that these can be compiled at the same time.
#pragma once

#include <locale>
#include <memory>
#include <sstream>
#include <string>
#include <tinynet/mlp.hpp>
#include <utility>
#include <variant>
#include <vector>

#include "model.hpp"

namespace mnist {

using AnyOptimizer = std::variant<tinynet::SGD<float>, tinynet::Adam<float>, tinynet::AdamW<float>,
                                  tinynet::RMSprop<float>, tinynet::Adagrad<float>, tinynet::Adadelta<float>>;

template <class Net>
AnyOptimizer make_optimizer(Net& net, const Options& o) {
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

/// "784-30-30-10 relu"
inline std::string shape_text(const Options& options) {
  std::string text = std::to_string(inputs);
  for (const Index width : options.hidden) text.append("-").append(std::to_string(width));
  return text.append("-").append(std::to_string(classes)).append(" ").append(options.activation);
}

template <class Net>
class NetModel : public Model {
 public:
  NetModel(Net&& net, const Options& options, const std::string& sizes)
      : net_(std::move(net)), optimizer_(make_optimizer(net_, options)) {
    const bool can_be_fused = net_.stages().size > 0;
    if (options.engine == Engine::fused && !can_be_fused)
      throw tinynet::Error(tinynet::ErrorCode::usage, "--engine fused: the net " + shape_text(options) +
                                                          " has too many layers for it; use auto or tape");
    const bool by_tape = options.engine == Engine::tape;
    tinynet::set_engine(by_tape ? tinynet::Engine::tape : tinynet::Engine::automatic);
    kind_ = "net " + shape_text(options) + ": " + sizes + ", " +
            (can_be_fused && !by_tape ? "fused engine" : "tape engine");
  }

  float step(const tinynet::RowSelection& x, Labels labels, const std::function<void(float)>& on_loss) override {
    const auto loss = cross_entropy(net_(x), labels);
    const float value = loss.item();
    on_loss(value);
    std::visit(
        [&loss](auto& optimizer) {
          optimizer.zero_grad();
          loss.backward();
          optimizer.step();
        },
        optimizer_);
    return value;
  }

  tinynet::Evaluation evaluate(const tinynet::RowSelection& x, Labels labels) const override {
    return tinynet::evaluate(net_, x, labels);
  }

  std::string text() const override {
    std::ostringstream out;
    out.imbue(std::locale::classic());
    out << net_;
    return out.str();
  }

  std::vector<tinynet::NamedTensor<float>> weights() override { return tinynet::state_dict(net_); }

  std::string kind() const override { return kind_; }

 private:
  Net net_;
  AnyOptimizer optimizer_;
  std::string kind_;
};

/// The net with this activation, if one with the hidden widths that were asked for is compiled in.
template <class Activation>
std::unique_ptr<Model> make_compiled_in(const Options& options) {
  const auto with = [&]<Index... Hidden>(std::integer_sequence<Index, Hidden...>)->std::unique_ptr<Model> {
    if (options.hidden != std::vector<Index>{Hidden...}) return nullptr;
    using Net = tinynet::BasicMLP<float, Activation, inputs, Hidden..., classes>;
    return std::make_unique<NetModel<Net>>(Net(tinynet::Seed{options.seed}), options, "sizes compiled in");
  };
  return with(std::integer_sequence<Index, 30, 30>{});
}

// In nets_*.cpp: the net with the activation that was asked for, if it is theirs and its shape is compiled in.
std::unique_ptr<Model> make_rectifier_net(const Options& options);
std::unique_ptr<Model> make_sigmoid_net(const Options& options);
std::unique_ptr<Model> make_smooth_net(const Options& options);

}  // namespace mnist
