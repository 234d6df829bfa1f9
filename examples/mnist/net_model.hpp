// A net of one shape and its optimizer as a Model. This is where the training step is compiled, once for each shape;
// the shapes are spread over several files so that these can be compiled at the same time.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tinynet/data/batches.hpp>
#include <tinynet/dist/share.hpp>
#include <utility>
#include <vector>

#include "any_optimizer.hpp"

namespace mnist {

template <class Net>
class NetModel : public Model {
 public:
  NetModel(Net&& net, const Options& options, const tinynet::Dataset& train, const tinynet::Ranks* ranks)
      : net_(std::move(net)),
        optimizer_(make_optimizer(net_, options)),
        scale_(options.scale),
        chunk_rows_(options.chunk_rows),
        last_step_(options.steps),
        ranks_(ranks),
        own_(ranks != nullptr && options.batch == 0 ? share(*ranks, train) : train),
        x_(own_.images * scale_),
        labels_(own_.labels) {
    if (options.batch != 0) batches_.emplace(x_, labels_, options.batch, tinynet::BatchOptions{.seed = {options.seed}});
    computation_ = choose_engine<Net>(
        options, net_.stages().size > 0,
        "--engine fused: the net " + shape_text(options) + " has too many layers for it; use auto or tape");
  }

  std::optional<float> step(bool, const std::function<void(float)>& on_loss) override {
    const auto guard = computation_.on_this_thread();
    if (!batches_) return make_step(net_, x_, labels_, chunk_rows_, true, optimizer_, on_loss);
    const auto batch = batches_->next();
    const auto [x, labels] = ranks_ == nullptr ? batch : share(*ranks_, batch);
    return make_step(net_, x, labels, chunk_rows_, true, optimizer_, on_loss);
  }

  bool finite() const override {
    return std::visit([](const auto& optimizer) { return optimizer.finite(); }, optimizer_);
  }

  tinynet::Evaluation evaluate(const tinynet::Dataset& data) const override {
    return tinynet::evaluate(net_, data.images * scale_, data.labels);
  }

  std::vector<float> gradient(const tinynet::Dataset& data) override {
    const auto guard = computation_.on_this_thread();
    return gradient_of(net_, data.images * scale_, data.labels);
  }

  std::string text() const override { return net_text(net_); }

  std::vector<tinynet::NamedTensor<float>> weights() override { return tinynet::state_dict(net_); }

  void save_checkpoint(const std::string& path, tinynet::Metadata about) override {
    std::visit([&](auto& optimizer) { tinynet::save_checkpoint(path, net_, optimizer, std::move(about)); }, optimizer_);
  }
  int load_checkpoint(const std::string& path) override {
    const auto steps = std::visit(
        [&](auto& optimizer) {
          tinynet::load_checkpoint(path, net_, optimizer);
          return optimizer.steps();
        },
        optimizer_);
    if (batches_ && steps < last_step_) batches_->skip(steps);  // to where they were
    return static_cast<int>(steps);
  }

  void set_lr(double lr) override {
    std::visit([lr](auto& optimizer) { optimizer.set_lr(lr); }, optimizer_);
  }

  const Computation& computation() const override { return computation_; }
  std::string device() const override { return "cpu"; }

 private:
  using Labels = std::span<const std::uint8_t>;

  Net net_;
  AnyOptimizer<float> optimizer_;
  double scale_;
  Index chunk_rows_;
  int last_step_;
  const tinynet::Ranks* ranks_;
  tinynet::Dataset own_;  // the rows of this process
  tinynet::RowSelection x_;
  Labels labels_;
  std::optional<tinynet::Batches<tinynet::RowSelection, std::uint8_t>> batches_;
  Computation computation_;
};

/// The net with this activation, if one with the hidden widths that were asked for is compiled in.
template <class Activation>
std::unique_ptr<Model> make_compiled_in(const Options& options, const tinynet::Dataset& train,
                                        const tinynet::Ranks* ranks) {
  const auto with = [&]<Index... Hidden>(std::integer_sequence<Index, Hidden...>)->std::unique_ptr<Model> {
    const std::vector<Index> widths{Hidden...};  // within the condition it ends clang++ 14 that measures coverage
    if (options.hidden != widths) return nullptr;
    using Net = tinynet::BasicMLP<float, Activation, inputs, Hidden..., classes>;
    return std::make_unique<NetModel<Net>>(Net(tinynet::Seed{options.seed}), options, train, ranks);
  };
  return with(std::integer_sequence<Index, 30, 30>{});
}

// In nets_*.cpp: the net with the activation that was asked for, if it is theirs and its shape is compiled in.
std::unique_ptr<Model> make_rectifier_net(const Options& options, const tinynet::Dataset& train,
                                          const tinynet::Ranks* ranks);
std::unique_ptr<Model> make_sigmoid_net(const Options& options, const tinynet::Dataset& train,
                                        const tinynet::Ranks* ranks);
std::unique_ptr<Model> make_smooth_net(const Options& options, const tinynet::Dataset& train,
                                       const tinynet::Ranks* ranks);

}  // namespace mnist
