#include <doctest/doctest.h>

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <tinynet/io/safetensors_header.hpp>
#include <vector>

#include "count_allocations.hpp"
#include "temporary_folder.hpp"

using test::error_of;
using test::mentions;
using test::well_formed;
using tinynet::Dtype;
using tinynet::Error;
using tinynet::ErrorCode;
using tinynet::Index;
using namespace tinynet::detail;
using namespace std::string_literals;

namespace {

const std::string path = "some/file";

Error refused(const std::string& header) {
  CAPTURE(header.substr(0, 200));
  const Error error = error_of([&] { read_header(header, path); });
  CHECK(error.code() == ErrorCode::data);
  CHECK(error.offset().has_value());
  CHECK_FALSE(error.expected().empty());
  CHECK_FALSE(error.actual().empty());
  CHECK(well_formed(error, path));
  CHECK(std::string_view(error.what()).size() < 2000);
  return error;
}

// Where `text` begins in the file of that header.
std::uint64_t at(const std::string& header, const std::string& text) { return 8 + header.rfind(text); }

// A tensor with these three values.
std::string tensor(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

const std::string good = tensor("\"F32\"", "[2]", "[0,8]");

}  // namespace

TEST_CASE("values where something else should be, names of other languages, lines") {
  CHECK(mentions(refused(R"({"a":true})"), "expected an object, found true"));
  CHECK(mentions(refused(R"({"a":false})"), "expected an object, found false"));
  CHECK(mentions(refused(R"({"a":"F32"})"), "expected an object, found a string"));
  CHECK(mentions(refused(R"({"a":)" + tensor("\"F32\"", "\"2\"", "[0,8]") + "}"), "found a string"));
  CHECK(mentions(refused("x"), "not a safetensors header"));
  const Header header = read_header("{\n\t\"\xC2\xA0\xC3\xA9\" :\r\n" + good + "\n}", path);
  REQUIRE(header.tensors.size() == 1);
  CHECK(header.tensors[0].tensor.name == "\xC2\xA0\xC3\xA9");
}

TEST_CASE("a header") {
  const std::string text =
      R"( {"__metadata__":{"format":"pt","x":"\u00e9\n"},"l1.weight" : {"shape":[30,784],"data_offsets":[8,94088],"dtype":"F32"},)"
      R"("n":{"dtype":"F64","shape":[],"data_offsets":[0,8]}}   )";
  const Header header = read_header(text, path);
  REQUIRE(header.tensors.size() == 2);
  CHECK(header.tensors[0].tensor.name == "l1.weight");
  CHECK(header.tensors[0].tensor.dtype == Dtype::F32);
  CHECK(header.tensors[0].tensor.shape == std::vector<Index>{30, 784});
  CHECK(header.tensors[0].begin == 8);
  CHECK(header.tensors[0].end == 94088);
  CHECK(header.tensors[0].key_offset == at(text, "\"l1.weight"));
  CHECK(header.tensors[1].tensor.name == "n");
  CHECK(header.tensors[1].tensor.shape.empty());
  CHECK(header.metadata == std::map<std::string, std::string>{{"format", "pt"}, {"x", "\xC3\xA9\n"}});
  CHECK(read_header("{}", path).tensors.empty());
  CHECK(read_header(R"({"__metadata__":{}})", path).metadata.empty());
}

TEST_CASE("row 49: text that is not UTF-8, a byte order mark, NUL, lone surrogates, overlong forms") {
  CHECK(refused("\xEF\xBB\xBF{}").offset() == 8u);
  CHECK(refused("{}\0\0"s).offset() == 10u);
  CHECK(refused("\0{}"s).offset() == 8u);
  for (const std::string name :
       {"\xFF", "\xC3", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80"})
    CHECK(refused("{\"" + name + "\":" + good + "}").offset() >= 10u);
  for (const std::string name : {"\\ud800", "\\udc00", "\\ud800x", "\\ud800\\ud800", "\\u12", "\\x41"})
    CHECK(refused("{\"" + name + "\":" + good + "}").offset() >= 10u);
  const std::string tab = "{\"a\tb\":" + good + "}";
  CHECK(refused(tab).offset() == at(tab, "\t"));
  CHECK(read_header("{\"\xC3\xA9\\ud83d\\ude00\":" + good + "}", path).tensors[0].tensor.name ==
        "\xC3\xA9\xF0\x9F\x98\x80");
}

TEST_CASE("row 50: other JSON, or none") {
  for (const std::string header : {"",       "  ",      "[]",     "1",           "null",       "\"a\"",  "{}{}",
                                   "{},",    "{",       "{\"a\"", "{\"a\":",     "{]",         "/**/{}", "{}//",
                                   "{/**/}", "{'a':1}", "{a:1}",  "{\"a\":NaN}", "{\"a\":1,}", "{}x",    "{} \x01"})
    refused(header);
  refused("{\"a\":" + good + ",}");
  refused("{\"a\":" + good);
  refused("{\"a\":" + good + " \"b\":" + good + "}");
}

TEST_CASE("row 51: deep, long and many, in little time and memory") {
  const auto quick = [](const std::string& header) {
    const std::size_t before = test::allocated_bytes;
    const std::clock_t start = std::clock();  // the processor's time: others may use the machine
    CHECK(error_of([&] { read_header(header, path); }).code() == ErrorCode::data);
    CHECK(std::clock() - start < CLOCKS_PER_SEC);
    CHECK(test::allocated_bytes - before < 8'000'000);
  };
  quick(std::string(100'000, '{'));
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{\"a\":";
  quick(deep);
  quick("{\"a\":" + std::string(100'000, '['));
  quick("{\"a\":{\"shape\":" + std::string(100'000, '['));
  quick("{\"" + std::string(20'000'000, 'a') + "\":" + good + "}");
  quick("{\"__metadata__\":{\"a\":\"" + std::string(20'000'000, 'a') + "\"}}");
  quick("{\"a\":{\"shape\":[" + std::string(10'000'000, '1') + "]}}");
  quick("{" + std::string(10'000'000, ' ') + "}");
  std::string keys = "{", texts = "{\"__metadata__\":{";
  for (int i = 0; i < 1'000'000; ++i) {
    const std::string name = std::to_string(i);
    keys.append("\"").append(name).append("\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},");
    texts.append("\"").append(name).append("\":\"\",");
  }
  quick(keys);
  quick(texts);
  CHECK(read_header("{\"" + std::string(256, 'a') + "\":" + good + "}", path).tensors.size() == 1);
  CHECK(mentions(refused("{\"" + std::string(257, 'a') + "\":" + good + "}"), "257 bytes"));
}

TEST_CASE("a quote in a string does not end it") {
  const std::string value = "\\\"" + std::string(10'000, ' ') + "\\\\";
  CHECK(read_header("{\"__metadata__\":{\"k\":\"" + value + "\"}}", path).metadata.at("k").size() == 10'002);
}

TEST_CASE("row 52: a tensor twice, also when its name is written differently") {
  for (const std::string second : {"\"a\"", "\"\\u0061\""}) {
    const std::string header = "{\"a\":" + good + "," + second + ":" + good + "}";
    const Error error = refused(header);
    CHECK(error.offset() == at(header, second));
    CHECK(mentions(error, "the tensor a occurs twice"));
    CHECK(mentions(error, "at byte 9"));
  }
  // Names with quotes and backslashes: ", \", \ and the second once more.
  const std::string header =
      R"x({"\"":)x" + good + R"x(,"\\\"":)x" + good + R"x(,"\\":)x" + good + R"x(,"\u005c\u0022":)x" + good + "}";
  const Error error = refused(header);
  CHECK(error.offset() == at(header, R"x("\u005c)x"));
  CHECK(mentions(error, "at byte " + std::to_string(at(header, R"x("\\\"")x"))));
}

TEST_CASE("row 53: a field, __metadata__ or a key in it twice") {
  for (const std::string field : {R"("dtype":"F32")", R"("shape":[2])", R"("data_offsets":[0,8])"}) {
    const std::string header = "{\"a\":" + good.substr(0, good.size() - 1) + "," + field + "}}";
    const Error error = refused(header);
    CHECK(error.offset() == at(header, field));
    CHECK(mentions(error, "a."));
    CHECK(mentions(error, "occurs twice"));
  }
  const std::string twice = R"({"__metadata__":{},"__metadata__":{}})";
  CHECK(refused(twice).offset() == at(twice, "\"__meta"));
  const std::string key = R"({"__metadata__":{"k":"1","k":"2"}})";
  CHECK(refused(key).offset() == at(key, "\"k\""));
  CHECK(mentions(refused(R"({"__metadata__":{"k":"1","\u006b":"2"}})"), "key of __metadata__ k occurs twice"));
  const std::string long_key = "\"" + std::string(100'000, 'k') + "\":\"\"";
  refused("{\"__metadata__\":{" + long_key + "," + long_key + "}}");
}

TEST_CASE("row 54: an unknown field, a value of the wrong kind, a field that is missing") {
  CHECK(mentions(refused(R"({"a":{"dtyp":"F32","shape":[2],"data_offsets":[0,8]}})"), "unknown field"));
  CHECK(mentions(refused("{\"a\":" + good.substr(0, good.size() - 1) + ",\"x\":1}}"), "unknown field"));
  CHECK(refused(R"({"a":{"":1}})").actual() == "\"\"");
  refused("{\"a\":{\"" + std::string(100'000, 'x') + "\":1}}");
  for (const std::string value : {"1", "null", "true", "[]", "{}", "1.5", "-1"}) {
    CHECK(mentions(refused("{\"__metadata__\":{\"k\":" + value + "}}"),
                   value == "{}" ? "wrong kind" : "expected a string"));
    if (value != "{}") refused("{\"__metadata__\":" + value + "}");
    if (value != "{}") CHECK(mentions(refused("{\"a\":" + value + "}"), "expected an object"));
    refused("{\"a\":" + tensor(value, "[2]", "[0,8]") + "}");
    if (value != "[]") refused("{\"a\":" + tensor("\"F32\"", value, "[0,8]") + "}");
    refused("{\"a\":" + tensor("\"F32\"", "[2]", value) + "}");
    if (value != "1") refused("{\"a\":" + tensor("\"F32\"", "[" + value + "]", "[0,8]") + "}");
    refused("{\"a\":" + tensor("\"F32\"", "[2]", "[0," + value + ",8]") + "}");
  }
  CHECK(mentions(refused(R"({"a":{"shape":[2],"data_offsets":[0,8]}})"), "without dtype"));
  CHECK(mentions(refused(R"({"a":{"dtype":"F32","data_offsets":[0,8]}})"), "without shape"));
  CHECK(mentions(refused(R"({"a":{"dtype":"F32","shape":[2]}})"), "without data_offsets"));
  CHECK(refused(R"({"a":{}})").offset() == 9u);
}

TEST_CASE("row 55: space before the header is read") {
  CHECK(read_header(" \n\t\r{}", path).tensors.empty());
  CHECK(read_header("{}  \n", path).tensors.empty());
  CHECK(read_header(std::string(1'000'000, ' ') + "{}" + std::string(1'000'000, ' '), path).tensors.empty());
  const std::string spaced = "  {  \"\":" + good + "}";
  CHECK(refused(spaced).offset() == at(spaced, "\"\""));
  CHECK(refused("  []").offset() == 10u);
}

TEST_CASE("rows 56 and 58: numbers that are no sizes") {
  for (const std::string bad :
       {"-1", "-0", "4.0", "4e0", "1e3", "9223372036854775808", "18446744073709551608", "18446744073709551612",
        "18446744073709551616", "1e400", "01", "+1", "0x10", "\"1\"", ""}) {
    refused("{\"a\":" + tensor("\"F32\"", "[" + bad + ",1]", "[0,8]") + "}");
    refused("{\"a\":" + tensor("\"F32\"", "[2]", "[" + bad + ",8]") + "}");
    refused("{\"a\":" + tensor("\"F32\"", "[2]", "[0," + bad + "]") + "}");
  }
  const std::string three = "{\"a\":" + tensor("\"F32\"", "[2]", "[0,8,16]") + "}";
  CHECK(refused(three).offset() == at(three, "\"data_offsets"));
  CHECK(mentions(refused(three), "a.data_offsets"));
  for (const std::string few : {"[]", "[0]"}) refused("{\"a\":" + tensor("\"F32\"", "[2]", few) + "}");
  std::string sizes = "[1";
  for (int i = 1; i < 32; ++i) sizes += ",1";
  CHECK(read_header("{\"a\":" + tensor("\"F32\"", sizes + "]", "[0,4]") + "}", path).tensors[0].tensor.shape.size() ==
        32);
  CHECK(mentions(refused("{\"a\":" + tensor("\"F32\"", sizes + ",1]", "[0,4]") + "}"), "at most 32"));
}

TEST_CASE("row 60: unknown types") {
  for (const std::string dtype : {"f32", "F31", "", "FLOAT", "F32 ", "F4"})
    CHECK(mentions(refused("{\"a\":" + tensor("\"" + dtype + "\"", "[2]", "[0,8]") + "}"), "unknown dtype"));
}

TEST_CASE("row 63: names with control characters, or none, and they do not reach the terminal") {
  for (const std::string name :
       {"", "\\u0000", "a\\nb", "\\u001b[2J", "\\u007f", "\\u009b2J", "\xC2\x80", "a\xC2\x9F"}) {
    const Error error = refused("{\"" + name + "\":" + good + "}");
    CHECK(mentions(error, "not a name for a tensor"));
    for (const char c : std::string(error.what())) CHECK((static_cast<unsigned char>(c) >= 0x20 && c != 0x7F));
  }
  for (const std::string name : {"\xC2\xA0", "\xC3\x80", "\\u00e9"})
    read_header("{\"" + name + "\":" + good + "}", path);
}

TEST_CASE("a header that is written") {
  const std::vector<std::uint8_t> bytes(24);
  const std::span<const std::uint8_t> all(bytes);
  const std::string text = header_text(
      std::vector<tinynet::StoredTensor>{
          {.name = "\"\xC3\xA9", .dtype = Dtype::F64, .shape = {1, 2}, .bytes = all.first(16)},
          {.name = "b", .dtype = Dtype::U8, .shape = {8}, .bytes = all.first(8)}},
      {{"k", "\n"}});
  CHECK(text.substr(0, text.find_last_not_of(' ') + 1) ==
        "{\"__metadata__\":{\"k\":\"\\n\"},"
        "\"\\\"\xC3\xA9\":{\"dtype\":\"F64\",\"shape\":[1,2],\"data_offsets\":[0,16]},"
        "\"b\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[16,24]}}");
  CHECK(text.size() % 8 == 0);
  const Header header = read_header(text, path);
  CHECK(header.tensors[0].tensor.name == "\"\xC3\xA9");
  CHECK(header.tensors[1].begin == 16);
  CHECK(header.metadata.at("k") == "\n");
  CHECK(error_of([&] { header_text({}, {{"k", "\xFF"}}); }).code() == ErrorCode::usage);
}
