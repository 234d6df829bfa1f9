// The GPU, and the nets that are trained on it. Everything else of the program is compiled by the C++ compiler.
#include <tinynet/cuda.cuh>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "any_optimizer.hpp"
#include "gpu.hpp"

namespace mnist {
namespace {

int gpu_index = 0;

/// Calls f with what two variants of the same kinds of things hold, the same kind both.
template <std::size_t I = 0, class A, class B, class F>
void visit_same(A& a, B& b, const F& f) {
  if constexpr (I < std::variant_size_v<A>) {
    if (a.index() == I)
      f(std::get<I>(a), std::get<I>(b));
    else
      visit_same<I + 1>(a, b, f);
  }
}

/// Brings an optimizer to where one of the same kind on another device is; `move(vector)` brings what it remembers.
template <class From, class To, class Move>
void copy_state(const From& from, To& to, const Move& move) {
  auto state = to.state();
  for (std::size_t i = 0; i < state.size(); ++i) state[i] = move(from.state()[i]);
  to.restore(from.steps(), std::move(state));
  to.set_lr(from.lr());
}

/// A net that starts as one of the program's memory and goes to the GPU, with the data, when it is first used.
template <class HostNet>
class GpuModel : public Model {
 public:
  GpuModel(HostNet&& net, const Options& options, const tinynet::Dataset& train, const tinynet::Ranks* ranks)
      : host_(std::move(net)), options_(options), train_(train), ranks_(ranks) {
    if (ranks != nullptr && !tinynet::detail::HasKernels<Net>)
      throw tinynet::Error(tinynet::ErrorCode::usage,
                           "--dist nccl: there are no kernels for the net " + shape_text(options) + " on a GPU");
    computation_ = choose_engine<HostNet>(
        options, tinynet::detail::HasKernels<Net>,
        "--engine fused: there are no kernels for the net " + shape_text(options) + " on a GPU; use auto or tape");
  }

  std::optional<float> step(bool wanted, const std::function<void(float)>& on_loss) override {
    const auto guard = computation_.on_this_thread();
    start();
    if (!data_) {
      data_.emplace((ranks_ != nullptr && options_.batch == 0 ? share(*ranks_, train_) : train_).to(tinynet::cuda));
      if (options_.batch != 0) {
        batches_.emplace(data_->images, data_->labels, options_.batch, tinynet::BatchOptions{.seed = {options_.seed}});
        if (steps_before_ < options_.steps) batches_->skip(steps_before_);  // to where they were
      }
    }
    const auto step_on = [&](const auto& x, const auto& labels) {
      return make_step(*net_, x, labels, options_.chunk_rows, wanted, *optimizer_, on_loss);
    };
    if (!batches_) return step_on(data_->images * options_.scale, data_->labels);
    auto batch = batches_->next();
    if (ranks_ != nullptr) batch = share(*ranks_, batch);
    return step_on(batch.x * options_.scale, batch.y);
  }

  tinynet::Evaluation evaluate(const tinynet::Dataset& data) const override {
    start();
    const auto there = data.to(tinynet::cuda);
    return tinynet::evaluate(*net_, there.images * options_.scale, there.labels);
  }

  std::vector<float> gradient(const tinynet::Dataset& data) override {
    const auto guard = computation_.on_this_thread();
    start();
    const auto there = data.to(tinynet::cuda);
    return gradient_of(*net_, there.images * options_.scale, there.labels);
  }

  std::string text() const override { return net_text(host_); }
  std::vector<tinynet::NamedTensor<float>> weights() override {
    if (net_) host_ = net_->to(tinynet::cpu);
    return tinynet::state_dict(host_);
  }
  void save_checkpoint(const std::string& path, tinynet::Metadata about) override {
    start();
    weights();
    auto here = make_optimizer(host_, options_);
    visit_same(here, *optimizer_, [&](auto& to, const auto& from) {
      copy_state(from, to, [](const auto& numbers) { return numbers.to(tinynet::cpu); });
      tinynet::save_checkpoint(path, host_, to, std::move(about));
    });
  }
  int load_checkpoint(const std::string& path) override {
    auto here = make_optimizer(host_, options_);
    std::visit([&](auto& optimizer) { tinynet::load_checkpoint(path, host_, optimizer); }, here);
    start();
    visit_same(here, *optimizer_, [&](const auto& from, auto& to) {
      copy_state(from, to, [](const auto& numbers) { return tinynet::to(numbers, tinynet::cuda); });
      steps_before_ = from.steps();
    });
    return static_cast<int>(steps_before_);
  }

