// The table of words: what the programs and the library say in English, in the other languages of --lang.
#pragma once

#include <span>
#include <string_view>

namespace mnist {

/// In the English `{}` stands for a name within a sentence, `{!}` for one that may look like anything, `{#}` for a
/// whole number, `{w}` for a word, `{*}` for words that are in the table themselves; {1}, {2}, ... in the Chinese are
/// these in their order. A phrase without any of them is taken before others, and then the first of the table that
/// fits.
struct Phrase {
  std::string_view english, chinese;
};

std::span<const Phrase> chinese_phrases();

}  // namespace mnist
