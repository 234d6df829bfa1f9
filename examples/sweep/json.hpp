// JSON from files, and where in them something is wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace sweep {

using Json = nlohmann::ordered_json;

/// A place in a file.
struct Place {
  std::string file;
  std::optional<std::uint64_t> offset = std::nullopt;  ///< the byte, if it is known
  std::string line = {};                               ///< "line 3", if each line is a text of its own
  std::string key = {};                                ///< "runs[2].lr"

  Place member(const std::string& name) const;
  Place element(std::size_t index) const;

  /// Throws Error (data): "FILE: at byte N (line 3): runs[2].lr: WHAT".
  [[noreturn]] void refuse(const std::string& what) const;
};

/// A regular file's content. Throws Error: io, data if it is larger than `most` bytes.
std::string read_text(const std::string& path, std::uint64_t most);

/// `text` begins at `place`. Throws Error (data) if it is not JSON or an object has a key twice.
Json parse_json(std::string_view text, const Place& place);

/// A value for people; the end of a long one is left out.
std::string shown(const Json& json);

}  // namespace sweep
