// gzip (RFC 1952), and IDX files that may be packed with it. Needs zlib, as does data/mnist.hpp, which includes this.
#pragma once

#include <zlib.h>  // not found? Debian: apt-get install zlib1g-dev, and -lz

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <tinynet/core/error.hpp>
#include <tinynet/data/content.hpp>
#include <tinynet/data/dataset.hpp>
#include <tinynet/data/idx.hpp>
#include <tinynet/io/file.hpp>
#include <tinynet/io/source.hpp>
#include <vector>

namespace tinynet {

/// The bytes of another source, unpacked if they are gzip, as they are if not; the content decides, not the name.
/// Several gzip members one after another are one stream. Checks CRC and length of each member, and lets nothing else
/// follow: read() throws Error (data) with the offset in the packed bytes.
class GzipSource : public ByteSource {
 public:
  /// `packed` must outlive this.
  explicit GzipSource(ByteSource& packed) : ByteSource(packed.path()), packed_(packed), buffer_(history + capacity) {
    refill();
    gzip_ = end_ - next_ >= 2 && buffer_[next_] == 0x1F && buffer_[next_ + 1] == 0x8B;
    if (gzip_ && inflateInit2(&stream_, 15 + 16) != Z_OK)  // window of 2^15 bytes, gzip header and trailer
      throw Error({.code = ErrorCode::io, .path = path(), .what = "zlib cannot be started (out of memory?)"});
  }

  ~GzipSource() override {
    if (gzip_) inflateEnd(&stream_);
  }

  std::size_t read(std::span<std::uint8_t> to) override { return gzip_ ? unpack(to) : copy(to); }

  /// Known only if the bytes are not packed: the length in a gzip trailer may lie.
  std::optional<std::uint64_t> size() const override { return gzip_ ? std::nullopt : packed_.size(); }

  std::string hint() const override { return gzip_ ? "Bytes are counted in the unpacked content" : packed_.hint(); }

 private:
  static constexpr std::size_t capacity = std::size_t{1} << 16;
  static constexpr std::size_t history = 8;  // bytes before the buffered ones that are kept, for the error messages

  // Gets more packed bytes; false at their end.
  bool refill() {
    std::memmove(buffer_.data(), buffer_.data() + end_ - history, history);
    next_ = history;
    end_ = history + packed_.read({buffer_.data() + history, capacity});
    fetched_ += end_ - history;
    return end_ > next_;
  }

  std::uint64_t offset() const { return fetched_ - (end_ - next_); }

  std::size_t copy(std::span<std::uint8_t> to) {
    const std::size_t buffered = std::min(to.size(), end_ - next_);
    if (buffered != 0) std::memcpy(to.data(), buffer_.data() + next_, buffered);
    next_ += buffered;
    return buffered == to.size() ? buffered : buffered + packed_.read(to.subspan(buffered));
  }

  std::size_t unpack(std::span<std::uint8_t> to) {
    std::size_t done = 0;
    while (done < to.size() && (!between_members_ || next_member())) {
      if (next_ == end_ && !refill()) fail("gzip data end early", "the end of a gzip member", "the end of the file");
      const auto room = static_cast<uInt>(std::min<std::size_t>(to.size() - done, capacity));
      stream_.next_in = buffer_.data() + next_;
      stream_.avail_in = static_cast<uInt>(end_ - next_);
      stream_.next_out = to.data() + done;
      stream_.avail_out = room;
      const int result = inflate(&stream_, Z_NO_FLUSH);
      next_ = end_ - stream_.avail_in;
      done += room - stream_.avail_out;
      if (result == Z_STREAM_END)
        between_members_ = true;
      else if (result != Z_OK)
        fail_inflate(result);
    }
    return done;
  }

  // False at the end of the file.
  bool next_member() {
    if (next_ == end_ && !refill()) return false;
    if (end_ - next_ == 1) fetch_one_more();
    if (end_ - next_ < 2 || buffer_[next_] != 0x1F || buffer_[next_ + 1] != 0x8B)
      fail("bytes after the end of the gzip data", "the end of the file, or 1F 8B for one more gzip member",
           "byte " + detail::hex(buffer_[next_], 2));
    inflateReset(&stream_);
    between_members_ = false;
    return true;
  }

  // The two bytes of a member's start lie on both sides of the buffer's end.
  void fetch_one_more() {
    buffer_[history] = buffer_[next_];
    next_ = history;
    const std::size_t n = packed_.read({buffer_.data() + history + 1, capacity - 1});
    end_ = history + 1 + n;
    fetched_ += n;
  }

  [[noreturn]] void fail(std::string what, std::string expected, std::string actual) const {
    throw Error({.path = path(),
                 .offset = offset(),
                 .field = "of the gzip file",
                 .what = std::move(what),
                 .expected = std::move(expected),
                 .actual = std::move(actual)});
  }

  [[noreturn]] void fail_inflate(int result) const {
    if (result == Z_MEM_ERROR) throw Error({.code = ErrorCode::io, .path = path(), .what = "zlib is out of memory"});
    const std::string why = stream_.msg ? stream_.msg : "error " + std::to_string(result);
    // zlib took the four bytes of the check just now; its own figure is in the stream.
    if (why == "incorrect data check")
      fail("wrong CRC-32 of the content", detail::hex(last_four(), 8),
           detail::hex(static_cast<std::uint32_t>(stream_.adler), 8));
    if (why == "incorrect length check")
      fail("wrong length of the content", std::to_string(last_four()) + " bytes (modulo 2^32)",
           std::to_string(stream_.total_out) + " bytes");
    fail("damaged gzip data", "what zlib can unpack", why);
  }

  std::uint32_t last_four() const {
    const std::uint8_t* p = buffer_.data() + next_ - 4;
    return std::uint32_t{p[0]} | std::uint32_t{p[1]} << 8 | std::uint32_t{p[2]} << 16 | std::uint32_t{p[3]} << 24;
  }

  ByteSource& packed_;
  std::vector<std::uint8_t> buffer_;
  std::size_t next_ = history;  // the next packed byte in the buffer
  std::size_t end_ = history;
  std::uint64_t fetched_ = 0;  // packed bytes taken from packed_
  bool gzip_ = false;
  bool between_members_ = false;
  z_stream stream_{};
};

/// Reads any IDX array from a file, raw or gzip. Throws Error (io or data).
inline IdxArray read_idx(const std::string& path) {
  FileSource file(path);
  GzipSource source(file);
  return read_idx(source);
}

/// Reads pictures from an IDX file, raw or gzip. Throws Error (io or data).
inline Images read_idx_images(const std::string& path) {
  FileSource file(path);
  GzipSource source(file);
  return read_idx_images(source);
}

/// Reads labels 0 ... classes - 1 from an IDX file, raw or gzip. Throws Error (io or data).
inline std::vector<std::uint8_t> read_idx_labels(const std::string& path, int classes = 10) {
  FileSource file(path);
  GzipSource source(file);
  return read_idx_labels(source, classes);
}

}  // namespace tinynet
