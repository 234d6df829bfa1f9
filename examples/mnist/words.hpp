// The language in which this process speaks.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mnist {

enum class Language { english, chinese };

/// Sets it, for all that is said from now on.
void speak(Language language);
Language spoken();

/// What is to be said, in that language: a sentence of this program or of the library, which both write in English, or
/// a word of the report. Names, numbers and options in it stay as they are; so does what the table of words has not.
std::string said(std::string_view english);

/// The columns that a text takes on a terminal; Chinese characters take two.
std::size_t columns_of(std::string_view text);
/// As much of it as fits into so many.
std::string cut_to_columns(std::string_view text, std::size_t columns);

}  // namespace mnist
