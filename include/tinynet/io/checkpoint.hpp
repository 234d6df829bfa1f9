// A training that can be gone on with: parameters, buffers and what the optimizer remembers, in one safetensors file.
// Needs nlohmann-json.
#pragma once

#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <system_error>
#include <tinynet/core/number_text.hpp>
#include <tinynet/io/module.hpp>
#include <tinynet/optim/optimizer.hpp>
#include <utility>
#include <vector>

namespace tinynet {
namespace detail {

// The places in the metadata of what is no tensor.
inline constexpr const char* checkpoint_format = "tinynet.checkpoint.format";  // 1
inline constexpr const char* checkpoint_steps = "tinynet.checkpoint.steps";
inline constexpr const char* checkpoint_lr = "tinynet.checkpoint.lr";
inline constexpr const char* checkpoint_masks =
    "tinynet.checkpoint.dropout";  // where each Dropout is, if there are any

/// The optimizer's vectors under names that no parameter has.
template <class Vectors>
auto optimizer_tensors(Vectors& state) {
  using Number = std::remove_pointer_t<decltype(state.front().data())>;
  std::vector<NamedTensor<Number>> tensors;
  for (auto& numbers : state)
    tensors.push_back({"optimizer.state." + std::to_string(tensors.size()), {numbers.size()}, numbers.data()});
  return tensors;
}

/// Could save_checkpoint have written this? A training that goes on counts its steps further.
inline bool fits_checkpoint(Index steps) { return steps >= 0 && steps <= std::numeric_limits<Index>::max() / 2; }
inline bool fits_checkpoint(double lr) { return lr >= 0 && is_finite(lr); }

/// "seed place calls" of each Dropout in a net, one after another.
template <class Net>
std::string masks_text(const Net& net) {
  std::string text;
  net.visit_masks([&text](const MaskStream& masks) {
    for (const std::uint64_t number : {masks.seed, masks.place, masks.calls})
      text += (text.empty() ? "" : " ") + std::to_string(number);
  });
  return text;
}

/// What masks_text wrote, for a net with as many Dropouts; none from a file that says nothing of them, which a version
/// before this one wrote. Throws Error (data) if it is anything else.
template <class Net>
std::vector<MaskStream> checkpoint_streams(const SafeTensors& file, const Net& net) {
  std::vector<MaskStream> streams;
  const auto found = file.metadata().find(checkpoint_masks);
  if (found == file.metadata().end()) return streams;
  const char* next = found->second.data();
  const char* const end = next + found->second.size();
  const auto read = [&](std::uint64_t& number) {
    if (next != end && *next == ' ' && next != found->second.data()) ++next;
    const auto result = std::from_chars(next, end, number);
    next = result.ptr;
    return result.ec == std::errc();
  };
  std::size_t count = 0;
  net.visit_masks([&](const MaskStream& masks) {
    ++count;
    MaskStream stored = masks;
    stored.in_net = true;
    if (read(stored.seed) && read(stored.place) && read(stored.calls)) streams.push_back(stored);
  });
  if (streams.size() != count || next != end)
    throw Error({.path = file.path(),
                 .what = std::string("does not fit: metadata ") + checkpoint_masks,
                 .expected = "three numbers for each of " + std::to_string(count) + " modules Dropout",
                 .actual = "'" + printable(found->second.substr(0, 64)) + "'"});
  return streams;
}

/// The number that the metadata have under a key. Throws Error (data) if there is none.
template <class Number>
Number checkpoint_number(const SafeTensors& file, const char* key) {
  Number number{};
  const auto found = file.metadata().find(key);
  const std::string text = found == file.metadata().end() ? "" : found->second;
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, number);
  if (result.ec != std::errc() || result.ptr != end || !fits_checkpoint(number))
    throw Error({.path = file.path(),
                 .what = std::string("not a checkpoint of tinynet's: metadata ") + key,
                 .expected = "a number that is neither negative nor too large",
                 .actual = text.empty() ? "none" : "'" + printable(text) + "'"});
  return number;
}

}  // namespace detail

/// Writes all that a training needs to go on later as if it had never stopped: the parameters and buffers of the net,
/// what each Dropout is to drop next, and the optimizer's state, number of steps and learning rate; all or nothing, as
/// write_safetensors. `about` are
/// texts of the caller's (which step it was, which options). What else there is, such as the order of batches, follows
/// from a seed and the number of steps. Throws Error (io).
template <detail::IsModule Net, class Opt>
void save_checkpoint(const std::string& path, const Net& net, const Opt& optimizer, Metadata about = {}) {
  using Scalar = typename Net::Scalar;
  static_assert(detail::on_cpu<Scalar>, "tinynet: save_checkpoint: bring the net to the CPU first");
  auto tensors = state_dict(net);
  for (const NamedTensor<const Scalar>& t : detail::optimizer_tensors(optimizer.state())) tensors.push_back(t);
  about[detail::checkpoint_format] = "1";
  about[detail::checkpoint_steps] = std::to_string(optimizer.steps());
  about[detail::checkpoint_lr] = detail::shortest(optimizer.lr());
  if (const std::string masks = detail::masks_text(net); !masks.empty()) about[detail::checkpoint_masks] = masks;
  save_safetensors<Scalar>(path, tensors, about);
}

/// Reads what save_checkpoint wrote into the same net and optimizer, all or nothing; returns the caller's texts. Throws
/// Error (io, or data with all that does not fit) and then changes nothing.
template <detail::IsModule Net, class Opt>
Metadata load_checkpoint(const std::string& path, Net& net, Opt& optimizer) {
  using Scalar = typename Net::Scalar;
  static_assert(detail::on_cpu<Scalar>, "tinynet: load_checkpoint: load before the net goes to another device");
  static_assert(!std::is_const_v<Net>, "tinynet: load_checkpoint: nothing can be loaded into a const net");
  const SafeTensors file = read_safetensors(path);
  const auto steps = detail::checkpoint_number<Index>(file, detail::checkpoint_steps);
  const auto lr = detail::checkpoint_number<double>(file, detail::checkpoint_lr);
  if (const auto format = detail::checkpoint_number<Index>(file, detail::checkpoint_format); format != 1)
    throw Error({.path = path,
                 .what = "a checkpoint of another version of tinynet",
                 .expected = "format 1",
                 .actual = "format " + std::to_string(format)});
  auto tensors = state_dict(net);
  const auto parameters = detail::parameter_list(net);
  auto state = optimizer.state();
  for (const NamedTensor<Scalar>& t : detail::optimizer_tensors(state)) tensors.push_back({t.name, t.shape, t.data});
  const auto streams = detail::checkpoint_streams(file, net);
  Metadata about = file.metadata();
  about.erase(detail::checkpoint_format);
  about.erase(detail::checkpoint_steps);
  about.erase(detail::checkpoint_lr);
  about.erase(detail::checkpoint_masks);
  assign_tensors(path, file.tensors(), tensors);  // from here on nothing fails, for lack of memory neither
  auto stream = streams.begin();
  if (!streams.empty()) net.visit_masks([&stream](detail::MaskStream& masks) { masks = *stream++; });
  for (auto* const parameter : parameters) parameter->mark_changed();
  optimizer.restore(steps, std::move(state));
  optimizer.set_lr(lr);
  return about;
}

}  // namespace tinynet
