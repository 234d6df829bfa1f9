// The user's own copies of stb come last.
#include "all_headers.hpp"
#if defined(INCLUDE_STB_IMAGE_WRITE_H) || defined(STB_IMAGE_WRITE_STATIC) || defined(STBIW_MALLOC) || \
    defined(INCLUDE_STB_EASY_FONT_H)
#error "a header of tinynet's has left a macro of stb's behind"
#endif
#include <stb_easy_font.h>
#include <stb_image_write.h>
#define STB_IMAGE_IMPLEMENTATION
#include <stb_image.h>
#define STB_TRUETYPE_IMPLEMENTATION
#include <stb_truetype.h>

int pictures_after();

int pictures_after() {
  char text[] = "stb";
  const tinynet::Picture picture(1, 1);
  int written = 0;  // by the other unit's functions
  stbi_write_png_to_func([](void* to, void*, int size) { *static_cast<int*>(to) += size; }, &written, 1, 1, 3,
                         picture.bytes().data(), 3);
  return stb_easy_font_width(text) == tinynet::text_width("stb") && !tinynet::to_png(picture).empty() ? written : 0;
}
