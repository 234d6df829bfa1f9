#include "words.hpp"

#include <atomic>
#include <optional>
#include <tinynet/core/error.hpp>
#include <vector>

#include "words_table.hpp"

namespace mnist {
namespace {

std::atomic<Language> language = Language::english;

std::string translated(std::string_view text);

/// What stands in a text where a phrase has {} and the like.
using Pieces = std::vector<std::string>;

/// Whether a text may be where a phrase has {KIND}.
bool may_be(char kind, std::string_view text) {
  if (kind == '#') return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
  if (kind == 'w') return text.find(' ') == text.npos;
  return kind != '}' || (text.find("; ") == text.npos && text.find(". ") == text.npos);
}

/// Whether the text is this phrase; the shortest pieces with which it is.
bool match(std::string_view phrase, std::string_view text, Pieces& pieces) {
  const std::size_t brace = phrase.find('{');
  if (text.substr(0, brace) != phrase.substr(0, brace)) return false;
  if (brace == phrase.npos) return text.size() == phrase.size();
  text.remove_prefix(brace);
  const char kind = phrase[brace + 1];
  phrase.remove_prefix(brace + (kind == '}' ? 2 : 3));
  const std::string_view next = phrase.substr(0, phrase.find('{'));
  const std::size_t piece = pieces.size();
  for (std::size_t end = phrase.empty() ? text.size() : text.find(next); end != text.npos;
       end = text.find(next, end + 1)) {
    pieces.resize(piece);
    pieces.emplace_back(text.substr(0, end));
    if (!may_be(kind, pieces.back()) || !match(phrase, text.substr(end), pieces)) continue;
    if (kind == '*') pieces[piece] = translated(pieces[piece]);
    return true;
  }
  pieces.resize(piece);
  return false;
}

bool is_character(std::string_view text) {
  const char32_t c = tinynet::detail::first_code_point(text).value;
  return c >= 0x4E00 && c < 0xA000;
}
bool ends_with_character(std::string_view text) {
  return text.size() >= 3 && is_character(text.substr(text.size() - 3));
}
bool is_ascii(char c) { return c > ' ' && c <= '~'; }

/// Appends, with a space between a Chinese character and a name or a number (but no class, of one digit).
void append(std::string& to, std::string_view text) {
  if (to.empty() || text.empty() || (text.size() == 1 && text[0] >= '0' && text[0] <= '9')) {
    to += text;
    return;
  }
  const bool before = ends_with_character(to) && is_ascii(text.front()) && text.front() != ':' && text.front() != ',';
  const bool after = is_ascii(to.back()) && to.back() != ':' && is_character(text);
  to.append(before || after ? " " : "").append(text);
}

/// The words of a phrase with {1}, {2}, ... replaced by the pieces.
std::string filled(std::string_view words, const Pieces& pieces) {
  std::string result;
  for (std::size_t brace; (brace = words.find('{')) != words.npos; words.remove_prefix(brace + 3)) {
    append(result, words.substr(0, brace));
    append(result, pieces.at(static_cast<std::size_t>(words[brace + 1] - '1')));
  }
  append(result, words);
  return result;
}

/// A text of several parts, if there is something to be translated in one of them. With `names`, there are two parts at
/// most, and the first is a name.
std::optional<std::string> in_parts(std::string_view text, std::string_view between, std::string_view instead,
                                    bool names = false) {
  std::string result;
  bool changed = false;
  for (bool first = true, last = false; !last; first = false) {
    const std::size_t end = names && !first ? text.npos : text.find(between);
    last = end == text.npos;
    if (last && first) return std::nullopt;
    const std::string_view part = text.substr(0, end);
    const std::string words = names && first ? std::string(part) : translated(part);
    changed = changed || words != part;
    result.append(first ? "" : instead).append(words);
    if (!last) text.remove_prefix(end + between.size());
  }
  return changed ? std::optional(result) : std::nullopt;
}

std::string translated(std::string_view text) {
  for (const Phrase& phrase : chinese_phrases())
    if (phrase.english == text) return std::string(phrase.chinese);
  Pieces pieces;
  for (const Phrase& phrase : chinese_phrases()) {
    pieces.clear();
    if (match(phrase.english, text, pieces)) return filled(phrase.chinese, pieces);
  }
  // An error of the library is put together of such parts; what comes before a colon is a file or an option.
  if (auto parts = in_parts(text, "; ", "；")) return *parts;
  if (auto parts = in_parts(text, ". ", "。")) return *parts;
  if (auto parts = in_parts(text, ": ", "：", true)) return *parts;
  if (auto parts = in_parts(text, ", ", "，")) return *parts;
  return std::string(text);
}

bool is_wide(char32_t c) { return c >= 0x1100 && (c < 0x2000 || c >= 0x2E80); }

}  // namespace

void speak(Language wanted) { language = wanted; }
Language spoken() { return language; }

std::string said(std::string_view english) {
  return spoken() == Language::english ? std::string(english) : translated(english);
}

std::string cut_to_columns(std::string_view text, std::size_t columns) {
  std::string result;
  while (!text.empty()) {
    const tinynet::detail::CodePoint c = tinynet::detail::first_code_point(text);
    const std::size_t width = is_wide(c.value) ? 2 : 1, length = c.length == 0 ? 1 : c.length;
    if (width > columns) break;
    columns -= width;
    result += text.substr(0, length);
    text.remove_prefix(length);
  }
  return result;
}

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) {
    const tinynet::detail::CodePoint c = tinynet::detail::first_code_point(text);
    columns += is_wide(c.value) ? 2 : 1;
    text.remove_prefix(c.length == 0 ? 1 : c.length);
  }
  return columns;
}

}  // namespace mnist
