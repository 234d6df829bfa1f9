#include "session.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <sstream>
#include <tinynet/core/threads.hpp>
#include <tinynet/data/batches.hpp>
#include <tinynet/io/safetensors.hpp>
#include <vector>

#ifndef _WIN32
#include <unistd.h>
#endif

#include "data_source.hpp"
#include "metrics.hpp"
#include "model.hpp"
#include "numbers.hpp"
#include "sha256.hpp"
#include "stop_request.hpp"

namespace mnist {
namespace {

using tinynet::Error;
using tinynet::ErrorCode;

// ---- Before the data are read: what cannot work is said at once, not after an hour of training -----------------

void choose_device(const Options& options, Console& console) {
  if (options.device.starts_with("cuda"))
    throw Error(ErrorCode::device, "--device " + options.device + ": built without CUDA");
  if (options.device == "auto") console.note("device: cpu (built without CUDA)");
  tinynet::set_num_threads(options.threads);
  if (options.threads > tinynet::detail::available_cpus())
    console.note(std::to_string(options.threads) + " threads on " + std::to_string(tinynet::detail::available_cpus()) +
                 " CPUs");
}

void check_save_file(const std::string& path) {
  if (path.empty()) return;
  namespace fs = std::filesystem;
  std::error_code error;
  const auto fail = [&path](const std::string& what) {
    throw Error({.code = ErrorCode::io, .path = path, .what = "cannot be saved: " + what});
  };
  if (fs::is_directory(path, error)) fail("it is a directory");
  const fs::path parent = fs::path(path).parent_path();
  const fs::path folder = parent.empty() ? fs::path(".") : parent;
  if (!fs::is_directory(folder, error)) fail("there is no folder " + folder.string());
#ifndef _WIN32
  if (::access(folder.c_str(), W_OK) != 0) fail("its folder cannot be written to");
#endif
}

/// The weights, their gradients and what the optimizer remembers, and a row of each layer's outputs, must fit.
void check_memory(const Options& options) {
#if !defined(_WIN32) && defined(_SC_PHYS_PAGES)
  const double needed = 5 * sizeof(float) * parameter_count(options);
  const double present = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  if (present > 0 && needed > present)
    throw Error(ErrorCode::io, "--hidden: a net of " + fixed(parameter_count(options), 0) + " parameters needs " +
                                   fixed(needed, 0) + " bytes; this machine has " + fixed(present, 0));
#endif
}

// ---- The data ----------------------------------------------------------------------------------------------------

void check_data(const Data& data, Console& console) {
  const tinynet::Images& images = data.train.images;
  if (images.cols() != inputs)
    throw Error({.path = data.origin,
                 .what = "images of the wrong size",
                 .expected = std::to_string(inputs) + " pixels, as the net has inputs",
                 .actual = std::to_string(images.height()) + " x " + std::to_string(images.width()) + " = " +
                           std::to_string(images.cols())});
  if (data.train.size() == 0 || data.test.size() == 0) throw Error({.path = data.origin, .what = "no examples"});
  std::array<Index, classes> counts{};
  for (const std::uint8_t label : data.train.labels) ++counts.at(label);
  if (std::count(counts.begin(), counts.end(), 0) > 0) {
    std::string text = "not every class occurs in the training set; 0 to 9 occur";
    for (const Index count : counts) text.append(" ").append(std::to_string(count));
    console.note(text + " times");
  }
  const std::uint8_t* const pixels = images.data();
  if (std::all_of(pixels, pixels + images.rows() * images.cols(), [&](std::uint8_t p) { return p == pixels[0]; }))
    console.note("all training images are blank");
}

// ---- Training ----------------------------------------------------------------------------------------------------

struct Training {
  float loss = std::numeric_limits<float>::quiet_NaN();  // before the last step
  double seconds = 0;
  bool output_closed = false;
};

void check_finite(float loss, long step) {
  if (std::isfinite(loss)) return;
  throw Error(ErrorCode::numeric, "the loss is " + std::string(std::isnan(loss) ? "NaN" : "infinite") + " at step " +
                                      std::to_string(step) +
                                      (step > 0 ? "; it was finite until step " + std::to_string(step - 1) : "") +
                                      ". A smaller --lr may help");
}

Training train(Model& model, const tinynet::RowSelection& x, Labels labels, const Options& options, Metrics& metrics,
               Console& console) {
  std::optional<tinynet::Batches<tinynet::RowSelection, std::uint8_t>> batches;
  if (options.batch != 0) batches.emplace(x, labels, options.batch, tinynet::BatchOptions{.seed = {options.seed}});
  Training result;
  const auto start = std::chrono::steady_clock::now();
  for (int step = 0; step < options.steps && !StopRequest::made(); ++step) {
    const auto check = [step](float loss) { check_finite(loss, step); };
    if (batches) {
      const auto [rows, classes_of_rows] = batches->next();
      result.loss = model.step(rows, classes_of_rows, check);
    } else {
      result.loss = model.step(x, labels, check);
    }
    metrics.add(step, result.loss);
    if (step % options.log_every == 0) try {
        console.result("step= " + std::to_string(step) + " loss= " + shortest(result.loss));
      } catch (const OutputClosed&) {
        result.output_closed = true;
        break;
      }
    console.progress("train", "steps", step + 1, options.steps);
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  metrics.close();
  console.clear_progress();
  return result;
}

// ---- The end -----------------------------------------------------------------------------------------------------

/// PyTorch's order and bytes: those of a float32 little-endian file without its header.
std::string fingerprint(Model& model) {
  std::vector<std::byte> bytes;
  for (const auto& tensor : model.weights()) {
    const auto part = std::as_bytes(std::span(tensor.data, static_cast<std::size_t>(tensor.size())));
    bytes.insert(bytes.end(), part.begin(), part.end());
  }
  return sha256(bytes);
}

void save(Model& model, const std::string& path) {
  std::vector<tinynet::NamedTensor<const float>> tensors;
  for (const auto& t : model.weights()) {
    if (!std::all_of(t.data, t.data + t.size(), [](float weight) { return std::isfinite(weight); }))
      throw Error(ErrorCode::numeric, t.name + " has numbers that are not finite after training; " + path +
                                          " is not written. A smaller --lr may help");
    tensors.push_back({t.name, t.shape, t.data});
  }
  tinynet::save_safetensors<float>(path, tensors);
}

void report_test(const Model& model, const tinynet::RowSelection& x, Labels labels, Language language,
                 Console& console) {
  const tinynet::Evaluation test = model.evaluate(x, labels);
  console.result("loss on test data:  " + shortest(static_cast<float>(test.loss)));
  constexpr Index shown = 500;
  int wrong = 0;
  for (const tinynet::Misclassified& m : test.misclassified) {
    if (m.index >= shown) break;
    ++wrong;
    const bool chinese = language == Language::chinese;
    console.result((chinese ? "预测值:" : "predicted:") + std::to_string(m.predicted) +
                   (chinese ? ", 实际值:" : ", actual:") + std::to_string(m.actual));
  }
  console.note("accuracy on test data: " + fixed(100 * test.accuracy, 2) + " %; " + std::to_string(wrong) +
               " of the first " + std::to_string(std::min<Index>(shown, static_cast<Index>(labels.size()))) +
               " misclassified");
}

}  // namespace

int run(const Options& options, Console& console) {
  choose_device(options, console);
  check_save_file(options.save_file);
  check_memory(options);

  const Data data = load_data(options.data, console);
  check_data(data, console);
  const std::unique_ptr<Model> model = make_model(options);
  if (!options.init_file.empty()) tinynet::load_safetensors<float>(options.init_file, model->weights());
  Metrics metrics(options.metrics_file);
  console.note(model->kind());

  console.result("train_img num:  " + std::to_string(data.train.size()));
  console.result("test_img num:  " + std::to_string(data.test.size()));
  console.result("lab= " + std::to_string(data.train.labels.front()));
  console.result(model->text());
  console.result("X.device: cpu");
  console.result("Y.device: cpu");

  const tinynet::RowSelection x = data.train.images * options.scale;
  Training training;
  {
    const StopRequest catch_signals;
    training = train(*model, x, data.train.labels, options, metrics, console);
    if (!options.save_file.empty()) save(*model, options.save_file);
  }
  if (training.output_closed) throw OutputClosed{};
  if (StopRequest::made()) {
    console.note("stopped by " + StopRequest::name() +
                 (options.save_file.empty() ? "" : ", the weights are in " + options.save_file));
    return StopRequest::exit_code();
  }

  // Without training, the loss of the weights as they are.
  if (options.steps == 0) training.loss = static_cast<float>(model->evaluate(x, data.train.labels).loss);
  console.result("in the end loss= " + shortest(training.loss));
  console.result("running time=" + fixed(training.seconds, 3) + "s");
  report_test(*model, data.test.images * options.scale, data.test.labels, options.language, console);
  if (options.fingerprint) console.answer("fingerprint: " + fingerprint(*model));
  return 0;
}

}  // namespace mnist
