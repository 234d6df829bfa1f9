// The one exception type of the library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tinynet/core/language.hpp>
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
  ErrorCode code = ErrorCode::data;                    ///< what kind of problem it is
  std::string path;                                    ///< the file
  std::optional<std::uint64_t> offset = std::nullopt;  ///< the byte where it went wrong
  std::string field = {};                              ///< the name of what lies there
  std::string what;                                    ///< what is wrong
  std::string expected = {};                           ///< what should have been there
  std::string actual = {};                             ///< what was there
  std::string hint = {};                               ///< what the user can do
};

namespace detail {

// The code point with which `text` begins and its length in bytes; length 0 if that is not UTF-8.
struct CodePoint {
  char32_t value = 0;
  std::size_t length = 0;
};
inline CodePoint first_code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  if (length == 0 || text.size() < length) return {};
  char32_t value = lead & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3Fu);
  }
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < least[length] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return {};
  return {value, length};
}

// Control characters (of ASCII and U+0080 ... U+009F), ends of lines, and what turns the direction of writing around.
inline bool garbles(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || c == 0x200E || c == 0x200F ||
         (c >= 0x2028 && c < 0x202F) || (c >= 0x2066 && c < 0x206A);
}

/// `text` with everything that could garble a terminal or break a line, and whatever is not UTF-8, escaped as \xNN.
inline std::string printable(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint c = first_code_point(text);
    const std::size_t length = c.length == 0 ? 1 : c.length;
    if (c.length == 0 || garbles(c.value))
      for (const char part : text.substr(0, length)) {
        const auto byte = static_cast<unsigned char>(part);
        out += "\\x";
        out += digits[byte >> 4];
        out += digits[byte & 15];
      }
    else
      out += text.substr(0, length);
    text.remove_prefix(length);
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
  /// With all that is known of it.
  explicit Error(ErrorDetails details)
      : std::runtime_error(detail::error_message(details)), details_(std::move(details)) {}

  /// An error that is not about a file.
  Error(ErrorCode code, std::string what) : Error(ErrorDetails{.code = code, .path = {}, .what = std::move(what)}) {}

  /// What kind of problem it is.
  ErrorCode code() const noexcept { return details_.code; }
  /// The file it is in, or empty.
  const std::string& path() const noexcept { return details_.path; }
  /// The byte in the file, if it is about one.
  std::optional<std::uint64_t> offset() const noexcept { return details_.offset; }
  /// What should have been there, or empty.
  const std::string& expected() const noexcept { return details_.expected; }
  /// What was there, or empty.
  const std::string& actual() const noexcept { return details_.actual; }

 private:
  ErrorDetails details_;
};

namespace detail {

// For checks in what is inlined in many places, where putting the error together would be most of the code.
[[noreturn, gnu::cold]] inline void throw_usage(const char* what) { throw Error(ErrorCode::usage, what); }

}  // namespace detail

}  // namespace tinynet
