// Copies the tensors of a file into those of a net, all or nothing.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <tinynet/core/eigen.hpp>
#include <tinynet/core/error.hpp>
#include <tinynet/core/named_tensor.hpp>
#include <tinynet/io/stored_tensor.hpp>
#include <type_traits>
#include <vector>

namespace tinynet {

/// What a loader may do that it does not do unasked.
struct LoadOptions {
  bool convert = false;          ///< round wider numbers (F64 to float), and take F16 and BF16
  bool allow_nonfinite = false;  ///< take NaN and infinity
  // What error messages call the two: a program names its own options here.
  std::string convert_name = "LoadOptions::convert";                  ///< what messages call `convert`
  std::string allow_nonfinite_name = "LoadOptions::allow_nonfinite";  ///< what messages call `allow_nonfinite`
};

/// What a loader did that the caller may want to tell.
struct LoadReport {
  bool verified = false;               ///< the file had a checksum, and it was right
  std::vector<std::string> converted;  ///< tensors that .convert was needed for
  std::vector<std::string> ignored;    ///< tensors of the file that no net has, such as BatchNorm's num_batches_tracked
};

namespace detail {

// Says why nothing can be loaded into numbers of this type.
template <class Scalar>
constexpr void require_loadable() {
  static_assert(
      !std::is_const_v<Scalar>,
      "tinynet: nothing can be loaded into const numbers: the net, or what state_dict is asked of, must not be "
      "const");
  static_assert(
      std::is_same_v<std::remove_const_t<Scalar>, float> || std::is_same_v<std::remove_const_t<Scalar>, double>,
      "tinynet: tensors are loaded as float or double");
}

// By bits: std::isfinite is always true under -ffast-math.
inline bool is_finite(double x) { return (std::bit_cast<std::uint64_t>(x) >> 52 & 0x7FF) != 0x7FF; }
inline bool is_finite(float x) { return (std::bit_cast<std::uint32_t>(x) >> 23 & 0xFF) != 0xFF; }

template <class From, class Scalar, class Visit>
void visit_values_as(const StoredTensor& tensor, Visit& visit) {
  for (std::size_t i = 0; i * sizeof(From) < tensor.bytes.size(); ++i) {
    From value;
    std::memcpy(static_cast<void*>(&value), tensor.bytes.data() + i * sizeof(From), sizeof(From));
    visit(i, static_cast<Scalar>(value));
  }
}

// visit(index, value as Scalar) for each number of a floating-point tensor.
template <class Scalar, class Visit>
void visit_values(const StoredTensor& tensor, Visit visit) {
  switch (tensor.dtype) {
    case Dtype::F16:
      return visit_values_as<Eigen::half, Scalar>(tensor, visit);
    case Dtype::BF16:
      return visit_values_as<Eigen::bfloat16, Scalar>(tensor, visit);
    case Dtype::F32:
      return visit_values_as<float, Scalar>(tensor, visit);
    case Dtype::F64:
      return visit_values_as<double, Scalar>(tensor, visit);
    default:
      break;
  }
}

// "[2, 3]" for the number at `index` in memory.
inline std::string index_text(std::size_t index, const std::vector<Index>& shape) {
  std::vector<Index> position(shape.size());
  auto rest = static_cast<Index>(index);
  for (std::size_t d = shape.size(); d-- > 0; rest /= shape[d]) position[d] = rest % shape[d];
  return shape_text(position);
}

// "l1.weight [30, 784], l1.bias [30]", the first sixteen.
template <class Tensors>
std::string layout_text(const Tensors& tensors) {
  std::string text;
  std::size_t n = 0;
  for (const auto& t : tensors) {
    if (n++ == 16) return text + ", ... (" + std::to_string(tensors.size()) + " tensors)";
    text += (n == 1 ? "" : ", ") + printable(t.name) + " " + shape_text(t.shape);
  }
  return text.empty() ? "no tensors" : text;
}

// Why `from` cannot go into `to`; empty if it can.
template <class Scalar>
std::string difference(const StoredTensor& from, const NamedTensor<Scalar>& to, const LoadOptions& options) {
  std::string text;
  if (from.shape != to.shape) {
    const bool transposed = std::equal(from.shape.begin(), from.shape.end(), to.shape.rbegin(), to.shape.rend());
    text = (transposed ? "is transposed: " : "has another shape: ") + shape_text(from.shape) + " instead of " +
           shape_text(to.shape);
  }
  const bool exact = from.dtype == Dtype::F32 || from.dtype == dtype_of<Scalar>();
  const bool convertible = from.dtype == Dtype::F64 || from.dtype == Dtype::F16 || from.dtype == Dtype::BF16;
  if (!exact && !(convertible && options.convert))
    text += std::string(text.empty() ? "" : " and ") + "has type " + std::string(dtype_name(from.dtype)) +
            " instead of " + std::string(dtype_name(dtype_of<Scalar>())) +
            (convertible ? " (" + options.convert_name + " takes it)" : "");
  return text.empty() ? text : printable(to.name) + " " + text;
}

// All differences between a file and a net, in one error.
template <class Scalar>
void check_fit(const std::string& path, const std::vector<StoredTensor>& from,
               const std::vector<NamedTensor<Scalar>>& to, const LoadOptions& options, LoadReport& report) {
  std::map<std::string_view, const StoredTensor*> unused;
  for (const StoredTensor& t : from) unused[t.name] = &t;
  const auto stored = unused;
  std::string differences;
  const auto differ = [&](const std::string& text) {
    if (!text.empty()) differences += (differences.empty() ? "" : "; ") + text;
  };
  std::map<std::string_view, int> seen;
  for (const NamedTensor<Scalar>& t : to) {
    if (seen[t.name]++ != 0)
      throw Error(ErrorCode::usage,
                  "load: two tensors are called " + printable(t.name) + ", so a file cannot tell them apart");
    const auto found = stored.find(t.name);
    if (found == stored.end()) {
      differ(printable(t.name) + " is missing");
      continue;
    }
    unused.erase(t.name);
    differ(difference(*found->second, t, options));
    if (found->second->dtype != Dtype::F32 && found->second->dtype != dtype_of<Scalar>())
      report.converted.push_back(t.name);
  }
  for (const auto& [name, tensor] : unused) {
    // PyTorch's BatchNorm counts its batches; nothing is computed from the count unless momentum is None.
    if (tensor->dtype == Dtype::I64 && name.ends_with("num_batches_tracked"))
      report.ignored.push_back(tensor->name);
    else
      differ(printable(name) + " " + shape_text(tensor->shape) + " is one too many");
  }
  if (!differences.empty())
    throw Error({.path = path,
                 .what = "does not fit: " + differences,
                 .expected = layout_text(to),
                 .actual = layout_text(from)});
}

template <class Scalar>
void check_finite(const std::string& path, const StoredTensor& tensor, const LoadOptions& options) {
  visit_values<Scalar>(tensor, [&](std::size_t i, Scalar value) {
    if (is_finite(value)) return;
    char text[32];
    std::snprintf(text, sizeof text, "%g", static_cast<double>(value));
    throw Error({.code = ErrorCode::numeric,
                 .path = path,
                 .offset = tensor.offset + i * dtype_size(tensor.dtype),
                 .field = printable(tensor.name) + index_text(i, tensor.shape),
                 .what = "not a finite number",
                 .expected = "a finite number",
                 .actual = text,
                 .hint = options.allow_nonfinite_name + " takes it"});
  });
}

}  // namespace detail

/// Copies the tensors `from` of the file `path` into those of the same name in `to`. Float goes into double exactly;
/// what else may be converted, `options` say. Nothing is written unless everything fits.
/// Throws Error: data with the list of all differences (missing, too many, another shape or type), numeric at the first
/// NaN or infinity, usage if two tensors of `to` have one name.
template <class Scalar>
LoadReport assign_tensors(const std::string& path, const std::vector<StoredTensor>& from,
                          const std::vector<NamedTensor<Scalar>>& to, const LoadOptions& options = {}) {
  detail::require_loadable<Scalar>();
  LoadReport report;
  detail::check_fit(path, from, to, options, report);

  std::map<std::string_view, const StoredTensor*> stored;
  for (const StoredTensor& t : from) stored[t.name] = &t;
  if (!options.allow_nonfinite)
    for (const NamedTensor<Scalar>& t : to) detail::check_finite<Scalar>(path, *stored.at(t.name), options);
  for (const NamedTensor<Scalar>& t : to)
    detail::visit_values<Scalar>(*stored.at(t.name), [&](std::size_t i, Scalar value) {
      if constexpr (!std::is_const_v<Scalar>)
        t[static_cast<Index>(i)] = value;  // else require_loadable has said what is wrong
    });
  return report;
}

}  // namespace tinynet
