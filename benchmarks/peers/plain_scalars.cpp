// The same with a tape of a few lines, which can do nothing else: no operation but these, one computation at a time,
// and the whole tape is kept until the next one. For orientation.
#include "../scalars.hpp"

namespace {

struct Entry {
  std::size_t a, b;  // the inputs
  double da, db;
};
std::vector<Entry> tape;

struct Number {
  double value;
  std::size_t place;
};

Number put(double value, std::size_t a = 0, double da = 0, std::size_t b = 0, double db = 0) {
  tape.push_back({a, b, da, db});
  return {value, tape.size() - 1};
}
Number operator+(Number a, Number b) { return put(a.value + b.value, a.place, 1, b.place, 1); }
Number operator-(Number a, Number b) { return put(a.value - b.value, a.place, 1, b.place, -1); }
Number operator*(Number a, Number b) { return put(a.value * b.value, a.place, b.value, b.place, a.value); }
Number operator/(Number a, Number b) {
  const double y = a.value / b.value;
  return put(y, a.place, 1 / b.value, b.place, -y / b.value);
}
Number operator*(double c, Number a) { return put(c * a.value, a.place, c); }
Number operator-(Number a, double c) { return put(a.value - c, a.place, 1); }
Number operator-(double c, Number a) { return put(c - a.value, a.place, -1); }

template <class F>
double gradient(const F& f, const std::vector<double>& start, std::vector<double>& dx) {
  static std::vector<double> d;
  tape.clear();
  std::vector<Number> x;
  x.reserve(start.size());
  for (const double number : start) x.push_back(put(number));
  const Number y = f(x);
  d.assign(tape.size(), 0);
  d[y.place] = 1;
  for (std::size_t i = tape.size(); i-- > 0;) {
    d[tape[i].a] += d[i] * tape[i].da;
    d[tape[i].b] += d[i] * tape[i].db;
  }
  for (std::size_t i = 0; i < x.size(); ++i) dx[i] = d[x[i].place];
  return y.value;
}

}  // namespace

int main(int count, char** words) {
  return bench::run_scalars(count, words, [](const std::string&) {
    return [](const auto& f, const auto& x, auto& dx) { return gradient(f, x, dx); };
  });
}
