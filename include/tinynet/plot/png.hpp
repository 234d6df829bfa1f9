// Pictures as PNG files, through stb_image_write.
#pragma once

#include <new>
#include <string>
#include <tinynet/io/file.hpp>
#include <tinynet/plot/picture.hpp>
#include <tinynet/plot/stb_image_write.hpp>
#include <vector>

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
  if (tinynet_stb::stbi_write_png_to_func(append, &file, width, static_cast<int>(picture.height()), 3, pixels.data(),
                                          3 * width) == 0)
    throw std::bad_alloc();  // its only reason
  return file;
}

/// Writes a PNG file, whole or not at all. Throws Error (io).
inline void save_png(const std::string& path, const Picture& picture) {
  const std::vector<std::uint8_t> file = to_png(picture);
  write_file(path, {file});
}

}  // namespace tinynet
