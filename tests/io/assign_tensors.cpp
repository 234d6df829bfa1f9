#include <doctest/doctest.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <list>
#include <memory>
#include <string>
#include <tinynet/io/assign_tensors.hpp>
#include <vector>

#include "temporary_folder.hpp"

using test::error_of;
using test::mentions;
using test::well_formed;
using tinynet::assign_tensors;
using tinynet::Dtype;
using tinynet::dtype_of;
using tinynet::Error;
using tinynet::ErrorCode;
using tinynet::Index;
using tinynet::LoadReport;
using tinynet::NamedTensor;
using tinynet::StoredTensor;

namespace {

const std::string path = "some/file";

// Tensors of a file, with their bytes, which copies share.
class Stored {
 public:
  template <class T>
  Stored& add(const std::string& name, const std::vector<Index>& shape, const std::vector<T>& values) {
    auto& bytes = memory_->emplace_back(values.size() * sizeof(T));
    if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
    tensors.push_back({.name = name, .dtype = dtype_of<T>(), .shape = shape, .bytes = bytes, .offset = offset_});
    offset_ += bytes.size();
    return *this;
  }
  std::vector<StoredTensor> tensors;

 private:
  std::shared_ptr<std::list<std::vector<std::uint8_t>>> memory_ =
      std::make_shared<std::list<std::vector<std::uint8_t>>>();
  std::uint64_t offset_ = 1000;
};

template <class Scalar>
struct Net {
  std::vector<Scalar> weight = std::vector<Scalar>(6, Scalar(-7));
  std::vector<Scalar> bias = std::vector<Scalar>(2, Scalar(-7));

  std::vector<NamedTensor<Scalar>> tensors() {
    return {{"l1.weight", {2, 3}, weight.data()}, {"l1.bias", {2}, bias.data()}};
  }
  bool untouched() const {
    return weight == std::vector<Scalar>(6, Scalar(-7)) && bias == std::vector<Scalar>(2, Scalar(-7));
  }
};

// The error, after which nothing may have been written.
template <class Scalar>
Error refused(const Stored& stored, const tinynet::LoadOptions& options = {}) {
  Net<Scalar> net;
  const Error error = error_of([&] { assign_tensors(path, stored.tensors, net.tensors(), options); });
  CHECK(net.untouched());
  CHECK(well_formed(error, path));
  return error;
}

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

}  // namespace

TEST_CASE("tensors are found by name, whatever their order") {
  Net<float> net;
  const Stored stored = Stored().add<float>("l1.bias", {2}, {7, 8}).add<float>("l1.weight", {2, 3}, {1, 2, 3, 4, 5, 6});
  const LoadReport report = assign_tensors(path, stored.tensors, net.tensors());
  CHECK(net.weight == std::vector<float>{1, 2, 3, 4, 5, 6});
  CHECK(net.bias == std::vector<float>{7, 8});
  CHECK(report.converted.empty());
  CHECK(report.ignored.empty());
}

TEST_CASE("row 64: each finite number keeps its bits") {
  const float tiny = std::numeric_limits<float>::denorm_min();
  Net<float> net;
  const std::vector<float> values{-0.0f, tiny, -tiny, 1e38f, 0.1f, std::numeric_limits<float>::max()};
  const Stored stored = Stored().add<float>("l1.weight", {2, 3}, values).add<float>("l1.bias", {2}, {0, 1});
  assign_tensors(path, stored.tensors, net.tensors());
  for (std::size_t i = 0; i < 6; ++i)
    CHECK(std::bit_cast<std::uint32_t>(net.weight[i]) == std::bit_cast<std::uint32_t>(values[i]));

  Net<double> wide;
  assign_tensors(path, stored.tensors, wide.tensors());
  for (std::size_t i = 0; i < 6; ++i)
    CHECK(std::bit_cast<std::uint64_t>(wide.weight[i]) == std::bit_cast<std::uint64_t>(double{values[i]}));
}

TEST_CASE("row 60: wider and narrower numbers are converted only if asked for") {
  const Stored doubles =
      Stored().add<double>("l1.weight", {2, 3}, {0.1, 2, 3, 4, 5, 6}).add<float>("l1.bias", {2}, {7, 8});
  Net<double> exact;
  CHECK(assign_tensors(path, doubles.tensors, exact.tensors()).converted.empty());
  CHECK(exact.weight[0] == 0.1);

  const Error error = refused<float>(doubles);
  CHECK(error.code() == ErrorCode::data);
  CHECK(mentions(error, "l1.weight has type F64 instead of F32 (LoadOptions::convert takes it)"));
  CHECK(mentions(refused<float>(doubles, {.convert_name = "--convert"}), "(--convert takes it)"));
  CHECK_FALSE(mentions(error, "l1.bias has"));
  Net<float> net;
  const LoadReport report = assign_tensors(path, doubles.tensors, net.tensors(), {.convert = true});
  CHECK(report.converted == std::vector<std::string>{"l1.weight"});
  CHECK(net.weight[0] == 0.1f);
  CHECK(net.bias[1] == 8.0f);

  const Stored halves = Stored()
                            .add<Eigen::half>("l1.weight", {2, 3}, std::vector<Eigen::half>(6, Eigen::half(0.5f)))
                            .add<Eigen::bfloat16>("l1.bias", {2}, {Eigen::bfloat16(1.5f), Eigen::bfloat16(-2.0f)});
  CHECK(mentions(refused<float>(halves), "l1.bias has type BF16"));
  CHECK(mentions(refused<double>(halves), "l1.weight has type F16"));
  assign_tensors(path, halves.tensors, net.tensors(), {.convert = true});
  CHECK(net.weight == std::vector<float>(6, 0.5f));
  CHECK(net.bias == std::vector<float>{1.5f, -2.0f});

  const Stored integers =
      Stored().add<std::int32_t>("l1.weight", {2, 3}, {1, 2, 3, 4, 5, 6}).add<float>("l1.bias", {2}, {7, 8});
  CHECK(mentions(refused<float>(integers, {.convert = true}), "has type I32 instead of F32"));
}

