// Any bytes as a gzip file, with an IDX file in it.
#include <zlib.h>

#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <tinynet/data/gzip.hpp>
#include <tinynet/data/idx.hpp>

#include "idx_file.hpp"
#include "small_net.hpp"

namespace {

using fuzz::Bytes;
using fuzz::ByteView;
using fuzz::check;
using fuzz::Random;

const std::string name = "fuzz.gz";

bool is_gzip(ByteView bytes) { return bytes.size() >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B; }

// What zlib alone makes of the bytes, all at once; nothing if that is no gzip file from its first to its last byte.
std::optional<Bytes> unpacked(ByteView packed) {
  if (!is_gzip(packed)) return Bytes(packed.begin(), packed.end());
  Bytes content;
  while (is_gzip(packed)) {
    z_stream stream{};
    check(inflateInit2(&stream, 15 + 16) == Z_OK, "zlib starts");
    stream.next_in = const_cast<Bytef*>(packed.data());
    stream.avail_in = static_cast<uInt>(packed.size());
    int result = Z_OK;
    while (result == Z_OK) {
      const std::size_t size = content.size();
      content.resize(size + 2048);
      stream.next_out = content.data() + size;
      stream.avail_out = 2048;
      result = inflate(&stream, Z_NO_FLUSH);
      content.resize(content.size() - stream.avail_out);
    }
    packed = packed.subspan(packed.size() - stream.avail_in);
    inflateEnd(&stream);
    if (result != Z_STREAM_END) return std::nullopt;
  }
  if (!packed.empty()) return std::nullopt;
  return content;
}

// The same by the library, `step` bytes at a time.
std::optional<Bytes> read_all(ByteView packed, std::size_t step) {
  Bytes content;
  const bool accepted = fuzz::accepts(3 * 1032 * packed.size(), [&] {  // 1032 is as much as deflate can save
    tinynet::MemorySource memory(packed, name);
    tinynet::GzipSource source(memory);
    for (std::size_t n = step; n == step;) {
      content.resize(content.size() + step);
      n = source.read({content.data() + content.size() - step, step});
      content.resize(content.size() - step + n);
    }
  });
  if (!accepted) return std::nullopt;
  return content;
}

// A gzip member of so many bytes, at least 23, that holds zeros.
Bytes plain_member(std::size_t size) {
  const std::size_t n = size - 23;
  Bytes member(size);
  const Bytes start{0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1};
  const auto put = [&](std::size_t at, std::size_t bytes, std::size_t value) {
    for (std::size_t i = 0; i < bytes; ++i) member[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
  };
  std::copy(start.begin(), start.end(), member.begin());
  put(11, 2, n);
  put(13, 2, ~n);
  put(15 + n, 4, crc32(0, member.data() + 15, static_cast<uInt>(n)));
  put(19 + n, 4, n);
  return member;
}

// With another member before it the end of the reader's buffer, byte 65536, lies anywhere in the bytes.
void check_at_end_of_buffer(ByteView packed, const std::optional<Bytes>& content) {
  const std::size_t before =
      packed.empty() ? 0 : crc32(0, packed.data(), static_cast<uInt>(packed.size())) % packed.size();
  Bytes longer = plain_member(65'536 - before);
  const std::size_t zeros = longer.size() - 23;
  longer.insert(longer.end(), packed.begin(), packed.end());
  const auto all = read_all(longer, 50'000);
  const bool right = content && (is_gzip(packed) || packed.empty());
  check(all.has_value() == right, "a member more before the bytes changes nothing");
  if (all)
    check(all->size() == zeros + content->size() &&
              std::equal(content->begin(), content->end(), all->end() - static_cast<std::ptrdiff_t>(content->size())),
          "the end of the buffer does not matter");
}

// read(source) of the packed bytes, which must give what it gives of the content.
template <class Read>
auto read_packed(ByteView packed, const std::optional<Bytes>& content, Read read) {
  std::optional<decltype(read(std::declval<tinynet::ByteSource&>()))> from_packed, from_content;
  fuzz::accepts(packed.size() + (content ? 2 * content->size() : 1032 * packed.size()), [&] {
    tinynet::MemorySource memory(packed, name);
    tinynet::GzipSource source(memory);
    from_packed.emplace(read(source));
  });
  if (content)
    fuzz::accepts(content->size(), [&] {
      tinynet::MemorySource memory(*content, name);
      from_content.emplace(read(memory));
    });
  check(from_packed.has_value() == from_content.has_value(), "packed or not, it is accepted or not");
  return std::pair(std::move(from_packed), std::move(from_content));
}

// Puts the right check and length where a member's are wrong: the library tells both.
void repair(Bytes& packed) {
  for (int member = 0; member < 8; ++member) try {
      tinynet::MemorySource memory(packed, name);
      tinynet::GzipSource source(memory);
      Bytes content(4096);
      while (source.read(content) == content.size()) {}
      return;
    } catch (const tinynet::Error& error) {
      const std::string_view text = error.what();
      const bool crc = text.find("wrong CRC-32") != text.npos;
      if (!crc && text.find("wrong length") == text.npos) return;
      const unsigned long value = std::strtoul(error.actual().c_str(), nullptr, crc ? 16 : 10);
      for (std::size_t i = 0; i < 4; ++i) packed[*error.offset() - 4 + i] = static_cast<std::uint8_t>(value >> (8 * i));
    }
}

// A member or several, packed and adorned in a random way.
Bytes pack(ByteView content, Random& random) {
  Bytes all;
  for (bool last = false; !last;) {
    last = !fuzz::one_in(random, 4);
    const ByteView part = content.first(last ? content.size() : fuzz::below(random, content.size() + 1));
    content = content.subspan(part.size());
    z_stream stream{};
    check(deflateInit2(&stream, static_cast<int>(fuzz::below(random, 10)), Z_DEFLATED, 9 + 16, 1,
                       static_cast<int>(fuzz::below(random, 5))) == Z_OK,
          "zlib starts");
    gz_header header{};
    std::uint8_t text[] = "x";
    if (fuzz::one_in(random, 2)) header.name = text;
    if (fuzz::one_in(random, 4)) header.comment = text;
    if (fuzz::one_in(random, 4)) header.extra = text, header.extra_len = 1;
    header.hcrc = fuzz::one_in(random, 2);
    if (fuzz::one_in(random, 4)) deflateSetHeader(&stream, &header);
    Bytes packed(part.size() + 1000);
    stream.next_in = const_cast<Bytef*>(part.data());
    stream.avail_in = static_cast<uInt>(part.size());
    stream.next_out = packed.data();
    stream.avail_out = static_cast<uInt>(packed.size());
    check(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib packs");
    deflateEnd(&stream);
    all.insert(all.end(), packed.begin(), packed.end() - stream.avail_out);
  }
  return all;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView packed(data, size);
  const std::optional<Bytes> content = unpacked(packed);
  const bool few = content && content->size() < 300;
  check(read_all(packed, few ? 7 : 4096) == content, "the content is what zlib says");
  if (size != 0 && data[size / 2] % 32 == 0) check_at_end_of_buffer(packed, content);

  const auto [array, same] = read_packed(packed, content, [](auto& source) { return tinynet::read_idx(source); });
  if (array) {
    check(array->shape() == same->shape() && array->type() == same->type(), "the same array, packed or not");
    if (array->type() == tinynet::IdxType::uint8)
      check(array->values<std::uint8_t>() == same->values<std::uint8_t>(), "the same values, packed or not");
  }
  if (content && content->size() > 3 && (*content)[3] == 3) {
    const auto read = [](auto& source) { return tinynet::read_idx_images(source); };
    if (const auto images = read_packed(packed, content, read).first) {
      check(std::memcmp(images->data(), content->data() + 16, content->size() - 16) == 0,
            "the pixels are the content's");
      fuzz::run_net(*images);
    }
  } else {
    const auto read = [](auto& source) { return tinynet::read_idx_labels(source); };
    const auto [labels, again] = read_packed(packed, content, read);
    check(labels == again, "the same labels, packed or not");
  }
  return 0;
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  const auto make = [](Random& random) { return pack(fuzz::make_idx(random), random); };
  const auto change = [](Bytes& file, Random& random) {
    std::optional<Bytes> content;
    if (fuzz::one_in(random, 2)) content = unpacked(file);
    if (content && content->size() < 10'000) {
      fuzz::change_idx(*content, random);
      file = pack(*content, random);
    } else {
      fuzz::mutate(file);
      if (!fuzz::one_in(random, 4)) repair(file);
    }
  };
  return fuzz::mutated(data, size, max_size, seed, make, change);
}
