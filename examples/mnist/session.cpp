#include "session.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <ctime>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <sstream>
#include <tinynet/core/threads.hpp>
#include <tinynet/core/version.hpp>
#include <tinynet/io/safetensors.hpp>
#include <vector>

#include "build_info.hpp"
#include "checkpoints.hpp"
#include "checks.hpp"
#include "data_fingerprint.hpp"
#include "data_source.hpp"
#include "diagnosis.hpp"
#include "gpu.hpp"
#include "limits.hpp"
#include "model.hpp"
#include "numbers.hpp"
#include "output_folder.hpp"
#include "result_check.hpp"
#include "run_record.hpp"
#include "settings.hpp"
#include "sha256.hpp"
#include "shown.hpp"
#include "stop_request.hpp"
#include "training.hpp"

namespace mnist {
namespace {

using tinynet::Error;
using tinynet::ErrorCode;

// ---- Before the data are read: what cannot work is said at once, not after an hour of training -----------------

/// For `--device auto`: why it is the CPU.
std::string cpu_text(const Error& why) { return "device: cpu (" + std::string(why.what()) + ")"; }

struct Chosen {
  bool gpu = false;
  std::vector<std::string> notes;  // to be said after what the data are
};

Chosen choose_device(const Options& options, const Group& group) {
  Chosen chosen;
  tinynet::set_num_threads(options.threads == 0 ? std::max(1, cpus_present() / group.members_here()) : options.threads);
  if (options.threads > tinynet::detail::available_cpus())
    chosen.notes.push_back(std::to_string(options.threads) + " threads on " +
                           std::to_string(tinynet::detail::available_cpus()) + " CPUs");
  if (options.device == "cpu") return chosen;
  try {
    const std::string name = use_gpu(group.gpu().empty() ? options.device : group.gpu());
    if (options.device == "auto") chosen.notes.push_back("device: " + name);
    chosen.gpu = true;
  } catch (const Error& error) {
    if (options.device != "auto") throw Error(ErrorCode::device, "--device " + options.device + ": " + error.what());
    chosen.notes.push_back(cpu_text(error));
  }
  return chosen;
}

/// The net; on the CPU, too, if it does not fit on the GPU and `--device auto` leaves the choice.
std::unique_ptr<Model> make_model_there(bool on_gpu, const Options& options, const Data& data, const Group& group,
                                        Console& console) {
  if (!on_gpu) return make_model(options, data.train, group.ranks());
  try {
    return make_gpu_model(options, data.train, data.test.size(), group.ranks());
  } catch (const Error& error) {
    if (error.code() != ErrorCode::device || options.device != "auto") throw;
    console.note(cpu_text(error));
    return make_model(options, data.train);
  }
}

/// "106 MB"
std::string megabytes(double bytes) { return fixed(bytes / 1e6, 0) + " MB"; }

/// Throws Error (io) if the net and so many rows of data, which take `by_data` bytes, need more memory than there is.
/// Returns how much they need.
double check_net(const Options& options, Index train_rows, Index test_rows, double by_data) {
  const double needed = memory_needed(options, train_rows, test_rows) + by_data;
  check_memory(needed, "this net and " + std::to_string(train_rows) + " rows need",
               "--chunk-rows, or smaller --hidden or --batch");
  return needed;
}

// ---- Several processes ---------------------------------------------------------------------------------------

/// The options that all processes must have been given.
std::string compared_options(const Options& options) {
  std::string text = settings_json(options).dump();
  for (const std::string& file : {options.init_file, options.resume_file}) text += "\n" + file;
  return text + "\n" + std::to_string(options.checkpoint_every);
}

/// What the numbers depend on beside the options and the data.
std::string program_text() {
  return std::string(tinynet::version) + ", " + compiler() + ", " + simd_level() +
         (std::endian::native == std::endian::little ? ", little-endian" : ", big-endian");
}

// ---- The weights to start from ---------------------------------------------------------------------------------

void load(Model& model, const Options& options, Console& console) {
  const std::string& file = options.init_file;
  const tinynet::LoadReport report = tinynet::load_safetensors<float>(file, model.weights(),
                                                                      {.convert = options.convert,
                                                                       .allow_nonfinite = options.allow_nonfinite,
                                                                       .convert_name = "--convert",
                                                                       .allow_nonfinite_name = "--allow-nonfinite"});
  const auto tell = [&](const std::string& what, const std::vector<std::string>& tensors) {
    std::string list;
    for (const std::string& name : tensors) list += (list.empty() ? "" : ", ") + name;
    if (!list.empty()) console.note(file + ": " + what + " " + list);
  };
  if (!report.verified)
    console.note(file + ": has no checksum of tinynet's, so damage to its numbers would not be seen");
  tell("rounded to float:", report.converted);
  tell("not used, since no net here has it:", report.ignored);
}

/// The curve should not look whole where it is not.
void note_missing(const Metrics& metrics, int first_step, Console& console) {
  if (metrics.wanted() && metrics.kept() < first_step)
    console.note(metrics.path() + ": of the " + std::to_string(first_step) + " steps before, the losses of " +
                 std::to_string(first_step - metrics.kept()) + " are missing");
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

/// "2026-12-01 16:20 UTC"
std::string date() {
  const std::time_t now = std::time(nullptr);
  std::array<char, 40> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M UTC", std::gmtime(&now))};
}

/// Where the weights are to be written, with commas between; empty if nowhere.
std::string listed(const std::vector<std::string>& files) {
  std::string list;
  for (const std::string& file : files) list += (list.empty() ? "" : ", ") + tinynet::detail::printable(file);
  return list;
}

/// Throws Error (numeric) unless all weights are numbers that can be saved.
void check_weights(Model& model, const std::vector<std::string>& files) {
  if (files.empty()) return;
  if (const std::string name = nonfinite_weight(model); !name.empty())
    throw Error(ErrorCode::numeric, name + " has numbers that are not finite after training; " + listed(files) +
                                        " is not written. A smaller --lr may help");
}

void save(Model& model, const std::string& path) {
  const auto weights = model.weights();
  tinynet::save_safetensors<float>(path, {weights.begin(), weights.end()});
}

/// How good the net is; `set` says on which data. What the last step has done no loss of the training has seen: throws
/// Error (numeric) if the net has diverged there.
tinynet::Evaluation evaluate(const Model& model, const tinynet::Dataset& data, const char* set, const Options& options,
                             const std::vector<std::string>& files) {
  std::string what;
  try {
    tinynet::Evaluation result = model.evaluate(data);
    if (std::isfinite(result.loss)) return result;
    what = std::string("the loss on the ") + set + " is " + nonfinite_word(result.loss);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::numeric) throw;
    what = std::string("an output of the net for the ") + set + " is NaN";
  }
  if (options.steps > 0) what += " after training";
  if (!files.empty()) what += "; " + listed(files) + " is not written";
  throw Error(ErrorCode::numeric, what + (options.steps > 0 ? ". A smaller --lr may help"
                                                            : ". A smaller --scale or other weights may help"));
}

void report_test(const RunRecord& run, Console& console) {
  console.result("loss on test data:  " + shortest(static_cast<float>(run.test.loss)));
  const auto wrong = run.first_misclassified();
  for (const tinynet::Misclassified& m : wrong)
    console.result(said("predicted:" + std::to_string(m.predicted) + ", actual:" + std::to_string(m.actual)));
  if (run.options.show)
    for (const std::string& line : shown_misclassified(run.data.test, wrong, class_names(run.data), stdout_columns()))
      console.answer(line);
}

/// The last line: how good the net is, and at what.
void note_accuracy(const RunRecord& run, Console& console) {
  const std::string& content = run.data.content;
  console.note("accuracy on " + std::string(content == "fashion" ? "Fashion-MNIST's test data" : "test data") + ": " +
               fixed(100 * run.test.accuracy, 2) + " %" +
               (content == "synthetic" ? " (digits drawn by this program)" : "") + "; " +
               std::to_string(run.first_misclassified().size()) + " of the first " + std::to_string(run.first_tests()) +
               " misclassified");
}

/// A net that says the same for every image has a loss of ln 10, and does not get away from there if its units are
/// dead.
void note_dead_units(const RunRecord& run, Console& console) {
  if (run.options.activation != "relu" || run.steps == 0 || std::abs(std::log(10.0) - run.test.loss) > 0.01) return;
  if (const std::string dead = dead_units(run.model, run.options, run.data.train); !dead.empty())
    console.note("the net has learned nothing: units that are 0 for every training image: " + dead +
                 ". A smaller --lr may help");
}

/// How the run is computed: net, engine, device, SIMD, threads, precision, build.
std::string status_text(const Model& model, const Options& options, const Group& group) {
  const int threads = tinynet::num_threads();
  return "net " + shape_text(options) + ": " +
         (model.computation().sizes_compiled_in ? "sizes compiled in, " : "sizes at run time, ") +
         model.computation().engine() + " engine, " + model.device() + ", " + simd_level() + ", " +
         std::to_string(threads) + (threads == 1 ? " thread" : " threads") +
         (group.ranks() == nullptr ? "" : " in each of " + std::to_string(group.size()) + " processes") +
         ", float32, " + (optimised() ? "optimised build" : "build without optimisation");
}

}  // namespace

int run(const Options& options, const Group& group, Console& console) {
  check_same(group, "options", compared_options(options));
  check_same(group, "program", program_text());
  const Chosen device = choose_device(options, group);
  std::optional<OutputFolder> folder;
  if (!options.out_folder.empty()) folder.emplace(options.out_folder);
  if (!options.save_file.empty()) check_output(options.save_file);
  if (options.fingerprint) sha256({});  // needs another program
  check_net(options, 1, 1, 0);          // again when the rows are counted

  const Data data = load_data(options.data, group, console);
  for (const std::string& note : device.notes) console.note(note);
  check_data(data, console);
  check_names(options, data);
  if (group.ranks() != nullptr) check_same(group, "data", data_fingerprint({&data.train, &data.test}));
  const double by_data = memory_of(data);
  const double needed = check_net(options, data.train.size(), data.test.size(), by_data);
  console.note("memory: about " + megabytes(needed) + " are needed, " + megabytes(by_data) + " of them by the data");
  const std::unique_ptr<Model> model = make_model_there(device.gpu, options, data, group, console);
  std::optional<ResultCheck> result_check;
  if (model->device() != "cpu" && options.steps > 0) result_check.emplace(options, data.train);
  if (!options.init_file.empty()) load(*model, options, console);
  Checkpoints checkpoints(options, data.train, console);
  const int first_step = checkpoints.resume(*model);
  if (first_step > 0)
    console.note("goes on after " + std::to_string(first_step) + " steps" +
                 (first_step >= options.steps
                      ? "; --steps is " + std::to_string(options.steps) + ", nothing is left to do"
                      : ""));
  AllMetrics all_metrics{
      Metrics(options.metrics_file, first_step),
      Metrics(folder ? folder->growing_metrics() : "", first_step, folder ? folder->file("metrics.csv") : "")};
  for (const Metrics& metrics : all_metrics) note_missing(metrics, first_step, console);
  RunRecord record{options, data, *model, status_text(*model, options, group), first_step};
  console.note(record.status);

  console.result("train_img num:  " + std::to_string(data.train.size()));
  console.result("test_img num:  " + std::to_string(data.test.size()));
  console.result("lab= " + std::to_string(data.train.labels.front()));
  if (options.show)
    for (const std::string& line : shown_image(data.train, 0)) console.answer(line);
  console.result(model->text());
  console.result("X.device: " + model->device());
  console.result("Y.device: " + model->device());

  std::vector<std::string> weight_files;
  if (!options.save_file.empty()) weight_files.push_back(options.save_file);
  if (folder) weight_files.push_back(folder->file("model.safetensors"));
  Training training;
  {
    const StopRequest catch_signals;
    training = train(*model, first_step, checkpoints, result_check ? &*result_check : nullptr, options, data.train,
                     group, all_metrics, console);
    if (!group.is_first()) return 0;
    check_weights(*model, weight_files);
    record.test = evaluate(*model, data.test, "test data", options, weight_files);
    for (const std::string& file : weight_files) save(*model, file);
    // Without any training, the loss of the weights as they are.
    if (first_step >= options.steps && !StopRequest::made() && std::isnan(training.loss))
      training.loss = static_cast<float>(evaluate(*model, data.train, "training data", options, {}).loss);
    record.steps = training.steps;
    record.seconds = training.seconds;
    record.loss = training.loss;
    if (folder) record.losses = all_metrics[1].read(training.steps);
    if (StopRequest::made())
      record.stopped_by = StopRequest::name();
    else if (training.output_closed)
      record.stopped_by = "SIGPIPE";
    record.date = date();
    if (folder && !training.failure) folder->write(record);
  }
  std::string where = weight_files.empty() ? "" : "the weights are in " + listed(weight_files);
  if (const std::string text = checkpoints.text(); !text.empty()) where += (where.empty() ? "" : ", ") + text;
  if (training.failure) {
    if (!where.empty()) console.note(where);
    std::rethrow_exception(training.failure);
  }
  if (training.output_closed) throw OutputClosed{};
  if (StopRequest::made()) {
    console.note("stopped by " + StopRequest::name() + (where.empty() ? "" : ", " + where));
    return StopRequest::exit_code();
  }

  console.result("in the end loss= " + shortest(training.loss));
  console.result("running time=" + fixed(training.seconds, 3) + "s");
  report_test(record, console);
  note_dead_units(record, console);
  if (folder) console.note("the report is " + folder->file("report.html"));
  note_accuracy(record, console);
  if (options.fingerprint) console.answer("fingerprint: " + fingerprint(*model));
  return 0;
}

}  // namespace mnist
