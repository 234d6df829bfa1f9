// Numbers that lie one after another are set, copied, added and generated, and those beside them are not.
#include <doctest/doctest.h>

#include <complex>
#include <tinynet/core/numbers.hpp>
#include <vector>

TEST_CASE_TEMPLATE("numbers are set, copied and added", Number, float, double, std::int32_t, std::complex<double>) {
  using Numbers = std::vector<Number>;
  const Numbers from{Number(1), Number(2), Number(3), Number(4)};
  Numbers out(5, Number(9));

  tinynet::detail::fill(out.data() + 1, 3, Number(-6));
  CHECK(out == Numbers{Number(9), Number(-6), Number(-6), Number(-6), Number(9)});
  tinynet::detail::copy(from.data() + 1, 2, out.data() + 2);
  CHECK(out == Numbers{Number(9), Number(-6), Number(2), Number(3), Number(9)});
  tinynet::detail::add(from.data(), 3, out.data() + 1);
  CHECK(out == Numbers{Number(9), Number(-5), Number(4), Number(6), Number(9)});
  tinynet::detail::add(out.data(), 2, out.data());
  CHECK(out == Numbers{Number(18), Number(-10), Number(4), Number(6), Number(9)});

  tinynet::detail::generate(out.data() + 3, 2, [](tinynet::Index i) { return Number(static_cast<int>(7 + i)); });
  CHECK(out == Numbers{Number(18), Number(-10), Number(4), Number(7), Number(8)});

  tinynet::detail::fill(out.data(), 0, Number(1));
  tinynet::detail::copy(from.data(), 0, out.data());
  tinynet::detail::add(from.data(), 0, out.data());
  CHECK(out == Numbers{Number(18), Number(-10), Number(4), Number(7), Number(8)});
}
