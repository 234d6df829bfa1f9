"""Faults that the tests must notice: what is put in the place of what, and the test that is the first to see it."""

import typing


class Fault(typing.NamedTuple):
    name: str
    file: str  # below include/tinynet
    text: str  # occurs there exactly once
    replacement: str
    why: str  # what is wrong then
    test: str  # below tests, without .cpp


FAULTS = [
    # Derivatives
    Fault("sign", "autodiff/functions.hpp", "return -math::sin(x);", "return math::sin(x);",
          "the sign of the cosine's derivative", "autodiff/functions"),
    Fault("mask", "autodiff/functions.hpp", "return math::select(math::less(T(0), x), T(1), T(0));",
          "return math::select(math::less(x, T(0)), T(1), T(0));",
          "ReLU passes the gradients of units that are off", "autodiff/functions"),
    Fault("hidden-nan", "autodiff/functions.hpp", "return math::select(math::less(x, T(0)), T(0), x);",
          "return math::select(math::less(T(0), x), x, T(0));",
          "ReLU makes 0 of NaN", "autodiff/functions"),
    Fault("transposed", "autodiff/ops/matmul.hpp",
          "multiply_stored(dx.data, dy, by.turned(), dx.accumulate);",
          "multiply_stored(dx.data, dy, StoredFactor<Scalar>{w.value(), {w.shape().cols, w.shape().rows}}, dx.accumulate);",
          "the second factor is not transposed for the first one's gradient", "autodiff/ops/matmul"),
    Fault("overwritten", "autodiff/ops/matmul.hpp", "dy, dw.accumulate);", "dy, false);",
          "a factor that is used twice keeps only one gradient", "autodiff/ops/matmul"),

    # Losses
    Fault("sum-for-mean", "nn/fused_loss.hpp",
          "factor_ = row_factor(options, labels, x.all_rows(), x.ranks());",
          "factor_ = 1.0;",
          "1/N is missing in the fused cross entropy", "nn/fused_loss"),
    Fault("gradient-of-the-sum", "autodiff/ops/loss.hpp", "return f.derivative(x, t) * T(factor);",
          "return f.derivative(x, t);",
          "1/N is missing in the gradients of mean losses, but not in their values", "autodiff/ops/loss"),
    Fault("labels-of-others", "nn/fused_loss.hpp", "classes_.data() + begin, smoothing_",
          "classes_.data() + 0 * begin, smoothing_",
          "every part of the rows gets the labels of the first", "nn/fused_loss"),
    Fault("last-row", "cpu/softmax.hpp",
          "for (Index r = partition.begin(part); r < partition.end(part); ++r)",
          "for (Index r = partition.begin(part); r + 1 < partition.end(part); ++r)",
          "the last row of every part is left out of the cross entropy", "autodiff/ops/loss"),
    Fault("no-shift", "cpu/softmax.hpp",
          "const Scalar largest = top.max();\n    const P shift(largest);\n    P total = math::exp(rest - shift);",
          "const Scalar largest(0);\n    const P shift(largest);\n    P total = math::exp(rest - shift);",
          "the largest logit is not taken off, and exponentials overflow", "cpu/softmax"),

    # Kernels, sums and their order
    Fault("tail", "cpu/kernels.hpp", "while (row < rows) run(std::integral_constant<Index, 1>{});",
          "while (row + 1 < rows) run(std::integral_constant<Index, 1>{});",
          "the odd row at the end of a tile is not computed", "cpu/kernels"),
    Fault("list-end", "cpu/sparse_kernels.hpp", "if (k < rest) add(first, list.index[e + k], P(values[k]));", "",
          "the last of an odd number of pixels is not read", "cpu/sparse_kernels"),
    Fault("unit-order", "cpu/fused_weights.hpp", "Scalar* const row = s.weight_gradient + output(l, j) * s.in;",
          "Scalar* const row = s.weight_gradient + j * s.in;",
          "gradients of the first layer go to other units when these have been put in another order", "nn/fused_loss"),
    Fault("threads", "cpu/reduce.hpp", "const Partition partition(count, smallest_part);",
          "const Partition partition(count, smallest_part * num_threads());",
          "the order of a sum depends on the number of threads", "cpu/reduce"),
    Fault("compensation", "core/compensated.hpp", "lost = (changed - number) - change;",
          "lost = change - (changed - number);",
          "what rounding took from a step is taken once more", "core/compensated"),

    Fault("foreign-write", "core/compensated.hpp", "return math::select(math::equal(number, written), lost, Number(0));",
          "return lost;",
          "what rounding kept from numbers outlives them", "optim/optimizer"),

    # Optimizers
    Fault("beta", "optim/adam.hpp", "v = math::multiply_add(T(beta2), v, T(1 - beta2) * g * g);",
          "v = math::multiply_add(T(beta1), v, T(1 - beta1) * g * g);",
          "Adam's second moment decays as fast as its first", "optim/adam"),
    Fault("bias-correction", "optim/adam.hpp", "step_size(lr / (1 - std::pow(b1, static_cast<double>(t)))),",
          "step_size(lr),",
          "Adam's first moment is not corrected for its start at 0", "optim/adam"),
    Fault("epsilon", "optim/rmsprop.hpp", "g / (math::sqrt(variance) + T(options.eps));",
          "g / math::sqrt(variance + T(options.eps));",
          "RMSprop's epsilon is within the root", "optim/rmsprop"),
    Fault("first-momentum", "optim/sgd.hpp", "v = first ? g : math::multiply_add(",
          "v = math::multiply_add(",
          "the first gradient is dampened, too", "optim/sgd"),

    # Files
    Fault("checksum", "io/safetensors.hpp", "if (stored != computed)", "if (stored.size() != computed.size())",
          "a file's checksum is not compared", "io/safetensors"),
    Fault("fsync", "io/file.hpp",
          'if (os::sync(file_.get()) != 0) io_error(name_, "cannot be brought to the disk", errno);', "",
          "a new file is put in the old one's place before it is on the disk", "io/file"),
    Fault("label", "data/idx.hpp", "if (label < 0 || label >= classes)", "if (label < 0 || label > classes)",
          "the label 10 passes where 0 to 9 are allowed", "data/idx"),
    Fault("resumed-steps", "optim/optimizer.hpp", "    steps_ = steps;\n    state_ = std::move(state);",
          "    state_ = std::move(state);",
          "a training that goes on counts its steps from 0", "io/checkpoint"),
    Fault("running-variance", "nn/normalization.hpp", "follow(running_var_, batch.variance, momentum_ * n / (n - 1));",
          "follow(running_var_, batch.variance, momentum_);",
          "batch norm keeps the biased variance", "nn/normalization"),
]
