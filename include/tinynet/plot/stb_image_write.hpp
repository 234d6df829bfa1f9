// stb_image_write as tinynet uses it, so that a program may have its own copy, before or after this one. Needs stb.
#pragma once

#include <assert.h>  // what stb includes
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <tinynet/core/language.hpp>
#include <utility>
#include <vector>

namespace tinynet::detail {

/// The memory that stb asks for while it makes a picture on this thread. stb would write to where there is none; so
/// this throws std::bad_alloc instead, and has to give back itself what stb then leaves behind.
class StbMemory {
 public:
  StbMemory() = default;
  StbMemory(const StbMemory&) = delete;
  StbMemory& operator=(const StbMemory&) = delete;
  ~StbMemory() {
    for (void* const block : blocks_) std::free(block);
    current_ = before_;
  }

  static void* reallocate(void* block, std::size_t bytes) {
    std::vector<void*>& blocks = current_->blocks_;
    if (block == nullptr) blocks.push_back(nullptr);
    void*& listed = *std::find(blocks.begin(), blocks.end(), block);
    void* const memory = std::realloc(block, bytes);
    if (memory == nullptr) throw std::bad_alloc();
    return listed = memory;
  }
  static void free(void* block) {
    std::erase(current_->blocks_, block);
    std::free(block);
  }

 private:
  // A pointer, which outlives every destructor: a program may draw while it ends.
  inline static thread_local StbMemory* current_ = nullptr;
  StbMemory* before_ = std::exchange(current_, this);
  std::vector<void*> blocks_;
};

}  // namespace tinynet::detail