  void set_lr(double lr) override {
    start();
    std::visit([lr](auto& optimizer) { optimizer.set_lr(lr); }, *optimizer_);
  }

  const Computation& computation() const override { return computation_; }
  std::string device() const override { return "cuda:" + std::to_string(gpu_index); }

 private:
  using Net = tinynet::detail::Rebound<HostNet, tinynet::Cuda>;

  void start() const {
    if (net_) return;
    net_.emplace(host_.to(tinynet::cuda));
    optimizer_.emplace(make_optimizer(*net_, options_));
  }

  HostNet host_;
  const Options options_;
  const tinynet::Dataset& train_;
  const tinynet::Ranks* ranks_;
  Computation computation_;
  Index steps_before_ = 0;
  mutable std::optional<Net> net_;
  mutable std::optional<AnyOptimizer<typename Net::Scalar>> optimizer_;
  using Images = tinynet::DeviceImages<tinynet::Cuda>;
  std::optional<tinynet::DeviceDataset<tinynet::Cuda>> data_;
  std::optional<tinynet::DeviceBatches<Images, tinynet::Cuda>> batches_;
};

/// About how many bytes of the GPU a run takes at its fullest.
double gpu_memory_needed(const Options& options, Index train_rows, Index test_rows, bool fused) {
  const auto [parameters, largest_layer, outputs, widest] = net_size(options);
  const Index rows = rows_at_a_time(options, train_rows);
  const double pixels = static_cast<double>(inputs) * static_cast<double>(train_rows + test_rows);
  // The general operations have the rows as floats, what each layer and activation gives, and gradients of these.
  const double by_tape = static_cast<double>(rows) * (inputs + 4 * outputs),
               tests = static_cast<double>(test_rows) * (inputs + 2 * outputs);
  const double step = fused ? tinynet::detail::gpu::Parts::most * parameters : by_tape;
  return pixels + sizeof(float) * (5 * parameters + std::max(step, tests));
}

void check_memory(const Options& options, Index train_rows, Index test_rows, bool fused) {
  const double needed = gpu_memory_needed(options, train_rows, test_rows, fused);
  const auto free = static_cast<double>(tinynet::free_gpu_memory());
  if (needed > free)
    throw tinynet::Error(tinynet::ErrorCode::device,
                         "not enough memory on the GPU: this net and " + std::to_string(train_rows) +
                             " rows need about " + std::to_string(static_cast<long long>(needed)) +
                             " bytes; free are " + std::to_string(static_cast<long long>(free)) +
                             ". Try --chunk-rows, smaller --hidden or --batch, or --device cpu");
}

/// The net with these hidden widths, if it is the one that was asked for.
template <class Activation, Index... Hidden>
std::unique_ptr<Model> make_compiled_in(const Options& options, const tinynet::Dataset& train, Index test_rows,
                                        const tinynet::Ranks* ranks) {
  if (options.hidden != std::vector<Index>{Hidden...}) return nullptr;
  check_memory(options, train.size(), test_rows, options.engine != Engine::tape);
  using Net = tinynet::BasicMLP<float, Activation, inputs, Hidden..., classes>;
  return std::make_unique<GpuModel<Net>>(Net(tinynet::Seed{options.seed}), options, train, ranks);
}

}  // namespace

std::string use_gpu(const std::string& device) {
  int index = 0;
  if (const std::size_t colon = device.find(':'); colon != std::string::npos)
    std::from_chars(device.data() + colon + 1, device.data() + device.size(), index);
  const tinynet::GpuInfo gpu = tinynet::use_gpu(index);
  gpu_index = index;
  return "cuda:" + std::to_string(index) + " (" + gpu.name + ")";
}

std::unique_ptr<Model> make_gpu_model(const Options& options, const tinynet::Dataset& train, Index test_rows,
                                      const tinynet::Ranks* ranks) {
  if (options.activation == "relu")
    if (auto model = make_compiled_in<tinynet::ReLU, 30, 30>(options, train, test_rows, ranks)) return model;
  check_memory(options, train.size(), test_rows, false);
  return std::make_unique<GpuModel<tinynet::DynamicMLP<float>>>(dynamic_net(options), options, train, ranks);
}

}  // namespace mnist
