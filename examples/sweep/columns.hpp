// What the tables say of each training.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "training.hpp"

namespace sweep {

struct Column {
  std::string title;
  bool words = false;    ///< not numbers
  bool setting = false;  ///< what the training was asked for, not what it gave
};
/// The columns of every table, the rank first.
const std::vector<Column>& columns();

/// What a row says in these columns, `rank` first.
std::vector<std::string> cells(const Result& result, const std::string& rank);
/// The same of a training that is going on.
std::vector<std::string> cells(const Training& training);

struct RankedResult {
  std::string rank;  // empty for one that diverged
  const Result* result;
};
/// The results by their test losses, those that diverged last.
std::vector<RankedResult> ranked(const std::vector<Result>& results);

using Rows = std::vector<std::vector<std::string>>;

/// The numbers of the columns without settings that no row was given.
std::vector<std::size_t> columns_in_use(const Rows& rows);

/// The lines of a table in text, the titles first. If they are wider than `width`, the settings that are the same in
/// all rows are left out.
std::vector<std::string> text_table(Rows rows, std::size_t width = std::numeric_limits<std::size_t>::max());

}  // namespace sweep
