// Weights from PyTorch: loads the state_dict that make.py has saved and gets the outputs that PyTorch got.
//   from_pytorch [FOLDER], the folder of net.safetensors and pair.safetensors
#include <exception>
#include <iostream>
#include <string>
#include <tinynet/io/module.hpp>
#include <tinynet/nn/sequential.hpp>
namespace tn = tinynet;

int main(int argc, char** argv) try {
  const std::string folder = argc > 1 ? argv[1] : "examples/from_pytorch";

  // The same modules in the same order have PyTorch's names: 0.weight, 0.bias, 2.weight, 2.bias. (Those of an
  // MLP<4, 8, 3> are called l1.weight, l1.bias, lo.weight, lo.bias, for a class with the attributes l1 and lo.)
  // Every tensor must be in the file with the right shape, and no other, or an error says all that does not fit.
  tn::Sequential net{tn::Linear<4, 8>{}, tn::ReLU{}, tn::Linear<8, 3>{}};
  tn::load_safetensors(folder + "/net.safetensors", net);
  std::cout << net << '\n';
  for (const auto& tensor : net.state_dict()) std::cout << tensor.name << ": " << tensor.size() << " numbers\n";

  // A file may hold any tensors. These go into matrices.
  tn::Matrix<float> input(5, 4), output(5, 3);
  tn::load_safetensors<float>(folder + "/pair.safetensors",
                              {{"input", {5, 4}, input.data()}, {"output", {5, 3}, output.data()}});

  const tn::Matrix<float> found = tn::no_grad([&] { return net(input); }).value();
  const float worst = (found - output).cwiseAbs().maxCoeff();
  std::cout << "PyTorch's outputs:\n"
            << output << "\ntinynet's:\n"
            << found << "\nlargest difference: " << worst << '\n';

  if (worst < 1e-6f) return 0;
  std::cerr << "from_pytorch: the outputs are not PyTorch's\n";
  return 1;
} catch (const std::exception& error) {
  std::cerr << "from_pytorch: " << error.what() << '\n';
  return 1;
}
