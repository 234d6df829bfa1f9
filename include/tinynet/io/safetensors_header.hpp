// The JSON header of a safetensors file. Included by io/safetensors.hpp. Needs nlohmann-json.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <istream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>  // not found? Debian: apt-get install nlohmann-json3-dev
#include <optional>
#include <span>
#include <streambuf>
#include <string>
#include <string_view>
#include <tinynet/core/eigen.hpp>
#include <tinynet/core/error.hpp>
#include <tinynet/io/stored_tensor.hpp>
#include <utility>
#include <vector>

namespace tinynet::detail {

// What a header may hold. The format itself only says at most 100 MB.
inline constexpr std::size_t max_header_entries = 4096;  // tensors, and as many entries of metadata
inline constexpr std::size_t max_tensor_name = 256;      // bytes
inline constexpr std::size_t max_tensor_rank = 32;
inline constexpr std::size_t max_header_string = std::size_t{1} << 20;  // bytes, of a value of the metadata

inline constexpr std::size_t max_between_strings = 4096;  // bytes

inline constexpr std::string_view metadata_key = "__metadata__";

struct HeaderEntry {
  StoredTensor tensor;  // without its bytes
  std::uint64_t begin = 0, end = 0;
  std::uint64_t key_offset = 0;  // of the name in the file
};

struct Header {
  std::vector<HeaderEntry> tensors;  // in the order of the file
  std::map<std::string, std::string> metadata;
};

// Empty, or why a tensor must not be called so.
inline std::string bad_name(std::string_view name) {
  if (name.empty()) return "an empty name";
  if (name.size() > max_tensor_name) return "a name of " + std::to_string(name.size()) + " bytes";
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto byte = static_cast<unsigned char>(name[i]);
    const auto next = i + 1 < name.size() ? static_cast<unsigned char>(name[i + 1]) : 0u;
    // Those of ASCII, and C2 80 ... C2 9F: U+0080 ... U+009F, which terminals obey as well.
    if (byte < 0x20 || byte == 0x7F || (byte == 0xC2 && next >= 0x80 && next < 0xA0))
      return "control characters in " + printable(name);
  }
  return {};
}

// The events of the JSON parser, each held against what the format allows at that place.
class HeaderReader {
 public:
  HeaderReader(std::string_view text, const std::string& path)
      : text_(without_space(text)),
        text_offset_(8 +
                     static_cast<std::uint64_t>(std::find_if_not(text.begin(), text.end(), is_space) - text.begin())),
        path_(path),
        buffer_(text_) {}

  Header read() {
    check_text();
    std::istream stream(&buffer_);
    nlohmann::json::sax_parse(stream, this);
    return std::move(header_);
  }

  // Called by nlohmann-json.
  bool start_object(std::size_t) {
    if (place_ == Place::start) return enter(Place::file);
    if (place_ != Place::file) fail_type("an object");
    if (key_ == metadata_key) return enter(Place::metadata);
    header_.tensors.push_back({});
    header_.tensors.back().tensor.name = key_;
    header_.tensors.back().key_offset = key_offset_;
    return enter(Place::tensor);
  }

  bool key(std::string& name) {
    key_offset_ = start_of_string();
    key_ = name;
    if (place_ == Place::file) return tensor_key();
    if (place_ == Place::metadata) {
      if (header_.metadata.size() == max_header_entries) fail("too much metadata", "at most 4096 entries", "more");
      remember(metadata_seen_, "key of __metadata__");
      return true;
    }
    if (name != "dtype" && name != "shape" && name != "data_offsets")
      fail("unknown field of a tensor", "dtype, shape or data_offsets", "\"" + printable(name.substr(0, 64)) + "\"");
    remember(fields_seen_, "field");
    return true;
  }

  bool end_object() {
    if (place_ == Place::file) return enter(Place::done);
    const bool tensor = place_ == Place::tensor;
    place_ = Place::file;
    if (tensor) {
      key_ = header_.tensors.back().tensor.name;
      key_offset_ = header_.tensors.back().key_offset;
      for (const char* field : {"dtype", "shape", "data_offsets"})
        if (!fields_seen_.contains(field)) fail("a tensor without " + std::string(field), field, "nothing");
      fields_seen_.clear();
    }
    return true;
  }

  bool start_array(std::size_t) {
    if (place_ != Place::tensor || key_ == "dtype") fail_type("an array");
    numbers_.clear();
    return enter(Place::numbers);
  }

