// The user's own copies of stb come first, one with its functions, one without, one in a namespace.
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb_image_write.h>
namespace users {
#include <stb_easy_font.h>
}  // namespace users
#include <stb_image.h>
#include <stb_truetype.h>

#include "all_headers.hpp"

int pictures_after();

int main() {
  tinynet::Picture picture(20, 60);
  tinynet::draw_text(picture, 1, 1, "stb", tinynet::grey(0));
  char text[] = "stb";
  const bool same_width = users::stb_easy_font_width(text) == tinynet::text_width("stb");
  int bytes = 0;  // what the user's copy writes
  const auto pixels = picture.bytes();
  stbi_write_png_to_func([](void* to, void*, int size) { *static_cast<int*>(to) += size; }, &bytes, 60, 20, 3,
                         pixels.data(), 180);
  const auto file = tinynet::to_png(picture);
  int width = 0, height = 0, channels = 0;
  stbi_uc* const read =
      stbi_load_from_memory(file.data(), static_cast<int>(file.size()), &width, &height, &channels, 3);
  const bool same_pixels =
      read != nullptr && width == 60 && height == 20 && std::equal(pixels.begin(), pixels.end(), read);
  stbi_image_free(read);
  return same_width && same_pixels && bytes > 60 && pictures_after() > 0 ? 0 : 1;
}
