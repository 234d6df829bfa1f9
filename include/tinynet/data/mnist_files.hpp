// Where the four files of MNIST, or of a data set in the same format, lie in a folder, under all the names and in all
// the places that those who give them out use.
#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <tinynet/core/error.hpp>
#include <tinynet/io/file.hpp>
#include <utility>
#include <vector>

namespace tinynet::detail {

/// One data set: images and labels to train with, images and labels for the test.
struct MnistFiles {
  std::string set;  ///< what its files' names begin with: "emnist-letters"; empty for MNIST's own names
  std::array<std::string, 4> paths{};  ///< empty where there is none
  std::array<int, 4> order{};          ///< among the names for the same: the first is taken

  bool complete() const {
    return std::none_of(paths.begin(), paths.end(), [](const auto& path) { return path.empty(); });
  }
  /// How many classes the sets of that name have.
  int classes() const {
    constexpr std::array<std::pair<std::string_view, int>, 4> others{
        {{"emnist-byclass", 62}, {"emnist-bymerge", 47}, {"emnist-balanced", 47}, {"emnist-letters", 26}}};
    for (const auto& [name, count] : others)
      if (set == name) return count;
    return 10;
  }
};

// The names of one of the four files, without ".gz". For MNIST's set: its own, as other programs unpack it, the
// article's. Then those behind the name of another set, and QMNIST's.
inline constexpr std::array<std::array<std::string_view, 3>, 4> mnist_names{{
    {"train-images-idx3-ubyte", "train-images.idx3-ubyte", "train_imgs"},
    {"train-labels-idx1-ubyte", "train-labels.idx1-ubyte", "train_labs"},
    {"t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte", "test_imgs"},
    {"t10k-labels-idx1-ubyte", "t10k-labels.idx1-ubyte", "test_labs"},
}};
inline constexpr std::array<std::array<std::string_view, 4>, 4> set_names{{
    {"train-images-idx3-ubyte", "train-images.idx3-ubyte", "", ""},
    {"train-labels-idx1-ubyte", "train-labels.idx1-ubyte", "train-labels-idx2-int", "train-labels.idx2-int"},
    {"test-images-idx3-ubyte", "test-images.idx3-ubyte", "t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte"},
    {"test-labels-idx1-ubyte", "test-labels.idx1-ubyte", "test-labels-idx2-int", "test-labels.idx2-int"},
}};

/// All sets that have a file in a folder, complete or not, by their names.
class MnistFolder {
 public:
  explicit MnistFolder(const std::filesystem::path& folder) {
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error))
      take(entry->path());
  }

  const std::map<std::string, MnistFiles>& sets() const { return sets_; }
  /// A packed folder in it, if there is one: "archive.zip".
  const std::string& archive() const { return archive_; }

 private:
  // A directory may have the file's name, and the file in it: so unpacks what was packed one by one.
  void take(std::filesystem::path path) {
    std::string name = path.filename().string();
    std::error_code error;
    const auto kind = std::filesystem::status(path, error).type();
    if (kind == std::filesystem::file_type::not_found || kind == std::filesystem::file_type::none) return;
    const bool is_directory = kind == std::filesystem::file_type::directory;
    const bool has_it = is_directory && std::filesystem::is_regular_file(path / name, error);
    if (has_it) path /= name;
    if (!is_directory && name.ends_with(".zip")) archive_ = name;
    const bool packed = name.ends_with(".gz");
    if (packed) name.resize(name.size() - 3);
    const int order = (packed ? 1 : 0) + (has_it ? 100 : is_directory ? 200 : 0);
    for (std::size_t i = 0; i < 4; ++i) {
      for (std::size_t n = 0; n < mnist_names[i].size(); ++n)
        if (name == mnist_names[i][n]) put("", i, path.string(), order + 2 * static_cast<int>(n));
      for (std::size_t n = 0; n < set_names[i].size(); ++n) {
        const std::string ending = "-" + std::string(set_names[i][n]);
        if (ending.size() > 1 && name.size() > ending.size() && name.ends_with(ending))
          put(name.substr(0, name.size() - ending.size()), i, path.string(), order + 2 * static_cast<int>(n));
      }
    }
  }

  void put(const std::string& set, std::size_t i, const std::string& path, int order) {
    MnistFiles& files = sets_.try_emplace(set, MnistFiles{.set = set}).first->second;
    if (!files.paths[i].empty() && files.order[i] <= order) return;
    files.paths[i] = path;
    files.order[i] = order;
  }

  std::map<std::string, MnistFiles> sets_;
  std::string archive_;
};

