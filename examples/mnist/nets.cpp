// The nets that can be asked for, each with its optimizer as a Model. Of the program's files this one holds the
// training step, and takes the longest to compile.
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
namespace {

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

/// The net of the notebook, 784-30-30-10, with this activation.
template <class Activation>
std::unique_ptr<Model> make_compiled_in(const Options& options, const tinynet::Dataset& train,
                                        const tinynet::Ranks* ranks) {
  using Net = tinynet::BasicMLP<float, Activation, inputs, 30, 30, classes>;
  return std::make_unique<NetModel<Net>>(Net(tinynet::Seed{options.seed}), options, train, ranks);
}

struct CompiledIn {
  const char* activation;
  std::unique_ptr<Model> (*make)(const Options&, const tinynet::Dataset&, const tinynet::Ranks*);
};
constexpr CompiledIn compiled_in[] = {
    {"relu", make_compiled_in<tinynet::ReLU>}, {"leaky_relu", make_compiled_in<tinynet::LeakyReLU>},
    {"elu", make_compiled_in<tinynet::ELU>},   {"sigmoid", make_compiled_in<tinynet::Sigmoid>},
    {"tanh", make_compiled_in<tinynet::Tanh>}, {"silu", make_compiled_in<tinynet::SiLU>},
    {"gelu", make_compiled_in<tinynet::GELU>},
};

}  // namespace

std::unique_ptr<Model> make_model(const Options& options, const tinynet::Dataset& train, const tinynet::Ranks* ranks) {
  const std::vector<Index> widths{30, 30};  // within the condition it ends clang++ 14 that measures coverage
  if (options.hidden == widths)
    for (const auto& [activation, make] : compiled_in)
      if (options.activation == activation) return make(options, train, ranks);
  return std::make_unique<NetModel<tinynet::DynamicMLP<float>>>(dynamic_net(options), options, train, ranks);
}

}  // namespace mnist
