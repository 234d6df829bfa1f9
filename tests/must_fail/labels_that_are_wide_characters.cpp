// The same where a net is trained.
// expect: tinynet: cross_entropy: the labels must be whole numbers
#include <cstdint>
#include <tinynet/mlp.hpp>
#include <vector>

auto train(tinynet::MLP<4, 3>& net, tinynet::SGD<float>& optimizer, const Eigen::MatrixXf& x) {
#ifdef TINYNET_MUST_FAIL
  const std::vector<wchar_t> labels{0, 1, 2};
#else
  const std::vector<std::int32_t> labels{0, 1, 2};
#endif
  return tinynet::fit(net, optimizer, x, labels, {.steps = 3}).loss;
}
