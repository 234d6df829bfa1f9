// The table of words: what the programs and the library say in English, in the other languages of --lang.
#pragma once

#include <span>
#include <string_view>

namespace mnist {

/// `{}` in the English stands for a name or a number, `{*}` for words that are in the table themselves; {1}, {2}, ...
/// in the Chinese are these in their order. A phrase without such places is taken before others,
/// and then the first of the table that fits.
struct Phrase {
  std::string_view english, chinese;
};

std::span<const Phrase> chinese_phrases();

}  // namespace mnist
