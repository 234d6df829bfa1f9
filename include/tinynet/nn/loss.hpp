// The loss functions as objects that remember their options, as in torch.nn.
#pragma once

#include <tinynet/nn/fused_loss.hpp>

namespace tinynet {

/// See cross_entropy.
struct CrossEntropyLoss {
  CrossEntropyOptions options{};  ///< see there
  template <class X, class L>
  auto operator()(const X& logits, const L& labels) const {
    return cross_entropy(logits, labels, options);
  }
};

/// See mse_loss.
struct MSELoss {
  Reduction reduction = Reduction::mean;  ///< of the elements' losses
  template <class X, class T>
  auto operator()(const X& x, const T& target) const {
    return mse_loss(x, target, reduction);
  }
};

/// See l1_loss.
struct L1Loss {
  Reduction reduction = Reduction::mean;  ///< of the elements' losses
  template <class X, class T>
  auto operator()(const X& x, const T& target) const {
    return l1_loss(x, target, reduction);
  }
};

/// See huber_loss.
struct HuberLoss {
  HuberOptions options{};  ///< see there
  template <class X, class T>
  auto operator()(const X& x, const T& target) const {
    return huber_loss(x, target, options);
  }
};

/// See bce_with_logits.
struct BCEWithLogitsLoss {
  Reduction reduction = Reduction::mean;  ///< of the elements' losses
  template <class X, class T>
  auto operator()(const X& x, const T& target) const {
    return bce_with_logits(x, target, reduction);
  }
};

}  // namespace tinynet
