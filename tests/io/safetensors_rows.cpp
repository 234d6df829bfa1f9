#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <tinynet/io/safetensors_rows.hpp>
#include <vector>

#include "temporary_folder.hpp"

using namespace tinynet;
using test::Bytes;
using test::bytes;
using test::error_of;
using test::mentions;
using test::well_formed;

namespace {

// A file of this header and so many bytes.
Bytes with_header(const std::string& header, std::size_t data) {
  Bytes content;
  for (int i = 0; i < 8; ++i) content.push_back(static_cast<std::uint8_t>(header.size() >> (8 * i)));
  content.insert(content.end(), header.begin(), header.end());
  content.resize(content.size() + data, 1);
  return content;
}

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":[" + shape + "],\"data_offsets\":[" + offsets + "]}";
}

}  // namespace

TEST_CASE("rows of a tensor among others, of several types") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "a";
  Matrix<float> f(4, 3);
  Matrix<double> d(2, 2);
  Matrix<std::uint8_t> u(5, 6);
  for (Index i = 0; i < f.size(); ++i) f.data()[i] = static_cast<float>(i) / 3;
  for (Index i = 0; i < d.size(); ++i) d.data()[i] = static_cast<double>(i) / 7;
  for (Index i = 0; i < u.size(); ++i) u.data()[i] = static_cast<std::uint8_t>(8 * i);
  const auto raw = [](const auto& m) {
    return std::span(reinterpret_cast<const std::uint8_t*>(m.data()),
                     static_cast<std::size_t>(m.size()) * sizeof *m.data());
  };
  write_safetensors(path, {{.name = "u", .dtype = Dtype::U8, .shape = {5, 2, 3}, .bytes = raw(u)},
                           {.name = "f", .dtype = Dtype::F32, .shape = {4, 3}, .bytes = raw(f)},
                           {.name = "d", .dtype = Dtype::F64, .shape = {2, 2}, .bytes = raw(d)},
                           {.name = "line", .dtype = Dtype::F32, .shape = {12}, .bytes = raw(f)}});

  const SafetensorsRows<float> floats(path, "f");
  CHECK(floats.rows() == 4);
  CHECK(floats.cols() == 3);
  CHECK(floats.matrix(0, 4) == f);
  CHECK(floats.matrix(1, 2) == f.middleRows(1, 2));
  const std::vector<Index> which{3, 0};
  Matrix<float> chosen(2, 3);
  chosen << f.row(3), f.row(0);
  CHECK(floats.matrix(which) == chosen);
  CHECK(SafetensorsRows<double>(path, "d").matrix(1, 1) == d.row(1));
  const SafetensorsRows<std::uint8_t> bytes_of_three(path, "u");
  CHECK(bytes_of_three.cols() == 6);
  CHECK(bytes_of_three.matrix(0, 5) == u);
  CHECK(SafetensorsRows<float>(path, "line").matrix(7, 1)(0, 0) == f(2, 1));

  CHECK(error_of([&] { floats.matrix(3, 2); }).code() == ErrorCode::usage);
  CHECK(error_of([&] { floats.matrix(0, Index{1} << 60); }).code() == ErrorCode::usage);
  const std::vector<Index> none{4};
  CHECK(error_of([&] { floats.matrix(none); }).code() == ErrorCode::usage);

  const auto missing = error_of([&] { SafetensorsRows<float>(path, "g"); });
  CHECK(missing.code() == ErrorCode::data);
  CHECK(well_formed(missing, path));
  CHECK(missing.expected() == "g");
  CHECK(missing.actual() == "d, f, line, u");
  const auto other = error_of([&] { SafetensorsRows<double>(path, "f"); });
  CHECK(other.code() == ErrorCode::data);
  CHECK(other.expected() == "F64");
  CHECK(other.actual() == "F32");

  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 31);  // u, and the end of line
  const auto shorter = error_of([&] { bytes_of_three.matrix(0, 1); });
  CHECK(shorter.code() == ErrorCode::data);
  CHECK(mentions(shorter, "u row 0"));
  CHECK(floats.matrix(0, 4) == f);
  CHECK(error_of([&] { SafetensorsRows<std::uint8_t>(path, "u"); }).code() == ErrorCode::data);
}

