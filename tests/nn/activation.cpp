#include <doctest/doctest.h>

#include <limits>
#include <sstream>
#include <string>
#include <tinynet/nn/activation.hpp>

using namespace tinynet;

namespace {

template <class M>
std::string text(const M& module) {
  std::ostringstream out;
  out << module;
  return out.str();
}

template <class M>
double distance(const M& module, const Matrix<double, 1, 5>& expected) {
  const auto x = variable(Matrix<double, 1, 5>{{-2.5, -0.5, 0, 0.75, 3}});
  return (module(x).value() - expected).cwiseAbs().maxCoeff();
}

}  // namespace

TEST_CASE("values are PyTorch's") {
  CHECK(distance(ReLU{}, {0.0, 0.0, 0.0, 0.75, 3.0}) < 1e-14);
  CHECK(distance(LeakyReLU{0.2}, {-0.5, -0.1, 0.0, 0.75, 3.0}) < 1e-14);
  CHECK(distance(ELU{0.5}, {-0.45895750068805063, -0.1967346701436833, 0.0, 0.75, 3.0}) < 1e-14);
  CHECK(distance(Sigmoid{}, {0.07585818002124355, 0.3775406687981454, 0.5, 0.679178699175393, 0.9525741268224334}) <
        1e-14);
  CHECK(distance(Tanh{}, {-0.9866142981514303, -0.46211715726000974, 0.0, 0.6351489523872873, 0.9950547536867305}) <
        1e-14);
  CHECK(distance(Softplus{2, 1}, {0.003357674244559034, 0.15663084375911143, 0.34657359027997264, 0.75, 3.0}) < 1e-14);
  CHECK(distance(SiLU{}, {-0.18964545005310887, -0.1887703343990727, 0.0, 0.5093840243815447, 2.8577223804672998}) <
        1e-14);
  CHECK(distance(GELU{}, {-0.015524163314440398, -0.15426876936299344, 0.0, 0.5800294857173489, 2.99595030590511}) <
        1e-14);
  CHECK(distance(GELUTanh{},
                 {-0.015084266089998577, -0.15428599017485606, 0.0, 0.5799605551656203, 2.996362607918227}) < 1e-14);
  CHECK(distance(Softmax{}, {0.0034357906462118572, 0.025387249829040608, 0.04185649879771744, 0.0886102086501162,
                             0.8407102520769139}) < 1e-14);
  CHECK(distance(LogSoftmax{}, {-5.673508206224015, -3.6735082062240143, -3.1735082062240143, -2.4235082062240143,
                                -0.1735082062240144}) < 1e-14);
}

TEST_CASE("each is printed as by PyTorch") {
  CHECK(text(ReLU{}) == "ReLU()");
  CHECK(text(LeakyReLU{}) == "LeakyReLU(negative_slope=0.01)");
  CHECK(text(LeakyReLU{0.1234567}) == "LeakyReLU(negative_slope=0.1234567)");
  CHECK(text(ELU{}) == "ELU(alpha=1.0)");
  CHECK(text(Sigmoid{}) == "Sigmoid()");
  CHECK(text(Tanh{}) == "Tanh()");
  CHECK(text(Softplus{}) == "Softplus(beta=1.0, threshold=20.0)");
  CHECK(text(Softplus{0.5, 1e5}) == "Softplus(beta=0.5, threshold=100000.0)");
  CHECK(text(SiLU{}) == "SiLU()");
  CHECK(text(GELU{}) == "GELU(approximate='none')");
  CHECK(text(GELUTanh{}) == "GELU(approximate='tanh')");
  CHECK(text(Softmax{}) == "Softmax(dim=1)");
  CHECK(text(LogSoftmax{}) == "LogSoftmax(dim=1)");
}

TEST_CASE("numbers are printed as by Python") {
  using detail::python_number;
  CHECK(python_number(0) == "0.0");
  CHECK(python_number(-2) == "-2.0");
  CHECK(python_number(1e-4) == "0.0001");
  CHECK(python_number(1e-5) == "1e-05");
  CHECK(python_number(1.5e-12) == "1.5e-12");
  CHECK(python_number(1.0 / 3) == "0.3333333333333333");
  CHECK(python_number(123456789) == "123456789.0");
  CHECK(python_number(1e6) == "1000000.0");
  CHECK(python_number(9007199254740993.0) == "9007199254740992.0");
  CHECK(python_number(1e16) == "1e+16");
  CHECK(python_number(-1.7976931348623157e308) == "-1.7976931348623157e+308");
  CHECK(python_number(std::numeric_limits<double>::infinity()) == "inf");
}

TEST_CASE("an activation can be chosen by its name") {
  const auto description = [](const char* name) {
    return std::visit([](const auto& activation) { return text(activation); }, activation_by_name(name));
  };
  CHECK(description("relu") == "ReLU()");
  CHECK(description("leaky_relu") == "LeakyReLU(negative_slope=0.01)");
  CHECK(description("elu") == "ELU(alpha=1.0)");
  CHECK(description("sigmoid") == "Sigmoid()");
  CHECK(description("tanh") == "Tanh()");
  CHECK(description("softplus") == "Softplus(beta=1.0, threshold=20.0)");
  CHECK(description("silu") == "SiLU()");
  CHECK(description("gelu") == "GELU(approximate='none')");
  CHECK(description("gelu_tanh") == "GELU(approximate='tanh')");
  CHECK_THROWS_WITH_AS(activation_by_name("swish\n"),
                       "activation: expected one of relu, leaky_relu, elu, sigmoid, tanh, softplus, silu, gelu, "
                       "gelu_tanh, found 'swish\\x0a'",
                       Error);
}

TEST_CASE("a module without numbers of its own computes in the data's type") {
  const Matrix<double> wide{{-1, 2}};
  CHECK(ReLU{}(wide).value() == Matrix<double>{{0, 2}});
  const Matrix<std::uint8_t> bytes{{0, 200}};
  CHECK(Tanh{}(bytes).value()(0, 1) == 1.0f);
}
