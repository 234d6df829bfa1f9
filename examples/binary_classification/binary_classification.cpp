// Two classes of points in the plane: a net with one hidden layer, the training loop of MNIST, and a picture of where
// the net draws the line. binary_classification [FILE.png]
#include <cmath>
#include <exception>
#include <iostream>
#include <numbers>
#include <string>
#include <tinynet/mlp.hpp>
#include <tinynet/plot/png.hpp>
#include <vector>
namespace tn = tinynet;

struct Points {
  tn::Matrix<float, tn::dynamic, 2> at;  // x and y
  std::vector<int> classes;              // 0 or 1
};

// Two half moons that reach into each other.
Points moons(int count, tn::Seed seed) {
  tn::Generator generator{seed};
  Points points;
  points.at.resize(count, 2);
  tn::init::normal(points.at, 0, 0.12, generator);
  for (int i = 0; i < count; ++i) {
    const float angle = generator.uniform(0, std::numbers::pi_v<float>), x = std::cos(angle), y = std::sin(angle);
    points.classes.push_back(i % 2);
    points.at.row(i) += i % 2 == 0 ? Eigen::RowVector2f(x, y) : Eigen::RowVector2f(1 - x, 0.4f - y);
  }
  return points;
}

// The plane in the colours of the net's probabilities, a line where both are one half, and the points.
tn::Picture picture_of(const auto& net, const Points& points) {
  constexpr int height = 520, width = 720;
  constexpr float left = -1.6f, top = 1.6f, unit = 170;  // pixels
  tn::Matrix<float, tn::dynamic, 2> plane(height * width, 2);
  for (int i = 0; i < height * width; ++i)
    plane.row(i) << left + static_cast<float>(i % width) / unit, top - static_cast<float>(i / width) / unit;
  const tn::Matrix<float> logits = tn::no_grad([&] { return net(plane); }).value();
  const Eigen::VectorXf margin = logits.col(1) - logits.col(0);

  constexpr tn::Color pale[] = {{170, 205, 235}, {250, 205, 165}}, dark[] = {{25, 95, 160}, {205, 85, 15}};
  tn::Picture picture(height - 1, width - 1);
  for (int row = 0; row + 1 < height; ++row)
    for (int column = 0; column + 1 < width; ++column) {
      const int i = row * width + column;
      const float m = margin(i), slope = std::hypot(margin(i + 1) - m, margin(i + width) - m);
      const tn::Color color = between(pale[0], pale[1], 1 / (1 + std::exp(-m)));
      picture.fill(row, column, 1, 1, between(color, tn::grey(40), 1.5f - std::abs(m) / slope));
    }
  for (std::size_t i = 0; i < points.classes.size(); ++i) {
    const auto point = points.at.row(static_cast<tn::Index>(i));
    const tn::Index row = std::lround((top - point.y()) * unit), column = std::lround((point.x() - left) * unit);
    picture.dot(row, column, 5, tn::grey(255));
    picture.dot(row, column, 3.7, dark[points.classes[i]]);
  }
  return picture;
}

int main(int argc, char** argv) try {
  const Points train = moons(400, tn::Seed{1}), test = moons(1000, tn::Seed{2});
  tn::MLP<2, 16, 2> net{tn::Seed{0}};
  std::cout << net << '\n';

  tn::SGD optimizer{net, {.lr = 0.5f}};
  for (int step = 0; step <= 2000; ++step) {
    const auto loss = tn::cross_entropy(net(train.at), train.classes);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    if (step % 200 == 0) std::cout << "step= " << step << " loss= " << loss.item() << '\n';
  }

  const double accuracy = tn::evaluate(net, test.at, test.classes).accuracy;
  const std::string path = argc > 1 ? argv[1] : "binary_classification.png";
  tn::save_png(path, picture_of(net, train));
  std::cout << "right: " << 100 * accuracy << " % of " << test.at.rows() << " new points\nwritten: " << path << '\n';

  if (accuracy >= 0.99) return 0;
  std::cerr << "binary_classification: expected at least 99 %\n";
  return 1;
} catch (const std::exception& error) {
  std::cerr << "binary_classification: " << error.what() << '\n';
  return 1;
}
