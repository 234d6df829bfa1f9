// What the tests of files share.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tinynet/core/error.hpp>
#include <vector>

namespace test {

using Bytes = std::vector<std::uint8_t>;

// A new empty folder, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    do path_ = std::filesystem::temp_directory_path() / ("tinynet-test-" + std::to_string(std::random_device{}()));
    while (!std::filesystem::create_directory(path_));
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  std::string path() const { return path_.string(); }
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : std::filesystem::directory_iterator(path_))
      all.push_back(entry.path().filename().string());
    return all;
  }

 private:
  std::filesystem::path path_;
};

inline Bytes bytes(std::string_view text) { return {text.begin(), text.end()}; }

inline void write_bytes(const std::string& path, const Bytes& content) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
  file.close();
  if (!file) throw std::runtime_error("the test cannot write " + path);
}

inline Bytes read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("the test cannot read " + path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The error that `call` throws; it must throw one.
template <class Call>
tinynet::Error error_of(Call call) {
  try {
    call();
  } catch (const tinynet::Error& error) {
    return error;
  }
  throw std::runtime_error("no error was thrown");
}

inline bool mentions(const tinynet::Error& error, std::string_view text) {
  return std::string_view(error.what()).find(text) != std::string_view::npos;
}

// One line that names the file.
inline bool well_formed(const tinynet::Error& error, const std::string& path) {
  const std::string_view what = error.what();
  return what.find('\n') == what.npos && what.starts_with(tinynet::detail::printable(path) + ": ") &&
         error.path() == path;
}

}  // namespace test
