// Tensors of complex numbers.
// expect: tinynet: numbers in files are bool, whole numbers of 8 to 64 bits, Eigen::half, Eigen::bfloat16, float or
// double
#include <complex>
#include <tinynet/io/stored_tensor.hpp>

#ifdef TINYNET_MUST_FAIL
constexpr auto type = tinynet::dtype_of<std::complex<float>>();
#else
constexpr auto type = tinynet::dtype_of<const float>();
#endif
