// A list that is put together at run time does not know what to send.
// expect: tinynet: SequentialList has forgotten its modules' types
#include <tinynet/nn/linear.hpp>
#include <tinynet/nn/sequential.hpp>

auto sent(const tinynet::SequentialList<float>& list, const tinynet::Linear<3, 2>& layer) {
#ifdef TINYNET_MUST_FAIL
  return list.to(tinynet::cpu);
#else
  return tinynet::SequentialList<float>(list).add(layer.to(tinynet::cpu)).size();
#endif
}
