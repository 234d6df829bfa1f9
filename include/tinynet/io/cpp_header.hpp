// A trained net as a C++ header: its weights and the loops that compute its outputs, for programs that have neither
// tinynet nor a heap.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tinynet/io/cpp_layers.hpp>
#include <tinynet/io/file.hpp>

namespace tinynet {

/// What save_cpp_header can be told.
struct CppHeaderOptions {
  std::string name = "net";  ///< the header's namespace: an identifier, or several as in "robot::eye"
  double tolerance = 1e-4;   ///< how far an output may be off, as a part of the largest one, or of 1 if that is more
};

namespace detail {

/// Is `text` a word that a program may give to something?
inline bool is_cpp_identifier(std::string_view text) {
  constexpr std::string_view taken =
      " alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class "
      "co_await co_return co_yield compl concept const const_cast consteval constexpr constinit continue decltype "
      "default delete do double dynamic_cast else enum explicit export extern false float for friend goto if inline "
      "int long mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected public register "
      "reinterpret_cast requires return short signed sizeof static static_assert static_cast std struct switch "
      "template this thread_local throw true try typedef typeid typename union unsigned using virtual void volatile "
      "wchar_t while xor xor_eq ";
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return !text.empty() && letters.find(text.front()) != letters.npos && text.find("__") == text.npos &&
         text.find_first_not_of(std::string(letters) + "0123456789_") == text.npos &&
         taken.find(" " + std::string(text) + " ") == taken.npos;
}

/// Identifiers with :: between them.
inline bool is_cpp_namespace(std::string_view text) {
  const std::size_t end = text.find("::");
  if (end == text.npos) return is_cpp_identifier(text);
  return is_cpp_identifier(text.substr(0, end)) && is_cpp_namespace(text.substr(end + 2));
}

/// The numbers at(0), at(1), ... as a braced list, in lines of about 120 characters.
template <class At>
std::string cpp_list(Index count, const At& at) {
  std::string text = "{";
  std::size_t line = 0;
  for (Index i = 0; i < count; ++i) {
    const std::string number = cpp_number(at(i));
    const bool full = text.size() - line + number.size() > 110;
    text += i == 0 ? "" : full ? ",\n     " : ", ";
    if (full) line = text.size();
    text += number;
  }
  return text + "}";
}

/// The text with each @KEY@ replaced.
inline std::string filled_in(std::string_view text, const std::map<std::string_view, std::string>& values) {
  std::string out;
  for (std::size_t at; (at = text.find('@')) != text.npos;) {
    const std::size_t end = text.find('@', at + 1);
    out.append(text.substr(0, at)).append(values.at(text.substr(at + 1, end - at - 1)));
    text.remove_prefix(end + 1);
  }
  return out.append(text);
}

// clang-format off
inline constexpr std::string_view cpp_header_text = R"(// A trained net, written by tinynet. It needs C++17 and nothing else: no heap, no exceptions, no library.
// clang-format off
#pragma once

@include_math@#include <cstddef>

namespace @name@ {

inline constexpr std::size_t inputs = @inputs@, outputs = @outputs@;

namespace detail {

@weights@/// y = f(x W + b)
template <std::size_t In, std::size_t Out, class Function>
constexpr void layer(const @type@* x, const @type@ (&weight)[In][Out], const @type@ (&bias)[Out], @type@* y,
                     Function f) noexcept {
  @type@ sum[Out]{};
  for (std::size_t o = 0; o < Out; ++o) sum[o] = bias[o];
  for (std::size_t i = 0; i < In; ++i)
    for (std::size_t o = 0; o < Out; ++o) sum[o] += weight[i][o] * x[i];
  for (std::size_t o = 0; o < Out; ++o) y[o] = f(sum[o]);
}

}  // namespace detail

/// The net's `outputs` numbers y for `inputs` numbers x. Several threads may call it at once; it needs about
/// @stack@ bytes of stack.
@function@ void predict(const @type@* x, @type@* y) noexcept {
@calls@}

/// An input, what the net gave for it, and how far self_check() lets an output be off.
inline constexpr @type@ example_input[inputs] =
    @example_input@;
inline constexpr @type@ example_output[outputs] =
    @example_output@;
inline constexpr @type@ tolerance = @tolerance@;

/// Whether predict() gives what the net gave. For the program's start: another compiler, processor or library of
/// mathematical functions, or a broken memory, may compute something else.
@function@ bool self_check() noexcept {
  @type@ y[outputs]{};
  predict(example_input, y);
  for (std::size_t o = 0; o < outputs; ++o) {
    const @type@ off = y[o] < example_output[o] ? example_output[o] - y[o] : y[o] - example_output[o];
    if (!(off <= tolerance)) return false;
  }
  return true;
}

}  // namespace @name@
)";
// clang-format on

/// The header's text for a net's layers, an input and the output that the net gave for it.
template <class Scalar>
std::string cpp_header(const std::vector<CppLayer<Scalar>>& layers, const Scalar* input, const Scalar* output,
                       const std::string& name, Scalar tolerance) {
  const std::string type = std::is_same_v<Scalar, float> ? "float" : "double";
  const Index inputs = layers.front().in, outputs = layers.back().out;
  std::string weights, calls, from = "x";
  Index hidden = 0, widest = 0;
  for (const CppLayer<Scalar>& layer : layers) {
    const bool last = &layer == &layers.back();
    const std::string n = std::to_string(&layer - layers.data() + 1), to = last ? "y" : "h" + n;
    const std::string out = "[" + std::to_string(layer.out) + "]";
    weights += "// " + layer.name + ": " + layer.description + "; row i holds the weights of input i.\n";
    weights += "inline constexpr " + type + " weight" + n + "[" + std::to_string(layer.in) + "]" + out + " = {\n";
    for (Index i = 0; i < layer.in; ++i)
      weights += "    " + cpp_list(layer.out, [&](Index o) { return layer.weight[o * layer.in + i]; }) + ",\n";
    weights += "};\ninline constexpr " + type + " bias" + n + out + " =\n    " +
               cpp_list(layer.bias == nullptr ? 0 : layer.out, [&](Index o) { return layer.bias[o]; }) + ";\n\n";
    if (!last) calls += "  " + type + " " + to + out + "{};\n";
    calls += "  detail::layer(" + from + ", detail::weight" + n + ", detail::bias" + n + ", " + to + ", [](" + type +
             " v) { ";
    for (const std::string& function : layer.functions) calls += "v = " + function + "; ";
    calls += "return v; });\n";
    from = to;
    hidden += last ? 0 : layer.out;
    widest = std::max(widest, layer.out);
  }
  const bool calls_math = calls.find("std::") != calls.npos;  // whose functions are not constexpr before C++26
  return filled_in(cpp_header_text, {{"name", name},
                                     {"type", type},
                                     {"include_math", calls_math ? "#include <cmath>\n" : ""},
                                     {"function", calls_math ? "inline" : "constexpr"},
                                     {"inputs", std::to_string(inputs)},
                                     {"outputs", std::to_string(outputs)},
                                     {"weights", weights},
                                     {"calls", calls},
                                     {"stack", std::to_string((hidden + widest) * static_cast<Index>(sizeof(Scalar)))},
                                     {"example_input", cpp_list(inputs, [&](Index i) { return input[i]; })},
                                     {"example_output", cpp_list(outputs, [&](Index o) { return output[o]; })},
                                     {"tolerance", cpp_number(tolerance)}});
}

template <class Scalar>
void require_finite(const std::string& what, const Scalar* numbers, Index count) {
  for (Index i = 0; i < count; ++i)
    if (!std::isfinite(numbers[i]))
      throw Error(ErrorCode::numeric, "save_cpp_header: expected finite numbers, found " + std::to_string(numbers[i]) +
                                          " as number " + std::to_string(i) + " of " + what);
}

/// The same after the layers, the numbers and the options have been checked.
template <class Scalar>
std::string checked_cpp_header(const std::vector<CppLayer<Scalar>>& layers, const Scalar* input, const Scalar* output,
                               const CppHeaderOptions& options) {
  if (!is_cpp_namespace(options.name))
    throw Error(ErrorCode::usage,
                "save_cpp_header: expected an identifier of C++ as the name, found '" + printable(options.name) + "'");
  for (const CppLayer<Scalar>& layer : layers) {
    require_finite(layer.name + ".weight", layer.weight, layer.in * layer.out);
    if (layer.bias != nullptr) require_finite(layer.name + ".bias", layer.bias, layer.out);
  }
  const Index outputs = layers.back().out;
  require_finite("the example", input, layers.front().in);
  require_finite("the example's output", output, outputs);
  Scalar largest = 0;
  for (Index o = 0; o < outputs; ++o) largest = std::max(largest, std::abs(output[o]));
  const Scalar tolerance = static_cast<Scalar>(options.tolerance) * std::max(Scalar(1), largest);
  if (!(tolerance > 0 && tolerance < largest))  // else outputs of 0 would pass
    throw Error(ErrorCode::usage,
                "save_cpp_header: expected a tolerance above 0 and below the largest output for the "
                "example, which is " +
                    cpp_number(largest) + ", found " + cpp_number(tolerance));
  return cpp_header(layers, input, output, options.name, tolerance);
}

}  // namespace detail

