// The functions that formulas are written with, each with one name for every kind of number: float and double,
// a SIMD pack of them, and complex numbers, which take the place of the real ones in the complex-step check of
// derivatives. An operation written once with these runs on all of them.
#pragma once

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <numbers>
#include <tinynet/core/eigen.hpp>
#include <tinynet/core/host_device.hpp>

namespace tinynet {
namespace detail {

template <class Scalar>
inline constexpr bool is_complex = false;
template <class Real>
inline constexpr bool is_complex<std::complex<Real>> = true;

/// Numbers for which Eigen has SIMD packets with all the functions below.
template <class Scalar>
inline constexpr bool has_pack = std::is_same_v<Scalar, float> || std::is_same_v<Scalar, double>;

}  // namespace detail

// Eigen's packets are compiler vectors; naming one as a template argument makes g++ warn that its alignment
// attribute is not part of the name, which does not matter here.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"
#endif

/// As many numbers as the machine computes with at once (one where it has no SIMD, or for nvcc), through Eigen's
/// packets. Arithmetic and the functions of namespace math work element by element.
template <class Scalar>
struct Pack {
  /// Eigen's packet.
  using Native = std::conditional_t<detail::cuda_unit, Scalar, typename Eigen::internal::packet_traits<Scalar>::type>;
  /// How many numbers there are in it.
  static constexpr Index size = Eigen::internal::unpacket_traits<Native>::size;

  Native v;  ///< the numbers

  Pack() = default;
  explicit Pack(Native native) : v(native) {}
  template <class Number>
  requires std::is_arithmetic_v<Number>
  explicit Pack(Number number) : v(Eigen::internal::pset1<Native>(static_cast<Scalar>(number))) {}

  /// `size` numbers from anywhere in memory.
  static Pack load(const Scalar* from) { return Pack(Eigen::internal::ploadu<Native>(from)); }
  /// Writes the numbers to anywhere in memory.
  void store(Scalar* to) const { Eigen::internal::pstoreu(to, v); }

  /// `size` bytes as numbers. Eigen has no packets for this, and g++ makes of the loop one conversion after another.
  static Pack load_bytes(const std::uint8_t* from) {
#if defined(EIGEN_VECTORIZE_AVX512)
    if constexpr (std::is_same_v<Scalar, float>)
      return Pack(_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)))));
#elif defined(EIGEN_VECTORIZE_AVX2)
    if constexpr (std::is_same_v<Scalar, float>)
      return Pack(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(from)))));
#endif
    alignas(64) Scalar numbers[size];
    for (Index i = 0; i < size; ++i) numbers[i] = static_cast<Scalar>(from[i]);
    return Pack(Eigen::internal::pload<Native>(numbers));
  }

  /// The first n numbers at `from` (n < size), and `rest` in the other places.
  static Pack load(const Scalar* from, Index n, Scalar rest = Scalar(0)) {
#if defined(EIGEN_VECTORIZE_AVX512)
    const auto mask = (1u << n) - 1;
    if constexpr (std::is_same_v<Scalar, float>)
      return Pack(_mm512_mask_loadu_ps(Pack(rest).v, static_cast<__mmask16>(mask), from));
    else
      return Pack(_mm512_mask_loadu_pd(Pack(rest).v, static_cast<__mmask8>(mask), from));
#else
    alignas(64) Scalar numbers[size];
    for (Index i = 0; i < size; ++i) numbers[i] = i < n ? from[i] : rest;
    return Pack(Eigen::internal::pload<Native>(numbers));
#endif
  }
  /// The first n numbers only.
  void store(Scalar* to, Index n) const {
#if defined(EIGEN_VECTORIZE_AVX512)
    const auto mask = (1u << n) - 1;
    if constexpr (std::is_same_v<Scalar, float>)
      return _mm512_mask_storeu_ps(to, static_cast<__mmask16>(mask), v);
    else
      return _mm512_mask_storeu_pd(to, static_cast<__mmask8>(mask), v);
#endif
    alignas(64) Scalar numbers[size];
    Eigen::internal::pstore(numbers, v);
    for (Index i = 0; i < n; ++i) to[i] = numbers[i];
  }

  /// The sum, element by element, as are the others.
  friend Pack operator+(Pack a, Pack b) { return Pack(Eigen::internal::padd(a.v, b.v)); }
  /// The difference.
  friend Pack operator-(Pack a, Pack b) { return Pack(Eigen::internal::psub(a.v, b.v)); }
  /// The product.
  friend Pack operator*(Pack a, Pack b) { return Pack(Eigen::internal::pmul(a.v, b.v)); }
  /// The quotient.
  friend Pack operator/(Pack a, Pack b) { return Pack(Eigen::internal::pdiv(a.v, b.v)); }
  /// The negative.
  friend Pack operator-(Pack a) { return Pack(Eigen::internal::pnegate(a.v)); }
  /// Adds b.
  Pack& operator+=(Pack b) { return *this = *this + b; }

  /// The sum of all numbers, and the largest, in an order that does not depend on anything but the pack's size.
  Scalar sum() const { return Eigen::internal::predux(v); }
  /// The largest number.
  Scalar max() const { return Eigen::internal::predux_max(v); }

  /// The first number.
  Scalar first() const { return Eigen::internal::pfirst(v); }
  /// Number I in all places.
  template <Index I>
  Pack spread() const {
#ifdef __GNUC__
    if constexpr (size > 1) return Pack(Scalar(v[I]));
#else
    if constexpr (size > 1) {
      alignas(64) Scalar numbers[size];
      Eigen::internal::pstore(numbers, v);
      return Pack(numbers[I]);
    }
#endif
    return *this;
  }

  /// Whether one of the numbers is not 0.
  bool any() const {
    namespace eigen = Eigen::internal;  // predux_any looks at masks alone: at the sign bits, or at all
    const Native zero = eigen::pset1<Native>(Scalar(0));
    if constexpr (size == 1)
      return v != zero;
    else
      return eigen::predux_any(eigen::pandnot(eigen::ptrue(v), eigen::pcmp_eq(v, zero)));
  }

  /// Transposes a square of numbers.
  static void transpose(Pack (&rows)[size]) {
    if constexpr (size > 1) {
      Eigen::internal::PacketBlock<Native, static_cast<int>(size)> block;
      for (Index i = 0; i < size; ++i) block.packet[i] = rows[i].v;
      Eigen::internal::ptranspose(block);
      for (Index i = 0; i < size; ++i) rows[i].v = block.packet[i];
    }
  }

  /// Calls f for each number, for functions that have no SIMD form.
  template <class F>
  Pack each(F f) const {
    alignas(64) Scalar numbers[size];
    Eigen::internal::pstore(numbers, v);
    for (Scalar& number : numbers) number = f(number);
    return Pack(Eigen::internal::pload<Native>(numbers));
  }

  /// The result of a comparison: all bits of an element are set where it holds.
  struct Mask {
    Native v;  ///< the numbers
  };
};

