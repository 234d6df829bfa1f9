// Any bytes as a safetensors file.
#include <array>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <tinynet/io/module.hpp>

#include "safetensors_file.hpp"
#include "small_net.hpp"

namespace {

using fuzz::Bytes;
using fuzz::ByteView;
using fuzz::check;
using fuzz::Random;
using tinynet::Dtype;
using tinynet::Error;
using tinynet::ErrorCode;
using tinynet::Index;
using tinynet::StoredTensor;

const std::string name = "fuzz.safetensors";
using Net = tinynet::MLP<3, 2, 2>;

// The tensors are what lies behind the header, one after another to the end.
void check_tensors(const tinynet::SafeTensors& file, ByteView bytes) {
  const std::size_t header = 8 + fuzz::split(bytes)->header.size();
  std::size_t end = header;
  for (const StoredTensor& t : file.tensors()) {
    std::size_t size = dtype_size(t.dtype);
    for (const Index n : t.shape) size *= static_cast<std::size_t>(n);
    check(t.offset == end && t.bytes.size() == size, "each tensor begins where the one before ends");
    check(size <= bytes.size() - end, "no tensor reaches beyond the end");
    check(size == 0 || std::memcmp(t.bytes.data(), bytes.data() + end, size) == 0, "the bytes are the file's");
    check(file.find(t.name) == &t, "no name occurs twice");
    check(tinynet::detail::bad_name(t.name).empty(), "names can be printed");
    end += size;
  }
  check(end == bytes.size(), "the tensors fill the file");
}

// Written again, it is read as the same.
void check_round_trip(const tinynet::SafeTensors& file) {
  const Bytes written = fuzz::make_file(file.tensors(), file.metadata(), true);
  const tinynet::SafeTensors again = tinynet::parse_safetensors(written, name);
  check(again.verified() && again.metadata() == file.metadata(), "the metadata come back");
  check(again.tensors().size() == file.tensors().size(), "the tensors come back");
  for (std::size_t i = 0; i < file.tensors().size(); ++i) {
    const StoredTensor &a = file.tensors()[i], &b = again.tensors()[i];
    check(a.name == b.name && a.dtype == b.dtype && a.shape == b.shape &&
              std::equal(a.bytes.begin(), a.bytes.end(), b.bytes.begin(), b.bytes.end()),
          "each tensor comes back");
  }
}

// Into a net, and through it.
void load(const tinynet::SafeTensors& file, std::size_t size, tinynet::LoadOptions options) {
  Net net;
  const auto weights = tinynet::state_dict(net);
  for (const auto& t : weights) std::fill(t.data, t.data + t.size(), 7.0f);
  const bool accepted = fuzz::accepts(size, [&] { tinynet::assign_tensors(name, file.tensors(), weights, options); },
                                      {ErrorCode::data, ErrorCode::numeric});
  for (const auto& t : weights)
    for (Index i = 0; i < t.size(); ++i) {
      check(accepted || t.data[i] == 7.0f, "nothing is written unless all fits");
      check(!accepted || options.allow_nonfinite || tinynet::detail::is_finite(t.data[i]), "no NaN gets in unasked");
      if (accepted && file.find(t.name)->dtype == Dtype::F32)
        check(std::memcmp(&t.data[i], file.find(t.name)->bytes.data() + 4 * i, 4) == 0, "each weight is the file's");
    }
  if (!accepted) return;
  const tinynet::Matrix<float, 2, 3> x = tinynet::Matrix<float, 2, 3>::Constant(0.5f);
  tinynet::no_grad([&] { check(net(x).value().rows() == 2, "the net runs"); });
}

// Tensors as Net has them, or any.
Bytes make(Random& random) {
  static constexpr std::array types{Dtype::F32, Dtype::F64, Dtype::F16, Dtype::BF16, Dtype::I64, Dtype::U8};
  struct Kind {
    const char* name;
    std::vector<Index> shape;
  };
  const std::vector<Kind> kinds{
      {"l1.weight", {2, 3}},        {"l1.bias", {2}}, {"lo.weight", {2, 2}}, {"lo.bias", {2}}, {"n", {}}, {"e", {0, 2}},
      {"x.num_batches_tracked", {}}};
  const bool of_net = !fuzz::one_in(random, 3);
  const Dtype type = types[fuzz::one_in(random, 2) ? 0 : fuzz::below(random, types.size())];
  std::vector<StoredTensor> tensors;
  std::vector<Bytes> memory;
  memory.reserve(kinds.size());
  for (std::size_t k = 0; k < (of_net ? 4 : kinds.size()); ++k) {
    if (!of_net && fuzz::one_in(random, 2)) continue;
    StoredTensor t{.name = kinds[k].name, .dtype = k == 6 ? Dtype::I64 : type, .shape = kinds[k].shape};
    std::size_t size = dtype_size(t.dtype);
    for (const Index n : t.shape) size *= static_cast<std::size_t>(n);
    Bytes& bytes = memory.emplace_back(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(fuzz::below(random, 64));
    t.bytes = bytes;
    tensors.push_back(std::move(t));
  }
  tinynet::Metadata metadata;
  if (fuzz::one_in(random, 2)) metadata = {{"format", "pt"}, {"note", "\xC3\xA9 \"\\\n"}};
  return fuzz::make_file(tensors, metadata, !fuzz::one_in(random, 3));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  std::optional<tinynet::SafeTensors> file;
  if (!fuzz::accepts(size, [&] { file.emplace(tinynet::parse_safetensors(bytes, name)); })) return 0;
  check_tensors(*file, bytes);
  check_round_trip(*file);
  load(*file, size, {});
  load(*file, size, {.convert = true, .allow_nonfinite = true});
  return 0;
}

std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  return fuzz::mutated(data, size, max_size, seed, make, fuzz::change_safetensors);
}
