#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <tinynet/plot/markup.hpp>
#include <vector>

using namespace tinynet;

namespace {

std::string encoded(std::string_view text) { return base64(std::vector<std::uint8_t>(text.begin(), text.end())); }

}  // namespace

TEST_CASE("what means something to HTML is escaped, the rest stays") {
  CHECK(html_text("a < b && c > \"d\"") == "a &lt; b &amp;&amp; c &gt; &quot;d&quot;");
  CHECK(html_text("</script><b>") == "&lt;/script&gt;&lt;b&gt;");
  CHECK(html_text("&lt;") == "&amp;lt;");
  CHECK(html_text("") == "");
  CHECK(html_text("it's 100 %, 预测值 é \U0001F600") == "it's 100 %, 预测值 é \U0001F600");
}

TEST_CASE("control characters are left out, for XML has none") {
  CHECK(html_text("a\nb\tc") == "a\nb\tc");
  CHECK(html_text({"a\0\x01\x1b\x1f\rb", 7}) == "ab");
}

TEST_CASE("base64 as in RFC 4648") {
  CHECK(encoded("") == "");
  CHECK(encoded("f") == "Zg==");
  CHECK(encoded("fo") == "Zm8=");
  CHECK(encoded("foo") == "Zm9v");
  CHECK(encoded("foob") == "Zm9vYg==");
  CHECK(encoded("fooba") == "Zm9vYmE=");
  CHECK(encoded("foobar") == "Zm9vYmFy");
}

TEST_CASE("base64 of every digit") {
  std::vector<std::uint8_t> bytes;  // 64 groups of six bits, from 0 to 63
  for (unsigned i = 0; i < 64; i += 4) {
    const unsigned bits = i << 18 | (i + 1) << 12 | (i + 2) << 6 | (i + 3);
    for (const unsigned shift : {16u, 8u, 0u}) bytes.push_back(static_cast<std::uint8_t>(bits >> shift & 255));
  }
  CHECK(base64(bytes) == "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
  CHECK(base64(std::vector<std::uint8_t>{255, 255, 255, 255}) == "/////w==");
}

TEST_CASE("a picture in a page") {
  const std::vector<std::uint8_t> bytes{'f', 'o', 'o'};
  CHECK(html_png(bytes, "a \"b\"") == "<img alt=\"a &quot;b&quot;\" src=\"data:image/png;base64,Zm9v\">");
}
