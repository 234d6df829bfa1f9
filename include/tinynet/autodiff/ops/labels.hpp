// The classes that rows belong to: what counts as labels, and how they are checked.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <tinynet/core/device_matrix.hpp>
#include <tinynet/core/error.hpp>
#include <tinynet/core/pool.hpp>
#include <tinynet/core/shape.hpp>
#include <type_traits>
#include <utility>
#include <vector>

namespace tinynet {
namespace detail {

template <class T, class... Others>
inline constexpr bool is_one_of = (std::same_as<T, Others> || ...);

/// Letters and truth values are none, though the language takes them for integers.
template <class T>
concept WholeNumber =
    std::integral<T> && !is_one_of<std::remove_cv_t<T>, bool, char, wchar_t, char8_t, char16_t, char32_t>;

template <class T>
concept LabelRange =
    std::ranges::contiguous_range<T> && std::ranges::sized_range<T> && WholeNumber<std::ranges::range_value_t<T>>;

/// An Eigen matrix, array or expression of whole numbers, which has to be one column or one row.
template <class D>
void take_dense(const Eigen::DenseBase<D>&);
template <class T>
concept LabelVector = requires(const T& labels) {
  detail::take_dense(labels);  // a segment is no DenseBase of its own
  requires WholeNumber<typename T::Scalar>;
};

/// An Eigen vector whose numbers lie side by side. Not every standard library takes Eigen's iterators for those of a
/// contiguous range.
template <class T>
concept ContiguousLabelVector = LabelVector<T> && requires(const T& labels) {
  { labels.data() } -> std::convertible_to<const typename T::Scalar*>;
  requires bool(T::IsVectorAtCompileTime) && T::InnerStrideAtCompileTime == 1;
};

template <class T>
concept HostLabels = LabelVector<T> || LabelRange<T>;

template <class T>
inline constexpr bool is_device_labels = false;

/// Labels that had to be copied to lie one after another.
template <class Number>
class LabelCopy {
 public:
  template <class Derived>
  explicit LabelCopy(const Eigen::DenseBase<Derived>& labels) : size_(labels.size()), numbers_(size_) {
    MatrixView<Number>(numbers_.data(), labels.rows(), labels.cols()) = labels.derived().matrix();
  }

  std::size_t size() const { return static_cast<std::size_t>(size_); }
  const Number* data() const { return numbers_.data(); }
  const Number* begin() const { return data(); }
  const Number* end() const { return data() + size_; }
  const Number& operator[](std::size_t i) const { return data()[i]; }

 private:
  Index size_;
  Buffer<Number> numbers_;
};

/// The labels one after another: where they lie, or copied. Throws Error (usage) for a matrix of several rows and
/// columns.
template <HostLabels L>
auto label_span(const L& labels) {
  if constexpr (ContiguousLabelVector<L>) {
    return std::span<const typename L::Scalar>(labels.data(), static_cast<std::size_t>(labels.size()));
  } else if constexpr (LabelVector<L>) {
    constexpr bool may_be_vector = may_equal(L::RowsAtCompileTime, 1) || may_equal(L::ColsAtCompileTime, 1);
    static_assert(may_be_vector,
                  "tinynet: cross_entropy: expected one label a row: a vector, or a matrix of one column");
    if (labels.rows() != 1 && labels.cols() != 1 && labels.size() != 0)
      throw Error(ErrorCode::usage,
                  "cross_entropy: expected one label a row (a vector, or a matrix of one column), found "
                  "a matrix " +
                      to_string(Shape{labels.rows(), labels.cols()}) + " of labels");
    return LabelCopy<typename L::Scalar>(labels);
  } else {
    return std::span<const std::ranges::range_value_t<L>>(std::ranges::data(labels), std::ranges::size(labels));
  }
}

/// A copy of the labels.
template <class Number, HostLabels L>
std::vector<Number> label_list(const L& labels) {
  const auto all = label_span(labels);
  return std::vector<Number>(all.begin(), all.end());
}

/// Throws Error (usage) unless there is one label a row.
inline void require_count(Index labels, Shape logits) {
  if (labels != logits.rows)
    throw Error(ErrorCode::usage, "cross_entropy: expected one label a row of the logits " + to_string(logits) +
                                      ", found " + std::to_string(labels) + " labels");
}

/// Throws Error (usage) if there are no rows at all, with those of other processes.
inline void require_some_rows(Index all_rows) {
  if (all_rows == 0) throw Error(ErrorCode::usage, "cross_entropy: the batch has no rows");
}

/// What stands for the label of a row that is not to count.
inline constexpr std::int32_t ignored_label = -1;

/// Copies the labels to `to`, those that are `ignore` as ignored_label. Throws Error (data) naming the first other one
/// that is not in [0, classes), and Error (usage) if their number is not that of the logits' rows.
template <class L>
void copy_labels(const L& labels, Shape logits, std::int32_t* to, std::optional<std::int64_t> ignore = std::nullopt) {
  const auto span = label_span(labels);
  const auto count = static_cast<Index>(span.size());
  require_count(count, logits);
  const auto* const label = span.data();
  const auto is_ignored = [ignore](auto number) { return ignore.has_value() && std::cmp_equal(number, *ignore); };
  const auto is_class = [&](auto number) {
    return (std::cmp_greater_equal(number, 0) && std::cmp_less(number, logits.cols)) || is_ignored(number);
  };
  bool ok = true;  // looked at once at the end, so that the loop needs no branch
  for (Index i = 0; i < count; ++i) {
    ok &= is_class(label[i]);
    to[i] = is_ignored(label[i]) ? ignored_label : static_cast<std::int32_t>(label[i]);
  }
  if (ok) return;
  for (Index i = 0;; ++i)
    if (!is_class(label[i]))
      throw Error({.path = {},
                   .what = "cross_entropy: labels[" + std::to_string(i) + "] is " + std::to_string(label[i]),
                   .expected = "0.." + std::to_string(logits.cols - 1),
                   .actual = {}});
}

}  // namespace detail

/// The classes of the rows: a contiguous range of whole numbers; an Eigen vector, column or expression of such; or
/// DeviceLabels. Characters and bool are no whole numbers here.
template <class T>
concept Labels = detail::HostLabels<T> || detail::is_device_labels<T>;

namespace detail {

/// Does not compile, with a sentence, for what are no labels.
template <class L>
constexpr void require_labels() {
  static_assert(
      Labels<L>,
      "tinynet: cross_entropy: the labels must be whole numbers (a vector, array or span of int, std::uint8_t, "
      "...; an Eigen vector or column of such), not characters, bool or floating-point numbers");
}

}  // namespace detail

/// Labels in the memory of a device, of which is remembered how large they are: they need not be checked at every use.
/// They never change, and copies share them.
template <class Device>
class DeviceLabels {
 public:
  /// The type of a label, which says where it lies.
  using Number = detail::On<std::int32_t, Device>;

