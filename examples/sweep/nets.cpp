#include "nets.hpp"

#include <optional>
#include <tinynet/data/batches.hpp>
#include <tinynet/nn/ensemble.hpp>
#include <utility>

#include "../mnist/any_optimizer.hpp"
#include "../mnist/model.hpp"

namespace sweep {
namespace {

class OneNet : public Nets {
 public:
  OneNet(const Configuration& c, const tinynet::Dataset& train) : model_(mnist::make_model(c, train)) {}

  void step(const std::function<bool(std::size_t, float)>& goes_on) override {
    if (stopped_) return;
    struct Stays {};
    try {
      model_->step(true, [&](float loss) {
        if (!goes_on(0, loss)) throw Stays();
      });
    } catch (const Stays&) {
      stopped_ = true;
    }
  }
  void stop(std::size_t) override { stopped_ = true; }
  bool finite(std::size_t) const override { return model_->finite(); }
  tinynet::Evaluation evaluate(std::size_t, const tinynet::Dataset& data) const override {
    return model_->evaluate(data);
  }

 private:
  std::unique_ptr<mnist::Model> model_;
  bool stopped_ = false;
};

class SeveralNets : public Nets {
 public:
  SeveralNets(const Bundle& bundle, const tinynet::Dataset& train)
      : nets_(make(bundle)), scale_(bundle.front().scale), x_(train.images * scale_), labels_(train.labels) {
    for (std::size_t k = 0; k < bundle.size(); ++k)
      optimizers_.push_back(mnist::make_optimizer(nets_[static_cast<Index>(k)], bundle[k]));
    if (const Configuration& c = bundle.front(); c.batch != 0)
      batches_.emplace(x_, labels_, c.batch, tinynet::BatchOptions{.seed = {c.seed}});
  }

  void step(const std::function<bool(std::size_t, float)>& goes_on) override {
    if (!batches_) return step_on(x_, labels_, goes_on);
    const auto [x, labels] = batches_->next();
    step_on(x, labels, goes_on);
  }
  void stop(std::size_t k) override { nets_.stop(static_cast<Index>(k)); }
  bool finite(std::size_t k) const override {
    return std::visit([](const auto& optimizer) { return optimizer.finite(); }, optimizers_[k]);
  }
  tinynet::Evaluation evaluate(std::size_t k, const tinynet::Dataset& data) const override {
    return tinynet::evaluate(nets_[static_cast<Index>(k)], data.images * scale_, data.labels);
  }

 private:
  using Net = tinynet::DynamicMLP<float>;  // which has the bits of a net whose sizes are compiled in
  using Labels = std::span<const std::uint8_t>;

  static tinynet::Ensemble<tinynet::dynamic, Net> make(const Bundle& bundle) {
    std::vector<Net> nets;
    nets.reserve(bundle.size());
    for (const Configuration& c : bundle) nets.push_back(mnist::dynamic_net(c));
    return tinynet::Ensemble<tinynet::dynamic, Net>(std::move(nets));
  }

  template <class X>
  void step_on(const X& x, Labels labels, const std::function<bool(std::size_t, float)>& goes_on) {
    const auto losses = tinynet::cross_entropy(nets_(x), labels);
    nets_.zero_grad();
    losses.backward();
    for (Index k = 0; k < nets_.size(); ++k)
      if (losses.has(k) && !goes_on(static_cast<std::size_t>(k), losses[k].item())) nets_.stop(k);
    nets_.for_each([&](Index k) {
      std::visit([](auto& optimizer) { optimizer.step(); }, optimizers_[static_cast<std::size_t>(k)]);
    });
  }

  tinynet::Ensemble<tinynet::dynamic, Net> nets_;
  std::vector<mnist::AnyOptimizer<float>> optimizers_;
  double scale_;
  tinynet::RowSelection x_;
  Labels labels_;
  std::optional<tinynet::Batches<tinynet::RowSelection, std::uint8_t>> batches_;
};

}  // namespace

std::unique_ptr<Nets> make_nets(const Bundle& bundle, const tinynet::Dataset& train) {
  if (bundle.size() == 1) return std::make_unique<OneNet>(bundle.front(), train);
  return std::make_unique<SeveralNets>(bundle, train);
}

}  // namespace sweep