[[noreturn]] inline void throw_incomplete(const std::string& path, const MnistFiles& files,
                                          const std::string& archive) {
  std::string missing;
  for (std::size_t i = 0; i < 4; ++i) {
    if (!files.paths[i].empty()) continue;
    missing += missing.empty() ? "" : "; ";
    std::string names;
    const auto add = [&](const std::string& name) { names += (names.empty() ? "" : " or ") + name + "[.gz]"; };
    if (files.set.empty())
      for (const std::string_view name : mnist_names[i]) add(std::string(name));
    else
      for (const std::string_view name : set_names[i])
        if (!name.empty()) add(files.set + "-" + std::string(name));
    missing += names;
  }
  throw Error({.code = ErrorCode::io,
               .path = path,
               .what = "MNIST is not complete",
               .expected = missing,
               .actual = std::make_error_code(std::errc::no_such_file_or_directory).message(),
               .hint = archive.empty() ? "" : "Unpack " + printable(archive) + " first"});
}

[[noreturn]] inline void throw_several(const std::string& path, const std::vector<std::string>& found) {
  std::string names;
  for (std::size_t i = 0; i < found.size(); ++i) names += (i == 0 ? "" : ", ") + printable(found[i]);
  throw Error({.path = path,
               .what = "more than one data set",
               .expected = "one",
               .actual = names,
               .hint = "Give one of these paths"});
}

/// The only complete set of a folder, MNIST's first. Throws Error (data) if there are several. None: paths are empty.
inline MnistFiles only_set(const std::filesystem::path& path, const MnistFolder& folder) {
  std::vector<std::string> names;
  const MnistFiles* files = nullptr;
  for (const auto& [name, set] : folder.sets()) {
    if (!set.complete()) continue;
    if (name.empty()) return set;
    names.push_back((path / name).string());
    files = &set;
  }
  if (names.size() > 1) throw_several(path.string(), names);
  return files == nullptr ? MnistFiles{} : *files;
}

/// The one data set in the folders below: one's own, or where torchvision ("MNIST/raw") and EMNIST ("gzip") put theirs.
inline MnistFiles set_below(const std::filesystem::path& path) {
  std::vector<std::filesystem::path> folders;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code not_a_folder;
    if (!std::filesystem::is_directory(entry->path(), not_a_folder)) continue;
    for (const char* const below : {"", "raw", "gzip", "raw/gzip"})
      folders.push_back(*below == '\0' ? entry->path() : entry->path() / below);
  }
  std::sort(folders.begin(), folders.end());
  std::vector<std::string> names;
  MnistFiles found;
  for (const auto& folder : folders) {
    const MnistFolder content(folder);
    for (const auto& [name, set] : content.sets()) {
      if (!set.complete()) continue;
      names.push_back(name.empty() ? folder.string() : (folder / name).string());
      found = set;
    }
  }
  if (names.size() > 1) throw_several(path.string(), names);
  return found;
}

/// The four files of the data set at `path`: a folder, one above it, or what the names of the files in a folder begin
/// with
/// ("data/emnist-letters"). Throws Error: io that lists what is missing, data that lists the sets if there are several.
inline MnistFiles find_mnist_files(const std::string& path) {
  check_path(path);
  std::error_code error;
  const std::filesystem::path place(path);
  const auto status = std::filesystem::status(place, error);
  if (!std::filesystem::is_directory(status)) {
    const MnistFolder above(place.has_parent_path() ? place.parent_path() : ".");
    const auto set = above.sets().find(place.filename().string());
    if (set == above.sets().end() || set->first.empty() || std::filesystem::exists(status))
      throw Error({.code = ErrorCode::io,
                   .path = path,
                   .what = "no folder to read MNIST from",
                   .expected = "a folder with the four files",
                   .actual = std::filesystem::exists(status) ? "something else" : error.message()});
    if (!set->second.complete()) throw_incomplete(path, set->second, "");
    return set->second;
  }
  const MnistFolder folder(place);
  MnistFiles files = only_set(place, folder);
  if (files.complete()) return files;
  if (folder.sets().empty()) files = set_below(place);
  if (files.complete()) return files;
  for (const auto& [name, set] : folder.sets()) {
    const auto missing = [](const MnistFiles& some) { return std::count(some.paths.begin(), some.paths.end(), ""); };
    if (missing(set) < missing(files)) files = set;  // the one that is nearest to being complete
  }
  throw_incomplete(path, files, folder.archive());
}

}  // namespace tinynet::detail