  bool number_unsigned(std::uint64_t value) {
    if (place_ != Place::numbers) fail_type("a number");
    if (numbers_.size() == (key_ == "shape" ? max_tensor_rank : 2))
      fail("too many numbers", key_ == "shape" ? "at most 32 sizes" : "a begin and an end", "more");
    constexpr auto limit = static_cast<std::uint64_t>(std::numeric_limits<Index>::max());
    if (value > limit) fail("a number too large", "at most " + std::to_string(limit), std::to_string(value));
    numbers_.push_back(value);
    return true;
  }

  bool end_array() {
    HeaderEntry& entry = header_.tensors.back();
    if (key_ == "shape") {
      for (const std::uint64_t n : numbers_) entry.tensor.shape.push_back(static_cast<Index>(n));
    } else {
      if (numbers_.size() != 2) fail("wrong data_offsets", "a begin and an end", std::to_string(numbers_.size()));
      entry.begin = numbers_[0];
      entry.end = numbers_[1];
    }
    return enter(Place::tensor);
  }

  bool string(std::string& value) {
    if (place_ == Place::metadata) {
      header_.metadata.emplace(key_, std::move(value));
      return true;
    }
    if (place_ != Place::tensor || key_ != "dtype") fail_type("a string");
    const auto dtype = dtype_from_name(value);
    if (!dtype)
      fail("unknown dtype", "F32, F64 or another of the format", "\"" + printable(value.substr(0, 32)) + "\"");
    header_.tensors.back().tensor.dtype = *dtype;
    return true;
  }

  bool number_integer(std::int64_t value) { return refuse(std::to_string(value)); }
  bool number_float(double, const std::string& text) { return refuse(text.substr(0, 32)); }
  bool null() { return refuse("null"); }
  bool boolean(bool value) { return refuse(value ? "true" : "false"); }
  template <class Binary>
  bool binary(Binary&) {
    return refuse("binary data");
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception& error) {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: WHY; last read: ..."
    std::string why = error.what();
    if (const auto colon = why.find(": "); colon != std::string::npos) why.erase(0, colon + 2);
    why = why.substr(0, std::min<std::size_t>(why.find("; last read"), 200));
    fail_at(std::min(position == 0 ? 0 : position - 1, text_.size()), "not valid JSON", "a safetensors header",
            printable(why));
  }

 private:
  enum class Place { start, file, tensor, numbers, metadata, done };

  // Lets the parser read the text where it lies, and tells how far it has come.
  class TextBuffer : public std::streambuf {
   public:
    explicit TextBuffer(std::string_view text) {
      auto* begin = const_cast<char*>(text.data());  // only read
      setg(begin, begin, begin + text.size());
    }
    std::size_t position() const { return static_cast<std::size_t>(gptr() - eback()); }
  };

  // What nlohmann-json would let pass (a byte order mark, NUL for the end), and what would cost it memory.
  void check_text() const {
    if (text_.empty() || text_[0] != '{')
      fail_at(0, "not a safetensors header", "{", text_.empty() ? "nothing" : printable(text_.substr(0, 1)));
    bool in_string = false;
    std::size_t start = 0;  // of the string, or of what lies between two strings
    for (std::size_t i = 0; i < text_.size(); ++i) {
      const char c = text_[i];
      if (static_cast<unsigned char>(c) < 0x20 && (in_string || !is_space(c)))
        fail_at(i, "a control character", "JSON text", printable(text_.substr(i, 1)));
      const std::size_t limit = in_string ? max_header_string : max_between_strings;
      if (i - start > limit)
        fail_at(start, in_string ? "a string too long" : "numbers or space too long",
                "at most " + std::to_string(limit) + " bytes", "more");
      if (c == '"') {
        in_string = !in_string;
        start = i;
      } else if (in_string && c == '\\') {
        ++i;
      }
    }
  }

  static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

  static std::string_view without_space(std::string_view text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
  }

  bool enter(Place place) {
    place_ = place;
    return true;
  }

  bool tensor_key() {
    if (key_ == metadata_key) {
      if (metadata_offset_)
        fail("__metadata__ occurs twice", "one", "a second after that at byte " + std::to_string(*metadata_offset_));
      metadata_offset_ = key_offset_;
      return true;
    }
    if (tensors_seen_.size() == max_header_entries) fail("too many tensors", "at most 4096", "more");
    if (const std::string bad = bad_name(key_); !bad.empty())
      fail("not a name for a tensor", "1 to 256 bytes without control characters", bad);
    remember(tensors_seen_, "tensor");
    return true;
  }

