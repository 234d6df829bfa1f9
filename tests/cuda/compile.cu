// Instances of the fused kernels, for check_spills.py: bytes, floats and doubles, layers whose gradients stay in
// registers and layers whose do not, every function, loss and rule once.
#include <tinynet/autodiff/ops/loss.hpp>
#include <tinynet/cuda/fused_mlp.cuh>
#include <tinynet/optim/adadelta.hpp>
#include <tinynet/optim/adagrad.hpp>
#include <tinynet/optim/adam.hpp>
#include <tinynet/optim/rmsprop.hpp>
#include <tinynet/optim/sgd.hpp>

namespace gpu = tinynet::detail::gpu;
namespace functions = tinynet::functions;
namespace rules = tinynet::rules;

namespace {

template <class Plan>
using CrossEntropy = gpu::CrossEntropyRow<typename Plan::Scalar, Plan::Net::out.back()>;
template <class Plan, class Error = functions::SquaredError>
using Elementwise = gpu::ElementwiseRow<typename Plan::Scalar, Plan::Net::out.back(), Error>;

template <class Plan, class Loss>
using Step = gpu::StepArguments<Plan, Loss>;
template <class Net, class Number, class Scalar = float, int TileRows = 32>
using Plan = gpu::StepPlan<Net, Scalar, Number, TileRows>;

template <class Function, int... Sizes>
using Net = decltype(gpu::perceptron<Sizes...>(Function()));
using Main = Net<functions::ReLU, 784, 30, 30, 10>;

using Bytes = Plan<Main, std::uint8_t>;
using LowTiles = Plan<Main, std::uint8_t, float, 16>;
using TallTiles = Plan<Main, std::uint8_t, float, 64>;
using Floats = Plan<Main, float>;
using Wide = Plan<Net<functions::Tanh, 784, 128, 128, 10>, std::uint8_t>;
using Doubles = Plan<Net<functions::GELU, 20, 30, 5>, double, double>;
using Functions =
    Plan<gpu::LayerList<gpu::Layer<40, 20, functions::LeakyReLU>, gpu::Layer<20, 20, functions::ELU>,
                        gpu::Layer<20, 9, functions::Sigmoid, false>, gpu::Layer<9, 8, functions::Softplus>,
                        gpu::Layer<8, 17, functions::SiLU>, gpu::Layer<17, 3, functions::GELUTanh>, gpu::Layer<3, 2>>,
         float>;

}  // namespace

template void gpu::launch(const Step<Bytes, CrossEntropy<Bytes>>&, std::size_t, gpu::Queue&);
template void gpu::launch(const Step<LowTiles, CrossEntropy<LowTiles>>&, std::size_t, gpu::Queue&);
template void gpu::launch(const Step<TallTiles, CrossEntropy<TallTiles>>&, std::size_t, gpu::Queue&);
template void gpu::launch(const Step<Floats, Elementwise<Floats>>&, std::size_t, gpu::Queue&);
template void gpu::launch(const Step<Wide, CrossEntropy<Wide>>&, std::size_t, gpu::Queue&);
template void gpu::launch(const Step<Doubles, CrossEntropy<Doubles>>&, std::size_t, gpu::Queue&);
template void gpu::launch(const Step<Floats, Elementwise<Floats, functions::AbsoluteError>>&, std::size_t, gpu::Queue&);
template void gpu::launch(const Step<Floats, Elementwise<Floats, functions::HuberError>>&, std::size_t, gpu::Queue&);
template void gpu::launch(const Step<Functions, Elementwise<Functions, functions::LogitsError>>&, std::size_t,
                          gpu::Queue&);

template void gpu::launch(const gpu::UpdateArguments<gpu::KeepParameters, 0, float>&, std::size_t, gpu::Queue&);
template void gpu::launch(const gpu::UpdateArguments<rules::SGD, 0, float>&, std::size_t, gpu::Queue&);
template void gpu::launch(const gpu::UpdateArguments<rules::Momentum, 1, float>&, std::size_t, gpu::Queue&);
template void gpu::launch(const gpu::UpdateArguments<rules::Adam, 2, float>&, std::size_t, gpu::Queue&);
template void gpu::launch(const gpu::UpdateArguments<rules::Adam, 2, double>&, std::size_t, gpu::Queue&);
template void gpu::launch(const gpu::UpdateArguments<rules::RMSprop, 3, float>&, std::size_t, gpu::Queue&);
template void gpu::launch(const gpu::UpdateArguments<rules::Adagrad, 1, float>&, std::size_t, gpu::Queue&);
template void gpu::launch(const gpu::UpdateArguments<rules::Adadelta, 2, float>&, std::size_t, gpu::Queue&);
