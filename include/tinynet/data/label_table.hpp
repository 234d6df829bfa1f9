// What belongs to each row of a table that is given out in batches.
#pragma once

#include <concepts>
#include <memory>
#include <ranges>
#include <span>
#include <tinynet/autodiff/operand.hpp>
#include <tinynet/autodiff/ops/labels.hpp>
#include <type_traits>
#include <vector>

namespace tinynet::detail {

/// A label of each row. They are the user's, and must outlive this; but those in an Eigen vector, column or expression
/// are copied, and copies of this share them.
template <class Label>
class LabelTable {
  static_assert(
      !std::integral<Label> || WholeNumber<Label>,
      "tinynet: the labels of batches must be whole numbers (int, std::uint8_t, ...), not characters or bool");

 public:
  LabelTable(std::span<const Label> labels) : labels_(labels) {}
  template <std::ranges::contiguous_range L>
  requires(!EigenOperand<L> && std::is_convertible_v<const L&, std::span<const Label>>) LabelTable(const L& labels)
      : labels_(labels) {}
  template <LabelVector L>
  LabelTable(const L& labels)
      : own_(std::make_shared<const std::vector<Label>>(label_list<Label>(labels))), labels_(*own_) {}
  template <class L>
  requires(std::ranges::range<L> && !std::is_lvalue_reference_v<L> && !std::ranges::borrowed_range<L> &&
           !EigenOperand<std::remove_const_t<L>>) LabelTable(L&&)
  = delete;  // tinynet: batches of labels that are a temporary: give them a name

  Index size() const { return static_cast<Index>(labels_.size()); }
  /// That of row i.
  const Label& operator[](Index i) const { return labels_[static_cast<std::size_t>(i)]; }
  /// Those of `count` rows from `begin` on.
  std::span<const Label> part(Index begin, Index count) const {
    return labels_.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(count));
  }

 private:
  std::shared_ptr<const std::vector<Label>> own_;  // null: they are the user's
  std::span<const Label> labels_;
};

template <class L>
struct LabelOf {
  using type = std::ranges::range_value_t<L>;
};
template <EigenOperand L>
struct LabelOf<L> {
  using type = typename L::Scalar;
};
/// The type of what is given with a row.
template <class L>
using label_of = typename LabelOf<L>::type;

}  // namespace tinynet::detail
