// Damaged files of weights: each is refused.
#include <string>
#include <tinynet/io/module.hpp>
#include <tinynet/mlp.hpp>

#include "damage.hpp"

using namespace tinynet;
using test::Bytes;

namespace {

const std::string path = "some/file";

const auto parse = [](test::ByteView bytes) { parse_safetensors(bytes, path); };

template <class Net>
Bytes saved(const Net& net) {
  const test::TemporaryFolder folder;
  save_safetensors(folder / "net", net, {{"format", "pt"}});
  return test::read_bytes(folder / "net");
}

std::size_t header_size(const Bytes& file) { return 8 + std::size_t{file[0]} + 256 * std::size_t{file[1]}; }

}  // namespace

TEST_CASE("every prefix and every flipped bit of the weights of a small net") {
  const Bytes file = saved(MLP<16, 8, 4>{});
  REQUIRE(parse_safetensors(file, path).verified());
  CHECK(test::accepted_prefixes(file, path, parse) == 0);
  CHECK(test::accepted_flips(file, path, parse).empty());
}

TEST_CASE("every prefix and every 61st bit of the weights of the main job") {
  const Bytes file = saved(MLP<784, 30, 30, 10>{});
  REQUIRE(file.size() > 99'000);
  REQUIRE(parse_safetensors(file, path).verified());
  CHECK(test::accepted_prefixes(file, path, parse) == 0);
  const bool all = test::every_flip_wanted();
  if (!all) MESSAGE("every bit of the header, every 61st of the numbers; TINYNET_EVERY_FLIP=1 for all");
  const Bytes header(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(header_size(file)));
  const auto parse_whole = [&](test::ByteView start) {
    Bytes whole = file;
    std::copy(start.begin(), start.end(), whole.begin());
    parse(whole);
  };
  CHECK(test::accepted_flips(header, path, parse_whole).empty());
  CHECK(test::accepted_flips(file, path, parse, header.size(), all ? 1 : 61).empty());
}

TEST_CASE("a file without a checksum, as others write it, is not protected, and says so") {
  Bytes file = saved(MLP<3, 2>{});
  std::string text(file.begin(), file.end());
  const std::size_t begin = text.find(",\"tinynet.checksum\""), end = text.find('}', begin);
  text.replace(begin, end - begin, std::string(end - begin, ' '));
  file = test::bytes(text);
  const SafeTensors read = parse_safetensors(file, path);
  CHECK_FALSE(read.verified());
  CHECK(test::accepted_flips(file, path, parse, header_size(file)) == test::bits_of(header_size(file), file.size()));
  CHECK(test::accepted_prefixes(file, path, parse) == 0);
}
