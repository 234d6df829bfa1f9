// Any bytes as an IDX file.
#include <cstring>
#include <optional>
#include <string>
#include <tinynet/core/error.hpp>
#include <tinynet/data/idx.hpp>
#include <variant>

#include "idx_file.hpp"
#include "small_net.hpp"

namespace {

using fuzz::ByteView;
using fuzz::check;

const std::string name = "fuzz.idx";

// The same bytes, of which it is not known beforehand how many there are.
class UnknownSize : public tinynet::ByteSource {
 public:
  explicit UnknownSize(ByteView bytes) : ByteSource(name), memory_(bytes, name) {}
  std::size_t read(std::span<std::uint8_t> to) override { return memory_.read(to); }
  std::optional<std::uint64_t> size() const override { return std::nullopt; }

 private:
  tinynet::MemorySource memory_;
};

// What `read` makes of the bytes, which must not depend on whether their number is known.
template <class Read>
auto read_both_ways(ByteView bytes, Read read) {
  std::optional<decltype(read(std::declval<tinynet::ByteSource&>()))> known, unknown;
  tinynet::MemorySource memory(bytes, name);
  UnknownSize pieces(bytes);
  const bool accepted = fuzz::accepts(bytes.size(), [&] { known.emplace(read(memory)); });
  check(accepted == fuzz::accepts(bytes.size(), [&] { unknown.emplace(read(pieces)); }),
        "accepted whether the size is known or not");
  return std::pair(std::move(known), std::move(unknown));
}

// The values must be the bytes behind the header, each number turned around.
void check_values(const tinynet::IdxArray& array, ByteView bytes) {
  const std::size_t header = 4 + 4 * array.shape().size();
  std::size_t count = 1;
  for (std::size_t d = 0; d < array.shape().size(); ++d) {
    check(array.shape()[d] == static_cast<tinynet::Index>(fuzz::get_size(bytes, 4 + 4 * d)), "sizes are the header's");
    count *= static_cast<std::size_t>(array.shape()[d]);
  }
  check(bytes.size() == fuzz::idx_file_size(bytes), "as many bytes as the header says");
  check(static_cast<std::uint8_t>(array.type()) == bytes[2], "the type is the header's");
  const auto check_all = [&](const auto& values) {
    check(values.size() == count, "as many values as the sizes say");
    const std::size_t width = sizeof(values[0]);
    for (std::size_t i = 0; i < count; ++i) {
      std::uint8_t value[8];
      std::memcpy(value, &values[i], width);
      for (std::size_t k = 0; k < width; ++k)
        check(value[k] == bytes[header + i * width + width - 1 - k], "values are the file's");
    }
  };
  switch (array.type()) {
    case tinynet::IdxType::uint8:
      return check_all(array.values<std::uint8_t>());
    case tinynet::IdxType::int8:
      return check_all(array.values<std::int8_t>());
    case tinynet::IdxType::int16:
      return check_all(array.values<std::int16_t>());
    case tinynet::IdxType::int32:
      return check_all(array.values<std::int32_t>());
    case tinynet::IdxType::float32:
      return check_all(array.values<float>());
    case tinynet::IdxType::float64:
      return check_all(array.values<double>());
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const auto [array, in_pieces] = read_both_ways(bytes, [](auto& source) { return tinynet::read_idx(source); });
  if (array) {
    check_values(*array, bytes);
    check_values(*in_pieces, bytes);
  }

  const auto [images, more] = read_both_ways(bytes, [](auto& source) { return tinynet::read_idx_images(source); });
  if (images) {
    check(array && images->size() > 0 && images->cols() > 0, "images are an array with pixels");
    check(std::memcmp(images->data(), data + 16, size - 16) == 0, "the pixels are the file's");
    fuzz::run_net(*images);
  }

  const auto [labels, again] = read_both_ways(bytes, [](auto& source) { return tinynet::read_idx_labels(source); });
  if (labels) {
    check(array && labels == again && !labels->empty(), "labels are an array");
    for (const std::uint8_t label : *labels) check(label < 10, "every label is a class");
  }
  check(!images || !labels, "images are no labels");
  return 0;
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  return fuzz::mutated(data, size, max_size, seed, fuzz::make_idx, fuzz::change_idx);
}
