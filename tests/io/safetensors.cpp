#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tinynet/io/safetensors.hpp>
#include <utility>
#include <vector>

#include "count_allocations.hpp"
#include "temporary_folder.hpp"

#ifndef _WIN32
#include <sys/stat.h>
#endif

using test::Bytes;
using test::bytes;
using test::error_of;
using test::mentions;
using test::read_bytes;
using test::TemporaryFolder;
using test::well_formed;
using test::write_bytes;
using tinynet::Dtype;
using tinynet::Error;
using tinynet::ErrorCode;
using tinynet::Index;
using tinynet::load_safetensors;
using tinynet::NamedTensor;
using tinynet::parse_safetensors;
using tinynet::read_safetensors;
using tinynet::SafeTensors;
using tinynet::save_safetensors;
using tinynet::StoredTensor;
using tinynet::write_safetensors;
using namespace std::string_literals;

namespace {

const std::string file_name = "some/file";

// A file of that header and as many bytes 0, 1, 2, ... of data.
Bytes file(const std::string& header, std::size_t data) {
  std::string content;
  for (std::size_t i = 0; i < 8; ++i) content += static_cast<char>(header.size() >> (8 * i));
  content += header;
  for (std::size_t i = 0; i < data; ++i) content += static_cast<char>(i);
  return bytes(content);
}

std::string tensor(const std::string& name, const std::string& dtype, const std::string& shape,
                   const std::string& offsets) {
  return "\"" + name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

Error refused(const Bytes& content) {
  const Error error = error_of([&] { parse_safetensors(content, file_name); });
  CHECK(error.code() == ErrorCode::data);
  CHECK(error.offset().has_value());
  CHECK_FALSE(error.expected().empty());
  CHECK_FALSE(error.actual().empty());
  CHECK(well_formed(error, file_name));
  return error;
}

Error refused(const std::string& header, std::size_t data) { return refused(file(header, data)); }

const std::vector<float> weight{1, -2.5f, 0.1f, -0.0f, 1e38f, std::numeric_limits<float>::denorm_min()}, bias{7, 8, 9};

std::vector<NamedTensor<const float>> net() {
  return {{"l1.weight", {3, 2}, weight.data()},
          {"l1.bias", {3}, bias.data()},
          {"n", {}, bias.data()},
          {"e", {0, 5}, nullptr}};
}

// What the Python package safetensors 0.8 writes for
//   {"l1.weight": torch.tensor([[1.0], [-2.5]]), "n": torch.tensor(3.5, dtype=torch.float64)}, metadata {"format":
//   "pt"}
Bytes written_by_python() {
  Bytes content = file(R"({"__metadata__":{"format":"pt"},"n":{"dtype":"F64","shape":[],"data_offsets":[0,8]},)"
                       R"("l1.weight":{"dtype":"F32","shape":[2,1],"data_offsets":[8,16]}}    )",
                       0);
  const Bytes data{0, 0, 0, 0, 0, 0, 0x0C, 0x40, 0, 0, 0x80, 0x3F, 0, 0, 0x20, 0xC0};
  content.insert(content.end(), data.begin(), data.end());
  return content;
}

}  // namespace

TEST_CASE("a file of PyTorch") {
  const Bytes content = written_by_python();
  REQUIRE(content[0] == 152);
  SafeTensors first = parse_safetensors(content, file_name);
  const SafeTensors copy = first;
  first = parse_safetensors(file("{}", 0), file_name);  // the copy has its own hold of the bytes
  CHECK(first.tensors().empty());
  REQUIRE(copy.tensors().size() == 2);
  CHECK(copy.tensors()[0].name == "n");
  const StoredTensor* l1 = copy.find("l1.weight");
  REQUIRE(l1);
  CHECK(l1->dtype == Dtype::F32);
  CHECK(l1->shape == std::vector<Index>{2, 1});
  CHECK(l1->values<float>() == std::vector<float>{1.0f, -2.5f});
  CHECK(l1->offset == 8 + 152 + 8);
  CHECK(copy.find("n")->values<double>() == std::vector<double>{3.5});
  CHECK(copy.find("l2.weight") == nullptr);
  CHECK(copy.metadata() == tinynet::Metadata{{"format", "pt"}});
  CHECK_FALSE(copy.verified());
  CHECK(copy.path() == file_name);
}

TEST_CASE("saved and loaded, each bit the same") {
  const TemporaryFolder folder;
  save_safetensors(folder / "a", net(), {{"format", "pt"}, {"note", "\"\xC3\xA9\n"}});
  CHECK(folder.names() == std::vector<std::string>{"a"});

  std::vector<float> w(6), b(3);
  float n = 0;
  const auto report = load_safetensors<float>(
      folder / "a",
      {{"l1.bias", {3}, b.data()}, {"l1.weight", {3, 2}, w.data()}, {"n", {}, &n}, {"e", {0, 5}, nullptr}});
  CHECK(report.verified);
  CHECK(std::memcmp(w.data(), weight.data(), 24) == 0);
  CHECK(b == bias);
  CHECK(n == 7);

  const SafeTensors read = read_safetensors(folder / "a");
  CHECK(read.verified());
  CHECK(read.metadata() == tinynet::Metadata{{"format", "pt"}, {"note", "\"\xC3\xA9\n"}});
  CHECK(read.tensors().size() == 4);

  const Bytes content = read_bytes(folder / "a");
  CHECK(content[0] % 8 == 0);
  CHECK(content[8] == '{');
  CHECK(content.size() == 8u + content[0] + 256u * content[1] + 24 + 12 + 4);

  save_safetensors<double>(folder / "b", {});
  CHECK(read_safetensors(folder / "b").tensors().empty());
  CHECK(read_safetensors(folder / "b").verified());
}

TEST_CASE("double: exact, and from a file of float") {
  const TemporaryFolder folder;
  const std::vector<double> values{0.1, -1e300};
  save_safetensors<double>(folder / "a", {{"x", {2}, values.data()}});
  std::vector<double> to(2);
  load_safetensors<double>(folder / "a", {{"x", {2}, to.data()}});
  CHECK(to == values);
  save_safetensors<float>(folder / "b", {{"x", {2}, bias.data()}});
  load_safetensors<double>(folder / "b", {{"x", {2}, to.data()}});
  CHECK(to == std::vector<double>{7, 8});

  const std::vector<double> tenth{0.1};
  save_safetensors<double>(folder / "c", {{"x", {1}, tenth.data()}});
  float single = -7;
  CHECK(mentions(error_of([&] { load_safetensors<float>(folder / "c", {{"x", {1}, &single}}); }), "has type F64"));
  CHECK(single == -7);
  CHECK(load_safetensors<float>(folder / "c", {{"x", {1}, &single}}, {.convert = true}).converted.size() == 1);
  CHECK(single == 0.1f);
}

TEST_CASE("tensors of several types are written so that each is aligned") {
  const TemporaryFolder folder;
  const Bytes one(1, 1), four(4, 4), eight(8, 8);
  write_safetensors(folder / "a", {{.name = "byte", .dtype = Dtype::U8, .shape = {1}, .bytes = one},
                                   {.name = "float", .dtype = Dtype::F32, .shape = {1}, .bytes = four},
                                   {.name = "long", .dtype = Dtype::I64, .shape = {}, .bytes = eight}});
  const SafeTensors read = read_safetensors(folder / "a");
  for (const StoredTensor& t : read.tensors()) CHECK(t.offset % dtype_size(t.dtype) == 0);
  CHECK(read.find("long")->values<std::int64_t>() == std::vector<std::int64_t>{0x0808080808080808});
  CHECK(read.find("byte")->values<std::uint8_t>() == one);
}

TEST_CASE("row 46: too short, or no header") {
  for (std::size_t n = 0; n < 8; ++n) {
    const Error error = refused(Bytes(n));
    CHECK(error.offset() == 0u);
    CHECK(error.actual() == std::to_string(n) + " bytes");
  }
  CHECK(refused("", 8).offset() == 0u);
  CHECK(refused("{", 8).offset() == 0u);
  CHECK(parse_safetensors(file("{}", 0), file_name).tensors().empty());
}

TEST_CASE("row 47: lengths of the header that cannot be") {
  for (const std::uint64_t n : {std::uint64_t{1} << 63, ~std::uint64_t{0}, ~std::uint64_t{0} - 7,
                                std::uint64_t{100'000'001}, std::uint64_t{17}, std::uint64_t{1} << 32}) {
    Bytes content = file("{}", 14);
    for (std::size_t i = 0; i < 8; ++i) content[i] = static_cast<std::uint8_t>(n >> (8 * i));
    const std::size_t before = test::allocated_bytes;
    const Error error = error_of([&] { parse_safetensors(content, file_name); });
    CHECK(test::allocated_bytes - before < 10'000);
    CHECK(error.code() == ErrorCode::data);
    CHECK(error.offset() == 0u);
    CHECK(error.expected() == "2 to 16");
    CHECK(error.actual() == std::to_string(n));
  }
}

TEST_CASE("no more memory than the data, five times the header, and 1 MiB") {
  const TemporaryFolder folder;
  // Fills the file with data, names or metadata, and gives the header's size.
  const auto check = [&](const Bytes& content, bool good) {
    const std::string path = folder / "a";
    write_bytes(path, content);
    std::size_t header = 0;
    for (std::size_t i = 0; i < 8; ++i) header |= std::size_t{content[i]} << (8 * i);
    const std::size_t before = test::live_bytes;
    test::most_live_bytes = before;
    if (good)
      CHECK_FALSE(read_safetensors(path).verified());
    else
      CHECK(error_of([&] { read_safetensors(path); }).code() == ErrorCode::data);
    const std::size_t taken = test::most_live_bytes - before;
    CAPTURE(header);
    CHECK(taken >= content.size() - 8 - header);  // it is measured
    CHECK(taken <= content.size() - 8 - header + 5 * header + (std::size_t{1} << 20));
  };
  constexpr std::size_t much = 8'000'000;
  std::string many = "{", metadata = R"({"__metadata__":{)", short_names = "{";
  for (int i = 0; i < 4096; ++i) {
    const std::string number = std::to_string(10'000 + i), comma = i == 0 ? "" : ",";
    many += comma + tensor(number + std::string(251, 'n'), "F32", "[0]", "[0,0]");
    short_names +=
        comma + tensor(number.substr(1), "U8", "[]", "[" + std::to_string(i) + "," + std::to_string(i + 1) + "]");
    metadata += comma + "\"" + number + "\":\"" + std::string(2'000, 'v') + "\"";
  }
  many += "}";
  short_names += "}";
  metadata += "}}";
  const std::string large = "{" + tensor("a", "U8", "[8000000]", "[0,8000000]") + "}";
  const std::string flawed = R"({"__metadata__":{"tinynet.checksum":"tinynet-fnv1a64:0000000000000000"},)";
  check(file(large, much), true);
  check(file(many, 0), true);
  check(file(short_names, 4096), true);
  check(file(metadata, 0), true);
  check(file(flawed + large.substr(1), much), false);
  check(file(flawed + many.substr(1), 0), false);
}

TEST_CASE("row 26: a file that becomes shorter or longer while it is read") {
  const TemporaryFolder folder;
  save_safetensors(folder / "a", net());
  const Bytes content = read_bytes(folder / "a");
  for (std::size_t n = 0; n <= content.size() + 2; ++n) {
    CAPTURE(n);
    write_bytes(folder / "a", content);
    tinynet::FileSource source(folder / "a");
    std::filesystem::resize_file(folder / "a", n);
    if (n == content.size()) {
      CHECK(SafeTensors(source).verified());
      continue;
    }
    const Error error = error_of([&] { SafeTensors{source}; });
    CHECK(error.code() == ErrorCode::data);
    CHECK(error.offset() == std::min(n, content.size()));
    CHECK(well_formed(error, folder / "a"));
    CHECK(mentions(error, n < content.size() ? "the file became shorter while it was read"
                                             : "the file became longer while it was read"));
  }
}

TEST_CASE("row 48: the length big-endian") {
  Bytes content = file("{}", 0);
  std::swap(content[0], content[7]);
  const Error error = refused(content);
  CHECK(mentions(error, "byte-swapped length"));
  CHECK(error.offset() == 0u);
  content[6] = 1;  // neither way
  CHECK(mentions(refused(content), "wrong length of the header"));
}

TEST_CASE("a file of another format is called by its name") {
  const auto check = [](Bytes content, std::string_view name) {
    const Error error = error_of([&] { parse_safetensors(content, file_name); });
    CAPTURE(name);
    CHECK(error.code() == ErrorCode::data);
    CHECK(error.offset() == 0u);
    CHECK(mentions(error,
                   "not a safetensors file: " + std::string(name) + "; expected the length of the header in 8 bytes"));
  };
  const auto bytes_of = [](const std::string& text) { return Bytes(text.begin(), text.end()); };
  check(bytes_of("<!DOCTYPE html>\n<html><body>Not found</body></html>"), "an HTML page");
  check(bytes_of("<html>"), "an HTML page");  // less than a length
  check(bytes_of("PK\x03\x04 and so on"), "a zip archive");
  check(bytes_of("PK\x03\x04" + std::string(22, '\0') + "\x10\0\0\0"s + "archive/data.pkl" + std::string(9, 'x')),
        "a PyTorch file");
  check(bytes_of("\x80\x02}q\x01(X\x06\0\0\0"s), "a Python pickle");
  check(bytes_of("\x93NUMPY\x01\0v\0{'descr'"s), "a NumPy npy file");
  check(bytes_of("\x89PNG\r\n\x1A\n\0\0"s), "a PNG picture");
  check(bytes_of("{\"l1.weight\": [0.1, 0.2]}"), "JSON");
  check(bytes_of("step,loss\n0,8.7\n"), "text");
  check(bytes_of("version https://git-lfs.github.com/spec/v1\noid"), "a pointer to a file in Git LFS");
  // A file so long that its first bytes may be the length of a header: 1F 8B 08 00 are 559903.
  Bytes packed(600'000, 0x55);
  std::copy_n("\x1F\x8B\x08\0\0\0\0\0", 8, packed.begin());
  check(packed, "gzip data");
  packed[8] = '{';
  CHECK_FALSE(mentions(error_of([&] { parse_safetensors(packed, file_name); }), "gzip"));
}

TEST_CASE("rows 49 to 54: the header is read by io/safetensors_header.hpp") {
  CHECK(refused("[]", 0).offset() == 8u);
  CHECK(refused("{}\0\0\0\0\0\0"s, 0).offset() == 10u);
  CHECK(mentions(refused("{" + tensor("a", "F32", "[1]", "[0,4]") + "," + tensor("a", "F32", "[1]", "[4,8]") + "}", 8),
                 "occurs twice"));
}

TEST_CASE("rows 56 and 57: bytes that overlap, leave a gap, or are too few or too many") {
  const auto two = [](const std::string& first, const std::string& second, std::size_t data) {
    return refused("{" + tensor("a", "F32", "[1]", first) + "," + tensor("b", "F32", "[1]", second) + "}", data);
  };
  CHECK(mentions(two("[0,4]", "[2,6]", 6), "b): overlaps a"));
  CHECK(mentions(two("[0,4]", "[0,4]", 4), "b): overlaps a"));
  CHECK(mentions(two("[2,6]", "[0,4]", 6), "a): overlaps b"));
  CHECK(mentions(two("[0,4]", "[5,9]", 9), "b): leaves a gap after a"));
  CHECK(mentions(two("[1,5]", "[5,9]", 9), "a): leaves a gap after the start of the data"));
  CHECK(mentions(two("[0,4]", "[4,8]", 9), "bytes after b"));
  CHECK(mentions(two("[0,4]", "[4,8]", 7), "b): reaches beyond the end of the file"));
  CHECK(mentions(two("[4,0]", "[4,8]", 8), "a): ends before it begins"));
  CHECK(mentions(two("[0,4]", "[9223372036854775803,9223372036854775807]", 8), "beyond the end"));
  CHECK(mentions(refused("{}", 1), "bytes after the start of the data"));
  const Error trailing = two("[0,4]", "[4,8]", 9);
  CHECK(trailing.offset() ==
        file("{" + tensor("a", "F32", "[1]", "[0,4]") + "," + tensor("b", "F32", "[1]", "[4,8]") + "}", 8).size());
  // Without bytes a tensor may lie anywhere between two others.
  const std::string empty = "{" + tensor("a", "F32", "[1]", "[0,4]") + "," + tensor("e", "F32", "[0]", "[4,4]") + "," +
                            tensor("b", "F32", "[1]", "[4,8]") + "}";
  CHECK(parse_safetensors(file(empty, 8), file_name).tensors().size() == 3);
}

TEST_CASE("rows 58 and 59: shape and bytes disagree") {
  const auto one = [](const std::string& dtype, const std::string& shape, const std::string& offsets,
                      std::size_t data) { return refused("{" + tensor("a", dtype, shape, offsets) + "}", data); };
  const Error error = one("F32", "[2,2]", "[0,12]", 12);
  CHECK(error.expected() == "16 bytes for [2, 2] F32");
  CHECK(error.actual() == "12 bytes");
  CHECK(error.offset() == 9u);
  one("F32", "[]", "[0,0]", 0);
  one("F64", "[1]", "[0,4]", 4);
  one("F32", "[1]", "[0,8]", 8);
  for (const char* shape : {"[4294967296,4294967296]", "[4294967296,4294967296,0]", "[0,18446744073709551615]",
                            "[9223372036854775807,2]", "[4611686018427387904]", "[2305843009213693952,2]"})
    one("F32", shape, "[0,0]", 0);
}

TEST_CASE("rows 61 and 62: differences are listed, and nothing is written") {
  const TemporaryFolder folder;
  save_safetensors(folder / "a", net());
  std::vector<float> w(6, -7.0f), b(3, -7.0f);
  const Error error = error_of([&] {
    load_safetensors<float>(folder / "a",
                            {{"l1.weight", {2, 3}, w.data()}, {"l1.bias", {3}, b.data()}, {"l2.bias", {3}, b.data()}});
  });
  CHECK(error.code() == ErrorCode::data);
  CHECK(well_formed(error, folder / "a"));
  for (const char* part :
       {"l1.weight is transposed", "l2.bias is missing", "n [] is one too many", "e [0, 5] is one too many"})
    CHECK(mentions(error, part));
  CHECK(w == std::vector<float>(6, -7.0f));
  CHECK(b == std::vector<float>(3, -7.0f));
}

TEST_CASE("row 64: NaN is refused with its place in the file") {
  const TemporaryFolder folder;
  const std::vector<float> values{1, 2, std::numeric_limits<float>::quiet_NaN()};
  save_safetensors<float>(folder / "a", {{"x", {3, 1}, values.data()}});
  std::vector<float> to(3, -7.0f);
  const Error error = error_of([&] { load_safetensors<float>(folder / "a", {{"x", {3, 1}, to.data()}}); });
  CHECK(error.code() == ErrorCode::numeric);
  CHECK(error.offset() == read_bytes(folder / "a").size() - 4);
  CHECK(mentions(error, "x[2, 0]"));
  CHECK(to == std::vector<float>(3, -7.0f));
  load_safetensors<float>(folder / "a", {{"x", {3, 1}, to.data()}}, {.allow_nonfinite = true});
  CHECK(std::memcmp(to.data(), values.data(), 12) == 0);
}

TEST_CASE("row 65: each flipped bit and each prefix of a file is refused") {
  const TemporaryFolder folder;
  save_safetensors(folder / "a", net(), {{"format", "pt"}});
  const Bytes content = read_bytes(folder / "a");
  CHECK(parse_safetensors(content, file_name).verified());
  int accepted = 0;
  for (std::size_t i = 0; i < content.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      Bytes flipped = content;
      flipped[i] = static_cast<std::uint8_t>(flipped[i] ^ 1 << bit);
      try {
        parse_safetensors(flipped, file_name);
        ++accepted;
        MESSAGE("accepted: byte " << i << ", bit " << bit);
      } catch (const Error& error) {
        if (error.code() != ErrorCode::data || !well_formed(error, file_name)) FAIL(error.what());
      }
    }
  CHECK(accepted == 0);
  for (std::size_t n = 0; n < content.size(); ++n)
    refused(Bytes(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(n)));
  for (const std::size_t extra : {std::size_t{1}, std::size_t{8}, std::size_t{10'000}}) {
    Bytes longer = content;
    longer.resize(content.size() + extra);
    CHECK(refused(longer).offset() == content.size());
  }
}

TEST_CASE("row 65: the checksum's message, and that it may be left out but not be half there") {
  const TemporaryFolder folder;
  save_safetensors(folder / "a", net());
  Bytes content = read_bytes(folder / "a");
  content.back() ^= 1;
  const Error error = refused(content);
  CHECK(mentions(error, "checksum"));
  CHECK(error.expected().size() == 16);
  CHECK(error.actual().size() == 16);
  CHECK(error.expected() != error.actual());
  content.back() ^= 1;

  std::string text(content.begin(), content.end());
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    return bytes(changed);
  };
  CHECK(mentions(refused(replaced("tinynet.checksum", "tinynet.checksux")), "damaged checksum"));
  CHECK(mentions(refused(replaced("tinynet-fnv1a64:", "tinynet-fnv1a65:")), "damaged checksum"));
  for (const std::string digits : {"", "0", "00000000000000000"})
    CHECK(mentions(refused(R"({"__metadata__":{"tinynet.checksum":"tinynet-fnv1a64:)" + digits + R"("}})", 0),
                   "damaged checksum"));
  CHECK_FALSE(parse_safetensors(written_by_python(), file_name).verified());
}

TEST_CASE("row 66: what cannot be saved is refused before a file is touched") {
  const TemporaryFolder folder;
  write_bytes(folder / "a", bytes("old"));
  const float x = 1;
  using Tensors = std::vector<NamedTensor<const float>>;
  const auto save_error = [&](const Tensors& tensors, const tinynet::Metadata& metadata = {}) {
    const Error error = error_of([&] { save_safetensors(folder / "a", tensors, metadata); });
    CHECK(error.code() == ErrorCode::usage);
    CHECK(read_bytes(folder / "a") == bytes("old"));
    CHECK(folder.names().size() == 1);
    return error;
  };
  CHECK(mentions(save_error({{"__metadata__", {}, &x}}), "__metadata__"));
  CHECK(mentions(save_error({{"a", {}, &x}, {"a", {}, &x}}), "two tensors are called a"));
  for (const std::string& name : {""s, "a\nb"s, "a\0b"s, "\x7F"s, "\xFF"s, std::string(257, 'a')})
    save_error({{name, {}, &x}});
  save_error({{"a", {-1}, &x}});
  save_error({{"a", std::vector<Index>(33, 1), &x}});
  save_error({{"a", {std::numeric_limits<Index>::max(), 2}, &x}});
  const Bytes one(1);
  const auto write_error = [&](std::vector<Index> shape) {
    return error_of([&] {
      write_safetensors(folder / "a", {{.name = "a", .dtype = Dtype::U8, .shape = std::move(shape), .bytes = one}});
    });
  };
  CHECK(mentions(write_error({2}), "a has 1 bytes, which do not make [2] U8"));
  CHECK(write_error({std::numeric_limits<Index>::max(), 2}).code() == ErrorCode::usage);
  CHECK(write_error(std::vector<Index>(33, 1)).code() == ErrorCode::usage);
  tinynet::Metadata much;
  for (int i = 0; i < 4096; ++i) much[std::to_string(i)] = "";
  save_error({}, much);
  save_error({}, {{"tinynet.checksum", "1"}});
  save_error({}, {{"k", "tinynet-fnv1a64:1"}});
  save_error({}, {{"k", "\xFF"}});
  save_error({}, {{"k", std::string(200'000, 'a')}});
  Tensors many;
  for (int i = 0; i < 4097; ++i) many.push_back({std::to_string(i), {}, &x});
  save_error(many);
  many.pop_back();
  save_safetensors(folder / "b", many, {{"k", std::string(100'000, '\x01')}});
  CHECK(read_safetensors(folder / "b").tensors().size() == 4096);
  const Bytes four(4);
  CHECK(error_of([&] {
          write_safetensors(folder / "a", {{.name = "a", .dtype = Dtype::F32, .shape = {2}, .bytes = four}});
        }).code() == ErrorCode::usage);
}

TEST_CASE("row 67: saved onto the file that it was loaded from") {
  const TemporaryFolder folder;
  save_safetensors(folder / "a", net());
#ifndef _WIN32
  ::chmod((folder / "a").c_str(), 0664);
#endif
  const Bytes before = read_bytes(folder / "a");
  const SafeTensors read = read_safetensors(folder / "a");
  write_safetensors(folder / "a", read.tensors(), read.metadata());
  CHECK(parse_safetensors(read_bytes(folder / "a"), file_name).verified());
  CHECK(read_bytes(folder / "a") == before);
#ifndef _WIN32
  CHECK(static_cast<unsigned>(std::filesystem::status(folder / "a").permissions()) == 0664u);
#endif
}

TEST_CASE("a source of unknown size") {
  class UnknownSize : public tinynet::ByteSource {
   public:
    UnknownSize() : ByteSource(file_name) {}
    std::size_t read(std::span<std::uint8_t>) override { return 0; }
    std::optional<std::uint64_t> size() const override { return std::nullopt; }
  } source;
  const Error error = error_of([&] { SafeTensors{source}; });
  CHECK(error.code() == ErrorCode::usage);
  CHECK(mentions(error, "the size of some/file must be known beforehand"));
}

TEST_CASE("files that are missing, or something else") {
  const TemporaryFolder folder;
  CHECK(error_of([&] { read_safetensors(folder / "none"); }).code() == ErrorCode::io);
  CHECK(error_of([&] { read_safetensors(folder.path()); }).code() == ErrorCode::io);
  CHECK(error_of([&] { save_safetensors(folder / "none/a", net()); }).code() == ErrorCode::io);
}

TEST_CASE("the reference files") {
  const char* folder = std::getenv("TINYNET_REFERENCE");
  if (!folder || !*folder) {
    MESSAGE("TINYNET_REFERENCE is not set: the files that PyTorch wrote are not tested");
    return;
  }
  for (const char* name : {"init", "trained", "step0_gradients"}) {
    const std::string path = std::string(folder) + "/seed0/" + name + ".safetensors";
    const SafeTensors read = read_safetensors(path);
    CHECK(read.tensors().size() % 2 == 0);
    CHECK_FALSE(read.verified());
    std::vector<std::vector<float>> memory;
    std::vector<NamedTensor<float>> tensors;
    for (const StoredTensor& t : read.tensors()) {
      CHECK(t.dtype == Dtype::F32);
      memory.push_back(std::vector<float>(t.bytes.size() / 4));
      tensors.push_back({t.name, t.shape, memory.back().data()});
    }
    load_safetensors(path, tensors);
    for (std::size_t i = 0; i < memory.size(); ++i) CHECK(memory[i] == read.tensors()[i].values<float>());
  }
}