TEST_CASE("row 61: all differences at once") {
  const Error error = refused<float>(Stored()
                                         .add<float>("l1.weight", {3, 2}, {1, 2, 3, 4, 5, 6})
                                         .add<float>("l2.weight", {1}, {1})
                                         .add<double>("lo", {}, {1}));
  CHECK(error.code() == ErrorCode::data);
  CHECK(mentions(error, "l1.weight is transposed: [3, 2] instead of [2, 3]"));
  CHECK(mentions(error, "l1.bias is missing"));
  CHECK(mentions(error, "l2.weight [1] is one too many"));
  CHECK(mentions(error, "lo [] is one too many"));
  CHECK(mentions(
      refused<float>(Stored().add<double>("l1.weight", {6}, {1, 2, 3, 4, 5, 6}).add<float>("l1.bias", {2}, {7, 8})),
      "l1.weight has another shape: [6] instead of [2, 3] and has type F64 instead of F32"));
  CHECK(mentions(refused<float>({}), "found no tensors"));
}

TEST_CASE("row 62: another net, both layouts") {
  const Error error =
      refused<float>(Stored().add<float>("l1.weight", {1, 3}, {1, 2, 3}).add<float>("l1.bias", {1}, {7}));
  CHECK(error.expected() == "l1.weight [2, 3], l1.bias [2]");
  CHECK(error.actual() == "l1.weight [1, 3], l1.bias [1]");
  Stored many;
  for (int i = 0; i < 100; ++i) many.add<float>(std::to_string(i), {1}, {1});
  CHECK(error_of([&] { assign_tensors<float>(path, many.tensors, {}); }).actual().ends_with("... (100 tensors)"));
}

TEST_CASE("row 64: NaN and infinity are refused with name and index, or taken if asked for") {
  for (const float bad : {not_a_number, infinity, -infinity}) {
    Stored stored;
    stored.add<float>("l1.bias", {2}, {7, 8}).add<float>("l1.weight", {2, 3}, {1, 2, 3, 4, 5, bad});
    const Error error = refused<float>(stored);
    CHECK(error.code() == ErrorCode::numeric);
    CHECK(error.offset() == 1000u + 8 + 20);
    CHECK(mentions(error, "l1.weight[1, 2]"));
    CHECK(mentions(error, ". LoadOptions::allow_nonfinite takes it"));
    CHECK(mentions(refused<float>(stored, {.allow_nonfinite_name = "--nan"}), ". --nan takes it"));
    CHECK(refused<double>(stored).code() == ErrorCode::numeric);
    Net<float> net;
    assign_tensors(path, stored.tensors, net.tensors(), {.allow_nonfinite = true});
    CHECK(std::bit_cast<std::uint32_t>(net.weight[5]) == std::bit_cast<std::uint32_t>(bad));
  }
  // Finite in the file, infinite in the net.
  Stored large;
  large.add<float>("l1.weight", {2, 3}, std::vector<float>(6)).add<double>("l1.bias", {2}, {0, 1e300});
  CHECK(refused<float>(large, {.convert = true}).code() == ErrorCode::numeric);
}

TEST_CASE("what BatchNorm of PyTorch writes beside its numbers is ignored") {
  Net<float> net;
  Stored stored;
  stored.add<float>("l1.weight", {2, 3}, std::vector<float>(6))
      .add<float>("l1.bias", {2}, {0, 1})
      .add<std::int64_t>("bn.num_batches_tracked", {}, {5});
  const LoadReport report = assign_tensors(path, stored.tensors, net.tensors());
  CHECK(report.ignored == std::vector<std::string>{"bn.num_batches_tracked"});
  stored.add<std::int64_t>("bn.other", {}, {5}).add<float>("num_batches_tracked", {}, {5});
  const Error error = refused<float>(stored);
  CHECK(mentions(error, "bn.other"));
  CHECK(mentions(error, "; num_batches_tracked"));
  CHECK_FALSE(mentions(error, "bn.num_batches_tracked [] is"));
}

TEST_CASE("two tensors of one name in the net") {
  float x = 0;
  const Stored stored = Stored().add<float>("a", {}, {1});
  const Error error = error_of([&] { assign_tensors<float>(path, stored.tensors, {{"a", {}, &x}, {"a", {}, &x}}); });
  CHECK(error.code() == ErrorCode::usage);
  CHECK(x == 0);
}

TEST_CASE("single numbers and empty tensors") {
  float x = 0;
  const Stored stored = Stored().add<float>("a", {}, {3}).add<float>("b", {0, 4}, {});
  assign_tensors<float>(path, stored.tensors, {{"a", {}, &x}, {"b", {0, 4}, nullptr}});
  CHECK(x == 3);
}
