// Curves: what svg.hpp and html.hpp draw.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

namespace tinynet {

/// Points from left to right; x and y are of one length. A y that is not finite is a gap.
struct Curve {
  std::string name;
  std::vector<double> x, y;
};

/// The curve with at most about `most` points that looks the same: of each stretch the first, the lowest, the highest
/// and the last point stay, so that no spike is lost, and a point that is not finite stays a gap.
inline Curve thinned(const Curve& curve, std::size_t most) {
  if (curve.y.size() <= most || most < 4) return curve;
  const std::size_t stretches = most / 4, n = curve.y.size();
  Curve result{curve.name, {}, {}};
  for (std::size_t s = 0; s < stretches; ++s) {
    const std::size_t begin = n * s / stretches, last = n * (s + 1) / stretches - 1;
    std::array<std::size_t, 4> kept{begin, begin, begin, last};
    for (std::size_t i = begin; i <= last; ++i) {
      const double y = curve.y[i];
      if (!std::isfinite(y))
        kept[1] = kept[2] = i;
      else if (y < curve.y[kept[1]])
        kept[1] = i;
      else if (y > curve.y[kept[2]])
        kept[2] = i;
    }
    std::sort(kept.begin(), kept.end());
    for (auto i = kept.begin(), end = std::unique(kept.begin(), kept.end()); i != end; ++i) {
      result.x.push_back(curve.x[*i]);
      result.y.push_back(curve.y[*i]);
    }
  }
  return result;
}

}  // namespace tinynet