/// Writes a chain of linear layers and elementwise activations, as it is after the training, as a header of C++17 that
/// needs no library: the weights, exactly; `predict(x, y)`, plain loops that ask the heap for nothing and throw
/// nothing, constexpr where no activation needs the library of mathematical functions; the example with the net's
/// output for it; and `self_check()`, whether predict still gives that output. `example` is one row of what the net
/// takes. All or nothing, as write_file.
///
/// Throws Error: usage if the name is no namespace's, the example is not one row as wide as the net, no output for it
/// is larger than the tolerance (then the check would say nothing), or the first layer is not linear; numeric if a
/// number is not finite; io. A layer that cannot be written does not compile.
template <detail::IsModule Net, class X>
requires(EigenOperand<X> || RowsLike<X>) void save_cpp_header(const std::string& path, const Net& net, const X& example,
                                                              const CppHeaderOptions& options = {}) {
  using Scalar = typename Net::Scalar;
  static_assert(std::is_same_v<Scalar, float> || std::is_same_v<Scalar, double>,
                "tinynet: save_cpp_header: the net's numbers must be float or double, on the CPU");
  if constexpr (!detail::is_data_input<decltype(detail::make_input<Scalar>(example))>) {
    save_cpp_header(path, net, example.eval(), options);
  } else {
    const detail::CppLayers<Scalar> layers(net);
    const Rows rows = detail::make_input<Scalar>(example).as_rows();
    const Shape expected{1, layers.get().front().in};
    detail::require_shapes(rows.shape() == expected, "save_cpp_header",
                           "the example must be one row of the net's input", rows.shape(), expected);
    Net trained = net;
    trained.eval();
    const Matrix<Scalar> output = no_grad([&] { return trained(example); }).value();
    Matrix<Scalar> scratch(1, expected.cols);
    const std::string text =
        detail::checked_cpp_header(layers.get(), rows.load(0, 1, scratch.data()), output.data(), options);
    write_text_file(path, text);
  }
}

}  // namespace tinynet
