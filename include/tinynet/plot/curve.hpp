// Curves: what svg.hpp and html.hpp draw.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <tinynet/core/language.hpp>
#include <vector>

namespace tinynet {

/// Points from left to right; x and y are of one length. A y that is not finite is a gap.
struct Curve {
  std::string name;          ///< in the legend
  std::vector<double> x, y;  ///< the points
};

/// The colour of curve `i` of `n`, as CSS has it.
inline std::string curve_color(std::size_t i, std::size_t n) {
  return "hsl(" + std::to_string((210 + 360 * i / (n == 0 ? 1 : n)) % 360) + (i % 2 == 0 ? ",70%,45%)" : ",55%,55%)");
}

/// The curve with at most `most` points that looks the same: of each stretch the first, the lowest, the highest and the
/// last point stay, so that no spike is lost, and one that is not finite, so that a gap stays a gap. Below 5 is as 5.
inline Curve thinned(const Curve& curve, std::size_t most) {
  if (curve.y.size() <= most) return curve;
  const std::size_t stretches = std::max<std::size_t>(most / 5, 1), n = curve.y.size();
  Curve result{curve.name, {}, {}};
  for (std::size_t s = 0; s < stretches; ++s) {
    const std::size_t begin = n * s / stretches, last = n * (s + 1) / stretches - 1;
    std::size_t lowest = begin, highest = begin, gap = begin;
    for (std::size_t i = begin; i <= last; ++i) {
      const double y = curve.y[i], low = curve.y[lowest], high = curve.y[highest];
      if (!std::isfinite(y)) {
        gap = i;
        continue;
      }
      if (!std::isfinite(low) || y < low) lowest = i;
      if (!std::isfinite(high) || y > high) highest = i;
    }
    std::array<std::size_t, 5> kept{begin, lowest, highest, gap, last};
    std::sort(kept.begin(), kept.end());
    for (auto i = kept.begin(), end = std::unique(kept.begin(), kept.end()); i != end; ++i) {
      result.x.push_back(curve.x[*i]);
      result.y.push_back(curve.y[*i]);
    }
  }
  return result;
}

}  // namespace tinynet