  void remember(std::map<std::string, std::uint64_t>& seen, const std::string& kind) {
    const auto [first, fresh] = seen.emplace(key_, key_offset_);
    if (!fresh)
      fail("the " + kind + " " + printable(key_.substr(0, max_tensor_name)) + " occurs twice", "one",
           "a second after that at byte " + std::to_string(first->second));
  }

  // The offset in the file of the string that the parser has just read, with all its escapes.
  std::uint64_t start_of_string() const {
    std::size_t i = buffer_.position() - 1;  // its closing quote
    for (bool escaped = true; escaped;) {
      i = text_.rfind('"', i - 1);
      std::size_t backslashes = 0;
      while (text_[i - backslashes - 1] == '\\') ++backslashes;
      escaped = backslashes % 2 != 0;
    }
    return text_offset_ + i;
  }

  bool refuse(const std::string& found) {
    if (place_ == Place::numbers) fail("not a size", "a whole number, not negative, in plain digits", found);
    fail_type(found);
  }

  [[noreturn]] void fail_type(const std::string& found) const {
    const bool field = place_ == Place::tensor || place_ == Place::numbers;
    fail("a value of the wrong kind",
         place_ == Place::metadata ? "a string"
         : !field                  ? "an object"
         : key_ == "dtype"         ? "a string"
         : place_ == Place::tensor ? "an array of numbers"
                                   : "a number",
         found);
  }

  // At the key whose value is being read.
  [[noreturn]] void fail(const std::string& what, const std::string& expected, const std::string& actual) const {
    const bool field = place_ == Place::tensor || place_ == Place::numbers;
    std::string name = printable(key_.substr(0, max_tensor_name));
    if (field) name = printable(header_.tensors.back().tensor.name) + "." + name;
    throw Error({.path = path_,
                 .offset = key_offset_,
                 .field = std::move(name),
                 .what = what,
                 .expected = expected,
                 .actual = actual});
  }

  [[noreturn]] void fail_at(std::size_t position, const std::string& what, const std::string& expected,
                            const std::string& actual) const {
    throw Error({.path = path_,
                 .offset = text_offset_ + position,
                 .field = "header",
                 .what = what,
                 .expected = expected,
                 .actual = actual});
  }

  std::string_view text_;      // without the space at both ends
  std::uint64_t text_offset_;  // in the file
  std::string path_;
  TextBuffer buffer_;
  Header header_;
  Place place_ = Place::start;
  std::string key_;  // the last one read
  std::uint64_t key_offset_ = 0;
  std::vector<std::uint64_t> numbers_;
  std::optional<std::uint64_t> metadata_offset_;
  std::map<std::string, std::uint64_t> tensors_seen_, metadata_seen_, fields_seen_;  // name -> offset in the file
};

inline Header read_header(std::string_view text, const std::string& path) { return HeaderReader(text, path).read(); }

// The header for `tensors` one after another, padded with spaces so that the tensors begin at a multiple of 8.
// Throws Error (usage) if a text is not UTF-8.
inline std::string header_text(std::span<const StoredTensor> tensors,
                               const std::map<std::string, std::string>& metadata) {
  const auto quoted = [](const std::string& text) {
    try {
      return nlohmann::json(text).dump();
    } catch (const nlohmann::json::exception&) {
      throw Error(ErrorCode::usage, "save: not UTF-8: " + printable(text));
    }
  };
  std::string text = "{\"__metadata__\":{";
  for (const auto& [key, value] : metadata) text += (text.back() == '{' ? "" : ",") + quoted(key) + ":" + quoted(value);
  text += "}";
  std::uint64_t begin = 0;
  for (const StoredTensor& t : tensors) {
    const std::uint64_t end = begin + t.bytes.size();
    text += "," + quoted(t.name) + ":{\"dtype\":\"" + std::string(dtype_name(t.dtype)) + "\",\"shape\":[";
    for (std::size_t d = 0; d < t.shape.size(); ++d) text.append(d == 0 ? "" : ",").append(std::to_string(t.shape[d]));
    text += "],\"data_offsets\":[" + std::to_string(begin) + "," + std::to_string(end) + "]}";
    begin = end;
  }
  text += "}";
  return text + std::string((8 - text.size() % 8) % 8, ' ');
}

}  // namespace tinynet::detail
