// Which net it is, and the nets whose sizes are known only at run time.
#include "model.hpp"

#include "net_model.hpp"

namespace mnist {

double parameter_count(const Options& options) {
  double count = 0;
  auto from = static_cast<double>(inputs);
  const auto add_layer = [&](Index width) {
    const auto to = static_cast<double>(width);
    count += (from + 1) * to;
    from = to;
  };
  for (const Index width : options.hidden) add_layer(width);
  add_layer(classes);
  return count;
}

std::unique_ptr<Model> make_model(const Options& options) {
  for (const auto make : {make_rectifier_net, make_sigmoid_net, make_smooth_net})
    if (auto model = make(options)) return model;
  std::vector<Index> sizes{inputs};
  sizes.insert(sizes.end(), options.hidden.begin(), options.hidden.end());
  sizes.push_back(classes);
  using Net = tinynet::DynamicMLP<float>;
  return std::make_unique<NetModel<Net>>(
      Net(sizes, tinynet::activation_by_name(options.activation), tinynet::Seed{options.seed}), options,
      "sizes at run time");
}

}  // namespace mnist
