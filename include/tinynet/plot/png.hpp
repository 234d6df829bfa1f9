// Pictures as PNG files, through stb_image_write.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <new>
#include <string>
#include <tinynet/io/file.hpp>
#include <tinynet/plot/picture.hpp>
#include <vector>

namespace tinynet::detail {

/// The memory that stb asks for while it makes a picture. stb would write to where there is none; so this throws
/// std::bad_alloc instead, and has to give back itself what stb then leaves behind.
class StbMemory {
 public:
  StbMemory() = default;
  StbMemory(const StbMemory&) = delete;
  StbMemory& operator=(const StbMemory&) = delete;
  ~StbMemory() {
    for (void* const block : blocks()) std::free(block);
    blocks().clear();
  }

  static void* reallocate(void* block, std::size_t bytes) {
    if (block == nullptr) blocks().push_back(nullptr);
    void*& listed = *std::find(blocks().begin(), blocks().end(), block);
    void* const memory = std::realloc(block, bytes);
    if (memory == nullptr) throw std::bad_alloc();
    return listed = memory;
  }
  static void free(void* block) {
    std::erase(blocks(), block);
    std::free(block);
  }

 private:
  static std::vector<void*>& blocks() {
    thread_local std::vector<void*> all;
    return all;
  }
};

}  // namespace tinynet::detail

#ifndef STBIW_MALLOC
#define STBIW_MALLOC(bytes) tinynet::detail::StbMemory::reallocate(nullptr, bytes)
#define STBIW_REALLOC(block, bytes) tinynet::detail::StbMemory::reallocate(block, bytes)
#define STBIW_FREE(block) tinynet::detail::StbMemory::free(block)
#endif
#ifndef STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_STATIC
#endif
#ifndef STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_IMPLEMENTATION
#endif
#define STBI_WRITE_NO_STDIO
#include <stb_image_write.h>

namespace tinynet {

/// The bytes of a PNG file.
inline std::vector<std::uint8_t> to_png(const Picture& picture) {
  const detail::StbMemory memory;
  std::vector<std::uint8_t> file;
  const auto append = [](void* to, void* data, int size) {
    const auto* const bytes = static_cast<const std::uint8_t*>(data);
    static_cast<std::vector<std::uint8_t>*>(to)->insert(static_cast<std::vector<std::uint8_t>*>(to)->end(), bytes,
                                                        bytes + size);
  };
  const int width = static_cast<int>(picture.width());
  const std::vector<std::uint8_t> pixels = picture.bytes();
  if (stbi_write_png_to_func(append, &file, width, static_cast<int>(picture.height()), 3, pixels.data(), 3 * width) ==
      0)
    throw std::bad_alloc();  // its only reason
  return file;
}

/// Writes a PNG file, whole or not at all. Throws Error (io).
inline void save_png(const std::string& path, const Picture& picture) {
  const std::vector<std::uint8_t> file = to_png(picture);
  write_file(path, {file});
}

}  // namespace tinynet