  /// A copy of the labels. Throws Error (data) if one is negative, or does not fit into 32 bits.
  template <detail::HostLabels L>
  explicit DeviceLabels(const L& labels, Device = {}) : size_(static_cast<Index>(detail::label_span(labels).size())) {
    constexpr Index most = Index{1} << 31;
    const detail::Buffer<std::int32_t> checked(size_);
    if (size_ > 0) detail::copy_labels(labels, {size_, most}, checked.data());
    for (Index i = 0; i < size_; ++i) classes_ = std::max<Index>(classes_, checked[i] + Index{1});
    Numbers numbers(size_, 1);
    detail::copy_across(checked.data(), size_, numbers.data());
    numbers_ = std::make_shared<const Numbers>(std::move(numbers));
  }

  /// `count` of them from number `begin` on.
  DeviceLabels segment(Index begin, Index count) const {
    DeviceLabels part = *this;
    part.begin_ += begin;
    part.size_ = count;
    return part;
  }

  /// How many labels there are.
  Index size() const { return size_; }
  /// The labels one after another, in the device's memory.
  const Number* data() const { return numbers_->data() + begin_; }
  /// One more than the largest label.
  Index classes() const { return classes_; }

  /// A copy in the program's memory.
  std::vector<std::int32_t> to(Cpu) const {
    std::vector<std::int32_t> numbers(static_cast<std::size_t>(size()));
    detail::copy_across(data(), size(), numbers.data());
    return numbers;
  }

 private:
  using Numbers = detail::DeviceMatrix<Number, dynamic, 1>;

  std::shared_ptr<const Numbers> numbers_;
  Index begin_ = 0, size_, classes_ = 0;
};

namespace detail {

template <class Device>
inline constexpr bool is_device_labels<DeviceLabels<Device>> = true;

/// The labels for logits of such a shape, checked, with `data()` on the device where the logits are. Throws Error
/// (data) for a label that is no class, and Error (usage) if their number is not that of the rows.
template <class Scalar, class L>
auto checked_labels(const L& labels, Shape logits, std::optional<std::int64_t> ignore = std::nullopt) {
  if constexpr (is_device_labels<L>) {
    if (ignore)
      throw Error(ErrorCode::usage, "cross_entropy: ignore_index needs labels in the program's memory, not a device's");
    static_assert(std::is_same_v<typename L::Number, moved_to<std::int32_t, device_of<Scalar>>>,
                  "tinynet: cross_entropy: the logits and the labels are on different devices");
    require_count(labels.size(), logits);
    if (labels.classes() > logits.cols) {
      const auto numbers = labels.to(cpu);
      copy_labels(numbers, logits, Buffer<std::int32_t>(logits.rows).data());  // says which one it is
    }
    return labels;
  } else {
    Buffer<std::int32_t> checked(logits.rows);
    copy_labels(labels, logits, checked.data(), ignore);
    if constexpr (on_cpu<Scalar>) {
      return checked;
    } else {
      Buffer<moved_to<std::int32_t, device_of<Scalar>>> there(logits.rows);
      copy_across(checked.data(), logits.rows, there.data());
      return there;
    }
  }
}

}  // namespace detail
}  // namespace tinynet
