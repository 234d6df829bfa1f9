// The one exception type of the library.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace tinynet {

/// What kind of thing went wrong. The numbers are the exit codes of the programs.
enum class ErrorCode : int {
  internal = 1,     ///< a bug of the library
  usage = 2,        ///< an argument or a shape that makes no sense
  data = 3,         ///< a file whose content is wrong
  io = 4,           ///< a file that cannot be opened, read or written
  download = 5,     ///< nothing could be fetched
  numeric = 6,      ///< NaN, or divergence to infinity
  device = 7,       ///< a device that is missing or failed
  distributed = 8,  ///< another process of the job failed
};

/// The parts of an error about a file; empty parts are left out of the message.
struct ErrorDetails {
  ErrorCode code = ErrorCode::data;
  std::string path;                                    ///< the file
  std::optional<std::uint64_t> offset = std::nullopt;  ///< the byte where it went wrong
  std::string field = {};                              ///< the name of what lies there
  std::string what;                                    ///< what is wrong
  std::string expected = {};                           ///< what should have been there
  std::string actual = {};                             ///< what was there
  std::string hint = {};                               ///< what the user can do
};

namespace detail {

/// `text` with everything that could garble a terminal or break a line escaped as \xNN.
inline std::string printable(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      out += "\\x";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += c;
    }
  }
  return out;
}

inline std::string error_message(const ErrorDetails& d) {
  std::string out;
  if (!d.path.empty()) out += printable(d.path) + ": ";
  if (d.offset) out += "at byte " + std::to_string(*d.offset) + (d.field.empty() ? "" : " (" + d.field + ")") + ": ";
  out += d.what;
  if (!d.expected.empty()) out += "; expected " + d.expected;
  if (!d.actual.empty()) out += (d.expected.empty() ? "; found " : ", found ") + d.actual;
  if (!d.hint.empty()) out += ". " + d.hint;
  return out;
}

}  // namespace detail

/// What every function of the library throws. `what()` is one line:
/// `FILE: at byte OFFSET (FIELD): WHAT; expected E, found A. HINT`, without the parts that do not apply.
class Error : public std::runtime_error {
 public:
  explicit Error(ErrorDetails details)
      : std::runtime_error(detail::error_message(details)), details_(std::move(details)) {}

  /// An error that is not about a file.
  Error(ErrorCode code, std::string what) : Error(ErrorDetails{.code = code, .path = {}, .what = std::move(what)}) {}

  ErrorCode code() const noexcept { return details_.code; }
  const std::string& path() const noexcept { return details_.path; }
  std::optional<std::uint64_t> offset() const noexcept { return details_.offset; }
  const std::string& expected() const noexcept { return details_.expected; }
  const std::string& actual() const noexcept { return details_.actual; }

 private:
  ErrorDetails details_;
};

}  // namespace tinynet
