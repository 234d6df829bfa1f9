// The net and its optimizer, behind one interface for all shapes, so that the rest of the program is compiled once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tinynet/core/engine.hpp>
#include <tinynet/core/named_tensor.hpp>
#include <tinynet/data/dataset.hpp>
#include <tinynet/io/checkpoint.hpp>
#include <tinynet/train.hpp>
#include <vector>

#include "options.hpp"

namespace mnist {

/// How a net is computed.
struct Computation {
  bool sizes_compiled_in = false, fused = false;

  const char* engine() const { return fused ? "fused" : "tape"; }
  /// The same for the library; trainings at the same time may have different ones.
  tinynet::WithEngine on_this_thread() const {
    return tinynet::WithEngine(fused ? tinynet::Engine::automatic : tinynet::Engine::tape);
  }
};

class Model {
 public:
  virtual ~Model() = default;

  /// Makes one training step on the next rows of the training data. If the loss before it is `wanted` or at hand
  /// anyway, calls `on_loss(loss)` in between, which may throw to keep the weights as they are, and returns it.
  virtual std::optional<float> step(bool wanted, const std::function<void(float)>& on_loss) = 0;

  /// Whether all weights and what the optimizer remembers were finite after the last step; see Optimizer::finite.
  virtual bool finite() const { return true; }

  /// How good the net is on some data.
  virtual tinynet::Evaluation evaluate(const tinynet::Dataset& data) const = 0;

  /// The gradient of the mean loss of some data by all weights, one after another. It does not change the next step.
  virtual std::vector<float> gradient(const tinynet::Dataset& data) = 0;

  /// The net as PyTorch prints it.
  virtual std::string text() const = 0;

  /// Its weights by PyTorch's names, to be looked at, or before the first step changed. They are valid until the next
  /// step.
  virtual std::vector<tinynet::NamedTensor<float>> weights() = 0;

  /// Writes and reads what is needed to go on with the training: see tinynet::save_checkpoint. `load_checkpoint` comes
  /// before the first step; it returns how many steps had been made.
  virtual void save_checkpoint(const std::string& path, tinynet::Metadata about) = 0;
  virtual int load_checkpoint(const std::string& path) = 0;

  /// Sets the optimizer's learning rate.
  virtual void set_lr(double lr) = 0;

  /// How it is computed; and where, as PyTorch names it.
  virtual const Computation& computation() const = 0;
  virtual std::string device() const = 0;
};

/// "784-30-30-10 relu"
std::string shape_text(const Options& options);

/// How large the net that was asked for is.
struct NetSize {
  double parameters = 0, largest_layer = 0;  // numbers that are trained
  double outputs = 0, widest = 0;            // of all layers for one row
};
NetSize net_size(const Options& options);

/// The name of the first weight with a number that is not finite; empty if there is none.
std::string nonfinite_weight(Model& model);

/// How many rows of the training data are computed at a time.
Index rows_at_a_time(const Options& options, Index train_rows);

/// About how many bytes the run will take beside the data, at its fullest: the weights and what belongs to them, and
/// then a training step on `train_rows` rows or an evaluation of `test_rows` rows.
double memory_needed(const Options& options, Index train_rows, Index test_rows);

/// The net that was asked for, with the weights that its seed gives. The shapes and activations compiled in have their
/// sizes in their types; all others have them at run time, with the same results. The data must outlive it. With
/// `ranks`, it trains on this process's part of the data (or of each batch), and the others on theirs.
std::unique_ptr<Model> make_model(const Options& options, const tinynet::Dataset& train,
                                  const tinynet::Ranks* ranks = nullptr);

inline constexpr Index inputs = 784, classes = 10;

}  // namespace mnist