namespace math {

/// The part of a number that comparisons look at.
template <class T>
constexpr T real_part(T x) {
  return x;
}
template <class Real>
constexpr Real real_part(const std::complex<Real>& x) {
  return x.real();
}

/// a < b; of complex numbers, their real parts.
template <class T>
constexpr bool less(T a, T b) {
  return real_part(a) < real_part(b);
}
template <class Scalar>
typename Pack<Scalar>::Mask less(Pack<Scalar> a, Pack<Scalar> b) {
  return {Eigen::internal::pcmp_lt(a.v, b.v)};
}

/// a == b.
template <class T>
constexpr bool equal(T a, T b) {
  return a == b;
}
template <class Scalar>
typename Pack<Scalar>::Mask equal(Pack<Scalar> a, Pack<Scalar> b) {
  return {Eigen::internal::pcmp_eq(a.v, b.v)};
}

/// condition ? a : b, element by element.
template <class T>
constexpr T select(bool condition, T a, T b) {
  return condition ? a : b;
}
template <class Scalar>
Pack<Scalar> select(typename Pack<Scalar>::Mask mask, Pack<Scalar> a, Pack<Scalar> b) {
  return Pack<Scalar>(Eigen::internal::pselect(mask.v, a.v, b.v));
}

/// a * b + c, rounded once where the machine can.
template <class T>
constexpr T multiply_add(T a, T b, T c) {
  return a * b + c;
}
template <class Scalar>
Pack<Scalar> multiply_add(Pack<Scalar> a, Pack<Scalar> b, Pack<Scalar> c) {
  return Pack<Scalar>(Eigen::internal::pmadd(a.v, b.v, c.v));
}

using std::cos;
using std::exp;
using std::log;
using std::pow;
using std::sin;
using std::sqrt;
using std::tanh;

/// |x|; of a complex number, the continuation of the real function (x or -x), not its modulus.
template <class T>
constexpr T abs(T x) {
  return less(x, T(0)) ? -x : x;
}

/// The error function.
template <class Real>
requires std::is_floating_point_v<Real>
constexpr Real erf(Real x) { return std::erf(x); }
/// The error function of x + ih for a tiny h: erf(x) + ih erf'(x), which is exact to h^2.
template <class Real>
std::complex<Real> erf(const std::complex<Real>& x) {
  const Real a = x.real();
  return {std::erf(a), x.imag() * 2 * std::numbers::inv_sqrtpi_v<Real> * std::exp(-a * a)};
}

/// log(1 + x), accurate for small x.
template <class Real>
requires std::is_floating_point_v<Real>
constexpr Real log1p(Real x) { return std::log1p(x); }
template <class Real>
std::complex<Real> log1p(const std::complex<Real>& x) {
  return {std::log1p(x.real()), x.imag() / (1 + x.real())};
}

/// exp(x) - 1, accurate for small x.
template <class Real>
requires std::is_floating_point_v<Real>
constexpr Real expm1(Real x) { return std::expm1(x); }
template <class Real>
std::complex<Real> expm1(const std::complex<Real>& x) {
  return {std::expm1(x.real()), x.imag() * std::exp(x.real())};
}

/// e^x, 0 where it would be below the smallest normal number: Eigen's packets stop at some number there, and so take
/// -infinity to something that is not 0.
template <class Scalar>
Pack<Scalar> exp(Pack<Scalar> x) {
  constexpr double lowest = std::is_same_v<Scalar, float> ? -87.33654 : -708.396418532264;
  return select(less(x, Pack<Scalar>(lowest)), Pack<Scalar>(0), Pack<Scalar>(Eigen::internal::pexp(x.v)));
}
/// The natural logarithm of each number. Of 0 and what is below it raises the floating-point exceptions that the
/// language's own does, which Eigen's does not.
template <class Scalar>
Pack<Scalar> log(Pack<Scalar> x) {
  const Pack<Scalar> zero(0);
  if (select(less(zero, x), zero, Pack<Scalar>(1)).any()) {
    alignas(64) Scalar numbers[Pack<Scalar>::size];
    x.store(numbers);
    for (const Scalar number : numbers)
      if (std::islessequal(number, Scalar(0))) {
        [[maybe_unused]] const volatile Scalar raised = std::log(number);
      }
  }
  return Pack<Scalar>(Eigen::internal::plog(x.v));
}
/// Rounded as the language's own. Not Eigen's, which in single precision refines the processor's estimate: it takes
/// infinity to NaN, and processors of different makers have different estimates.
template <class Scalar>
Pack<Scalar> sqrt(Pack<Scalar> x) {
#if defined(EIGEN_VECTORIZE_AVX512)
  if constexpr (std::is_same_v<Scalar, float>)
    return Pack<Scalar>(_mm512_sqrt_ps(x.v));
  else
    return Pack<Scalar>(_mm512_sqrt_pd(x.v));
#elif defined(EIGEN_VECTORIZE_AVX)
  if constexpr (std::is_same_v<Scalar, float>)
    return Pack<Scalar>(_mm256_sqrt_ps(x.v));
  else
    return Pack<Scalar>(_mm256_sqrt_pd(x.v));
#elif defined(EIGEN_VECTORIZE_SSE2)
  if constexpr (std::is_same_v<Scalar, float>)
    return Pack<Scalar>(_mm_sqrt_ps(x.v));
  else
    return Pack<Scalar>(_mm_sqrt_pd(x.v));
#else
  return x.each([](Scalar number) { return std::sqrt(number); });
#endif
}
template <class Scalar>
Pack<Scalar> abs(Pack<Scalar> x) {
  return Pack<Scalar>(Eigen::internal::pabs(x.v));
}
/// The hyperbolic tangent of each number.
template <class Scalar>
Pack<Scalar> tanh(Pack<Scalar> x) {
  if constexpr (std::is_same_v<Scalar, float>)
    return Pack<Scalar>(Eigen::internal::ptanh(x.v));
  else
    return x.each([](Scalar number) { return std::tanh(number); });
}
/// The sine of each number, in radians.
template <class Scalar>
Pack<Scalar> sin(Pack<Scalar> x) {
  return x.each([](Scalar number) { return std::sin(number); });
}
/// The cosine of each number, in radians.
template <class Scalar>
Pack<Scalar> cos(Pack<Scalar> x) {
  return x.each([](Scalar number) { return std::cos(number); });
}
template <class Scalar>
Pack<Scalar> erf(Pack<Scalar> x) {
  return x.each([](Scalar number) { return std::erf(number); });
}
/// The logarithm of the rounded sum u, and by its derivative what rounding took from the sum. The clamps keep infinity
/// from being taken from itself, and what is 0 from being divided by 0 where u is 0.
template <class Scalar>
Pack<Scalar> log1p(Pack<Scalar> x) {
  namespace eigen = Eigen::internal;
  using P = Pack<Scalar>;
  const P one(1), u = one + x, least(std::numeric_limits<Scalar>::min()), most(std::numeric_limits<Scalar>::max());
  const P clamped(eigen::pmin(eigen::pmax(u.v, least.v), most.v));
  return log(u) + (P(eigen::pmin(x.v, most.v)) - (clamped - one)) / clamped;
}
template <class Scalar>
Pack<Scalar> expm1(Pack<Scalar> x) {
  return x.each([](Scalar number) { return std::expm1(number); });
}

}  // namespace math

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

}  // namespace tinynet
