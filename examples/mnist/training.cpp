#include "training.hpp"

#include <chrono>
#include <cmath>
#include <optional>
#include <string>

#include "diagnosis.hpp"
#include "numbers.hpp"
#include "stop_request.hpp"

namespace mnist {
namespace {

using tinynet::Error;
using tinynet::ErrorCode;

/// `last_finite`: the last step whose loss is known to have been finite; -1 if there was none. `where()` says where it
/// comes from.
template <class Where>
void check_finite(float loss, long step, long last_finite, const Where& where) {
  if (std::isfinite(loss)) return;
  const std::string place = where();
  throw Error(ErrorCode::numeric,
              "the loss is " + std::string(nonfinite_word(static_cast<double>(loss))) + " at step " +
                  std::to_string(step) +
                  (last_finite >= 0 ? "; it was finite until step " + std::to_string(last_finite) : "") +
                  (place.empty() ? "" : "; " + place) +
                  (step > 0 ? ". A smaller --lr may help" : ". A smaller --scale or other weights may help"));
}

/// The same of what the step has made: a loss need not show a weight that is not finite.
void check_finite(Model& model, long step) {
  if (model.finite()) return;
  const std::string weight = nonfinite_number(model);
  throw Error(ErrorCode::numeric, (weight.empty() ? "a number that the optimizer remembers is not finite" : weight) +
                                      " after step " + std::to_string(step) + ". A smaller --lr may help");
}

/// All processes have added the same numbers to the same weights; if they differ, a machine has miscalculated.
void check_same_weights(Model& model, const Group& group, long step) {
  std::string bytes;
  for (const auto& t : model.weights())
    bytes.append(reinterpret_cast<const char*>(t.data), static_cast<std::size_t>(t.size()) * sizeof *t.data);
  check_same(group, "weights before step " + std::to_string(step), bytes);
}

/// Calls f(); what a device complains of is told with the step, and with the checkpoint that is left.
template <class F>
auto at_step(long step, const Checkpoints& checkpoints, const F& f) {
  try {
    return f();
  } catch (const Error& error) {
    const std::string text = error.what(), place = "step " + std::to_string(step);
    if (error.code() != ErrorCode::device) throw;
    const std::string left = checkpoints.text();
    throw Error(ErrorCode::device, (text.find(place) == std::string::npos ? "at " + place + ": " : "") + text +
                                       (left.empty() ? "" : "; " + left));
  }
}

}  // namespace

Training train(Model& model, int first_step, Checkpoints& checkpoints, ResultCheck* result_check,
               const Options& options, const tinynet::Dataset& data, const Group& group, AllMetrics& all_metrics,
               Console& console) {
  Training result;
  std::optional<float> last_loss = checkpoints.resumed_loss();  // of the last step, if it is known
  if (last_loss) result.loss = *last_loss;
  long last_finite = -1;
  // What cannot be written ends the training, but not the run.
  const auto written = [&result](const auto& write) {
    try {
      write();
      return true;
    } catch (const OutputClosed&) {
      result.output_closed = true;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::io) throw;
      if (!result.failure) result.failure = std::current_exception();
    }
    return false;
  };
  const bool recorded = all_metrics[0].wanted() || all_metrics[1].wanted();
  const auto start = std::chrono::steady_clock::now();
  std::string loss_text;
  int step = first_step;
  bool good = true;
  const auto goes_on = [&] {
    const bool stops_here = !good || StopRequest::made();
    if (!group.any(stops_here)) return true;
    if (!stops_here) StopRequest::make();
    return false;
  };
  while (step < options.steps && goes_on()) {
    if (group.ranks() != nullptr && step % options.checkpoint_every == 0) check_same_weights(model, group, step);
    const bool logged = step % options.log_every == 0;
    const bool wanted = logged || step + 1 == options.steps || recorded;
    const std::optional<float> loss = last_loss = at_step(step, checkpoints, [&] {
      if (result_check != nullptr && step % ResultCheck::every == 0) result_check->compare(model, step);
      return model.step(wanted, [&](float value) {
        check_finite(value, step, last_finite, [&] { return first_nonfinite(model, options, data); });
      });
    });
    if (loss) {
      result.loss = *loss;
      last_finite = step;
    }
    check_finite(model, step);
    good = written([&] {
      if (loss)
        for (Metrics& metrics : all_metrics) metrics.add(step, *loss);
      if (logged) console.result("step= " + std::to_string(step) + " loss= " + shortest(result.loss));
      // What is killed goes on from a checkpoint: the losses before it must be there.
      if (logged || (step + 1) % options.checkpoint_every == 0)
        for (Metrics& metrics : all_metrics) metrics.flush();
    });
    ++step;
    good = good && written([&] { at_step(step - 1, checkpoints, [&] { checkpoints.after(model, step, loss); }); });
    if (console.shows_progress() && loss) loss_text = "loss " + significant(static_cast<double>(*loss), 4);
    console.progress("train", "steps", step, options.steps, loss_text);
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.steps = step;
  // Nobody reading any more is a reason to stop, not to lose what there is.
  if (!result.failure)
    written([&] { at_step(step - 1, checkpoints, [&] { checkpoints.finish(model, step, last_loss); }); });
  for (Metrics& metrics : all_metrics) written([&] { metrics.close(); });
  console.clear_progress();
  return result;
}

}  // namespace mnist
