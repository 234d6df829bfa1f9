// A small net learns a function, sin(x), from 200 of its values. Its sizes are given at run time: regression
// [HIDDEN]...
#include <cmath>
#include <cstdlib>
#include <exception>
#include <iomanip>
#include <iostream>
#include <tinynet/mlp.hpp>
#include <vector>
namespace tn = tinynet;

int main(int argc, char** argv) try {
  std::vector<tn::Index> sizes{1};
  for (int i = 1; i < argc; ++i) sizes.push_back(std::atoi(argv[i]));
  if (argc == 1) sizes.insert(sizes.end(), {32, 32});
  sizes.push_back(1);
  tn::DynamicMLP<float> net{sizes, tn::Tanh{}, tn::Seed{0}};
  std::cout << net << '\n';

  // A row an example: 200 rows with one number each.
  const Eigen::VectorXf x = Eigen::VectorXf::LinSpaced(200, -5, 5);
  const Eigen::VectorXf y = x.array().sin();

  tn::Adam optimizer{net, {.lr = 0.003}};
  float before = 0, after = 0;
  for (int step = 0; step <= 3000; ++step) {
    const auto loss = tn::mse_loss(net(x), y);
    (step == 0 ? before : after) = loss.item();
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
  std::cout << "mean squared error: " << before << " before, " << after << " after 3000 steps\n";

  // Between the points that it has seen.
  const Eigen::VectorXf between = Eigen::VectorXf::LinSpaced(8, -4.5f, 4.4f);
  const tn::NoGrad guard;  // from here on nothing is recorded for backward()
  const Eigen::VectorXf found = net(between);
  const Eigen::VectorXf wanted = between.array().sin();
  std::cout << "       x   sin(x)      net\n" << std::fixed << std::setprecision(4);
  for (tn::Index i = 0; i < between.size(); ++i)
    std::cout << std::setw(8) << between(i) << ' ' << std::setw(8) << wanted(i) << ' ' << std::setw(8) << found(i)
              << '\n';

  const bool right = after < 1e-3f && (found - wanted).cwiseAbs().maxCoeff() < 0.05f;
  if (!right) std::cerr << "regression: the net has not learnt sin(x)\n";
  return right ? 0 : 1;
} catch (const std::exception& error) {
  std::cerr << "regression: " << error.what() << '\n';
  return 1;
}