// In a namespace of its own (within tinynet, abs would be tinynet's), with our memory; what the program has defined is
// put back.
#pragma push_macro("INCLUDE_STB_IMAGE_WRITE_H")
#undef INCLUDE_STB_IMAGE_WRITE_H
#pragma push_macro("STB_IMAGE_WRITE_IMPLEMENTATION")
#undef STB_IMAGE_WRITE_IMPLEMENTATION
#pragma push_macro("STB_IMAGE_WRITE_STATIC")
#undef STB_IMAGE_WRITE_STATIC
#pragma push_macro("STBI_WRITE_NO_STDIO")
#undef STBI_WRITE_NO_STDIO
#pragma push_macro("STBIWDEF")
#undef STBIWDEF
#pragma push_macro("STBIW_MALLOC")
#undef STBIW_MALLOC
#pragma push_macro("STBIW_REALLOC")
#undef STBIW_REALLOC
#pragma push_macro("STBIW_FREE")
#undef STBIW_FREE
#pragma push_macro("STBIW_REALLOC_SIZED")
#undef STBIW_REALLOC_SIZED
#pragma push_macro("STBIW_MEMMOVE")
#undef STBIW_MEMMOVE
#pragma push_macro("STBIW_ASSERT")
#undef STBIW_ASSERT
#pragma push_macro("STBIW_UCHAR")
#undef STBIW_UCHAR
#pragma push_macro("STBIW_EXTERN")
#undef STBIW_EXTERN
#pragma push_macro("stbiw__max")
#undef stbiw__max
#pragma push_macro("stbiw__sbraw")
#undef stbiw__sbraw
#pragma push_macro("stbiw__sbm")
#undef stbiw__sbm
#pragma push_macro("stbiw__sbn")
#undef stbiw__sbn
#pragma push_macro("stbiw__sbneedgrow")
#undef stbiw__sbneedgrow
#pragma push_macro("stbiw__sbmaybegrow")
#undef stbiw__sbmaybegrow
#pragma push_macro("stbiw__sbgrow")
#undef stbiw__sbgrow
#pragma push_macro("stbiw__sbpush")
#undef stbiw__sbpush
#pragma push_macro("stbiw__sbcount")
#undef stbiw__sbcount
#pragma push_macro("stbiw__sbfree")
#undef stbiw__sbfree
#pragma push_macro("stbiw__zlib_flush")
#undef stbiw__zlib_flush
#pragma push_macro("stbiw__zlib_add")
#undef stbiw__zlib_add
#pragma push_macro("stbiw__zlib_huffa")
#undef stbiw__zlib_huffa
#pragma push_macro("stbiw__zlib_huff1")
#undef stbiw__zlib_huff1
#pragma push_macro("stbiw__zlib_huff2")
#undef stbiw__zlib_huff2
#pragma push_macro("stbiw__zlib_huff3")
#undef stbiw__zlib_huff3
#pragma push_macro("stbiw__zlib_huff4")
#undef stbiw__zlib_huff4
#pragma push_macro("stbiw__zlib_huff")
#undef stbiw__zlib_huff
#pragma push_macro("stbiw__zlib_huffb")
#undef stbiw__zlib_huffb
#pragma push_macro("stbiw__ZHASH")
#undef stbiw__ZHASH
#pragma push_macro("stbiw__wpng4")
#undef stbiw__wpng4
#pragma push_macro("stbiw__wp32")
#undef stbiw__wp32
#pragma push_macro("stbiw__wptag")
#undef stbiw__wptag

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#define STBIW_MALLOC(bytes) tinynet::detail::StbMemory::reallocate(nullptr, bytes)
#define STBIW_REALLOC(block, bytes) tinynet::detail::StbMemory::reallocate(block, bytes)
#define STBIW_FREE(block) tinynet::detail::StbMemory::free(block)
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"  // all but one
#pragma GCC diagnostic ignored "-Wunused-variable"  // its options
#endif
namespace tinynet_stb {
#include <stb_image_write.h>  // not found? Debian: apt-get install libstb-dev, and -I /usr/include/stb
}  // namespace tinynet_stb
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
#undef INCLUDE_STB_IMAGE_WRITE_H
#pragma pop_macro("INCLUDE_STB_IMAGE_WRITE_H")
#undef STB_IMAGE_WRITE_IMPLEMENTATION
#pragma pop_macro("STB_IMAGE_WRITE_IMPLEMENTATION")
#undef STB_IMAGE_WRITE_STATIC
#pragma pop_macro("STB_IMAGE_WRITE_STATIC")
#undef STBI_WRITE_NO_STDIO
#pragma pop_macro("STBI_WRITE_NO_STDIO")
#undef STBIWDEF
#pragma pop_macro("STBIWDEF")
#undef STBIW_MALLOC
#pragma pop_macro("STBIW_MALLOC")
#undef STBIW_REALLOC
#pragma pop_macro("STBIW_REALLOC")
#undef STBIW_FREE
#pragma pop_macro("STBIW_FREE")
#undef STBIW_REALLOC_SIZED
#pragma pop_macro("STBIW_REALLOC_SIZED")
#undef STBIW_MEMMOVE
#pragma pop_macro("STBIW_MEMMOVE")
#undef STBIW_ASSERT
#pragma pop_macro("STBIW_ASSERT")
#undef STBIW_UCHAR
#pragma pop_macro("STBIW_UCHAR")
#undef STBIW_EXTERN
#pragma pop_macro("STBIW_EXTERN")
#undef stbiw__max
#pragma pop_macro("stbiw__max")
#undef stbiw__sbraw
#pragma pop_macro("stbiw__sbraw")
#undef stbiw__sbm
#pragma pop_macro("stbiw__sbm")
#undef stbiw__sbn
#pragma pop_macro("stbiw__sbn")
#undef stbiw__sbneedgrow
#pragma pop_macro("stbiw__sbneedgrow")
#undef stbiw__sbmaybegrow
#pragma pop_macro("stbiw__sbmaybegrow")
#undef stbiw__sbgrow
#pragma pop_macro("stbiw__sbgrow")
#undef stbiw__sbpush
#pragma pop_macro("stbiw__sbpush")
#undef stbiw__sbcount
#pragma pop_macro("stbiw__sbcount")
#undef stbiw__sbfree
#pragma pop_macro("stbiw__sbfree")
#undef stbiw__zlib_flush
#pragma pop_macro("stbiw__zlib_flush")
#undef stbiw__zlib_add
#pragma pop_macro("stbiw__zlib_add")
#undef stbiw__zlib_huffa
#pragma pop_macro("stbiw__zlib_huffa")
#undef stbiw__zlib_huff1
#pragma pop_macro("stbiw__zlib_huff1")
#undef stbiw__zlib_huff2
#pragma pop_macro("stbiw__zlib_huff2")
#undef stbiw__zlib_huff3
#pragma pop_macro("stbiw__zlib_huff3")
#undef stbiw__zlib_huff4
#pragma pop_macro("stbiw__zlib_huff4")
#undef stbiw__zlib_huff
#pragma pop_macro("stbiw__zlib_huff")
#undef stbiw__zlib_huffb
#pragma pop_macro("stbiw__zlib_huffb")
#undef stbiw__ZHASH
#pragma pop_macro("stbiw__ZHASH")
#undef stbiw__wpng4
#pragma pop_macro("stbiw__wpng4")
#undef stbiw__wp32
#pragma pop_macro("stbiw__wp32")
#undef stbiw__wptag
#pragma pop_macro("stbiw__wptag")
