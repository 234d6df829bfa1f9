#include <doctest/doctest.h>

#include <string>
#include <tinynet/data/content.hpp>

#include "../io/temporary_folder.hpp"

using test::bytes;
using tinynet::detail::content_name;

TEST_CASE("row 36: formats that data sets also come in") {
  CHECK(content_name(bytes("PK\x03\x04 and more")) == "a zip archive");
  std::string zip = "PK\x03\x04" + std::string(22, '\0') + std::string("\x0B\0\0\0", 4) + "train_x.npy";
  CHECK(content_name(bytes(zip)) == "a NumPy npz archive");
  CHECK(content_name(bytes(zip.substr(0, 29))) == "a zip archive");
  CHECK(content_name(bytes(zip.substr(0, 27))) == "a zip archive");
  CHECK(content_name(bytes("PK\x03\x04" + std::string(22, '\0') + std::string("\x10\0\0\0", 4) + "archive/data.pkl")) ==
        "a PyTorch file");
  CHECK(content_name(bytes("PK\x05\x06" + std::string(18, '\0'))) == "a zip archive");  // without files
  CHECK(content_name(bytes("PK")) == "text");
  CHECK(content_name(bytes("\x1F\x8B\x08")) == "gzip data");
  CHECK(content_name(bytes(std::string("\xFD"
                                       "7zXZ\0",
                                       6))) == "an xz file");
  CHECK(content_name(bytes("BZh91AY")) == "a bzip2 file");
  CHECK(content_name(bytes("\x28\xB5\x2F\xFD")) == "a zstd file");
  CHECK(content_name(bytes("PAR1\x15")) == "a parquet file");
  CHECK(content_name(bytes("\x93NUMPY\x01")) == "a NumPy npy file");
  CHECK(content_name(bytes("a.txt" + std::string(252, '\0') + "ustar")) == "a tar archive");
  CHECK(content_name(bytes("a.txt" + std::string(252, '\0') + "usta")).empty());
}

TEST_CASE("pages that servers send instead of a file") {
  CHECK(content_name(bytes("<!DOCTYPE html><html>")) == "an HTML page");
  CHECK(content_name(bytes("<HTML>")) == "an HTML page");
  CHECK(content_name(bytes("<?xml version='1.0'?><Error>")) == "an XML document");
  CHECK(content_name(bytes("404 not found\r\n\ttry again\n")) == "text");
  CHECK(content_name(bytes("na\xC3\xAFve")).empty());
  CHECK(content_name(bytes("a\x7F")).empty());
}

TEST_CASE("what is mistaken for a file of weights") {
  CHECK(content_name(bytes("\xEF\xBB\xBF\r\n<!doctype HTML>")) == "an HTML page");
  for (const char* const page :
       {"\n\n  <html lang=en>", "<head><title>", "<!-- saved -->", "<SCRIPT>", "<body>\xE4\xB8\xAD"})
    CHECK(content_name(bytes(page)) == "an HTML page");
  // torch.save of before version 1.6, and pickle.dump by each protocol.
  CHECK(content_name(bytes(std::string("\x80\x02\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19.", 15))) ==
        "a PyTorch file");
  for (const char* const protocol : {"\x80\x02}q", "\x80\x03}q", "\x80\x04\x95", "\x80\x05\x95"})
    CHECK(content_name(bytes(protocol)) == "a Python pickle");
  CHECK(content_name(bytes("\x80\x01")).empty());
  for (const char* const json : {"{\"a\": 1}", "{ }", "  {\n \"na\xC3\xAFve\"", "[1, 2]", "\xEF\xBB\xBF{\"a\""})
    CHECK(content_name(bytes(json)) == "JSON");
  CHECK(content_name(bytes("{a brace}")) == "text");
  CHECK(content_name(bytes("step,loss\n0,1\n")) == "text");
  CHECK(content_name(bytes("GIF89a")) == "a GIF picture");
  CHECK(content_name(bytes("GGUF\x03")) == "a GGUF file");
  CHECK(content_name(bytes("\x7F"
                           "ELF\x02")) == "a program");
}

TEST_CASE("nothing that is known") {
  CHECK(content_name(bytes("\x01\x02\x03\x04")).empty());
  CHECK(content_name(bytes("\xFF\xFF")).empty());
}