TEST_CASE("a file that is none is refused with place, expected and found") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "a";
  const auto check = [&](const Bytes& content, std::string_view words) {
    CAPTURE(words);
    test::write_bytes(path, content);
    const auto error = error_of([&] { SafetensorsRows<float>(path, "x"); });
    CHECK(error.code() == ErrorCode::data);
    CHECK(well_formed(error, path));
    CHECK(error.offset().has_value());
    CHECK_FALSE(error.expected().empty());
    CHECK_FALSE(error.actual().empty());
    CHECK(mentions(error, words));
  };
  check({}, "too short");
  check(Bytes(7, 0), "too short");
  check(Bytes(8, 0), "wrong length of the header");
  check(Bytes(64, 0xFF), "wrong length of the header");
  check(bytes("PK\x03\x04 and so on"), "not a safetensors file: a zip archive; expected the length of the header");
  check(bytes("<html>"), "not a safetensors file: an HTML page");
  check(bytes("<!DOCTYPE html><html lang=\"en\">"), "not a safetensors file: an HTML page");
  check(bytes("\x93NUMPY\x01 and so on"), "not a safetensors file: a NumPy npy file");
  check(with_header("{}", 0), "no such tensor; expected x, found no tensors");
  check(with_header("[]", 0), "not a safetensors header");
  check(with_header("{" + entry("x", "F32", "2,2", "0,16") + "}", 15), "not within the file");
  check(with_header("{" + entry("x", "F32", "2,2", "16,0") + "}", 16), "not within the file");
  check(with_header("{" + entry("x", "F32", "2,2", "0,12") + "}", 16), "shape and bytes disagree");
  check(with_header("{" + entry("x", "F32", "4294967296,4294967296", "0,0") + "}", 0), "shape and bytes disagree");
  check(with_header("{" + entry("x", "F32", "", "0,4") + "}", 4), "a tensor without rows");
  check(with_header("{" + entry("x", "F32", "0,3", "0,0") + "}", 0), "a tensor without numbers");
  check(with_header("{" + entry("x", "F32", "3,0", "0,0") + "}", 0), "a tensor without numbers");
  check(with_header("{" + entry("x", "F32", "1", "0,4") + "," + entry("x", "F32", "1", "4,8") + "}", 8),
        "occurs twice");
  CHECK(error_of([&] { SafetensorsRows<float>(folder / "none", "x"); }).code() == ErrorCode::io);
  test::write_bytes(path, with_header("{" + entry("x", "F32", "2,2", "0,16") + "}", 16));
  CHECK(SafetensorsRows<float>(path, "x").rows() == 2);
}

TEST_CASE("whatever bit of the header is flipped: an error, or rows that are in the file") {
  const test::TemporaryFolder folder;
  const std::string path = folder / "a";
  const std::string header = "{" + entry("w", "F64", "3", "0,24") + "," + entry("x", "F32", "2,3", "24,48") + "}";
  const Bytes good = with_header(header, 48);
  int read = 0, refused = 0;
  for (std::size_t bit = 0; bit < 8 * (8 + header.size()); ++bit) {
    Bytes content = good;
    content[bit / 8] = static_cast<std::uint8_t>(content[bit / 8] ^ (1 << bit % 8));
    test::write_bytes(path, content);
    try {
      const SafetensorsRows<float> table(path, "x");
      CHECK(static_cast<std::size_t>(table.matrix(0, table.rows()).size()) * sizeof(float) <= 48);
      ++read;
    } catch (const Error& error) {
      CHECK(well_formed(error, path));
      ++refused;
    }
  }
  CHECK(read > 0);  // flips in the other tensor's entry, of which nothing is asked
  CHECK(refused > read);
}
