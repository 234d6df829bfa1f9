// What needs nothing but Eigen, from the lowest layer to the highest, but for nets as headers and pictures. These
// (io/cpp_header.hpp, plot/) and the headers that need another library are included by themselves: docs/reference.md.
#pragma once

#include <tinynet/core/error.hpp>
#include <tinynet/core/random.hpp>
#include <tinynet/core/threads.hpp>
#include <tinynet/core/version.hpp>

#include <tinynet/autodiff/gradcheck.hpp>
#include <tinynet/autodiff/ops/arithmetic.hpp>
#include <tinynet/autodiff/ops/linear.hpp>
#include <tinynet/autodiff/ops/loss.hpp>
#include <tinynet/autodiff/ops/map.hpp>
#include <tinynet/autodiff/ops/matmul.hpp>
#include <tinynet/autodiff/ops/normalization.hpp>
#include <tinynet/autodiff/ops/reduction.hpp>
#include <tinynet/autodiff/ops/shape.hpp>
#include <tinynet/autodiff/ops/softmax.hpp>
#include <tinynet/autodiff/parameter.hpp>
#include <tinynet/autodiff/tape.hpp>
#include <tinynet/autodiff/var.hpp>

#include <tinynet/nn/activation.hpp>
#include <tinynet/nn/dropout.hpp>
#include <tinynet/nn/ensemble.hpp>
#include <tinynet/nn/freeze.hpp>
#include <tinynet/nn/init.hpp>
#include <tinynet/nn/linear.hpp>
#include <tinynet/nn/loss.hpp>
#include <tinynet/nn/mlp.hpp>
#include <tinynet/nn/normalization.hpp>
#include <tinynet/nn/sequential.hpp>

#include <tinynet/optim/clip.hpp>
#include <tinynet/optim/schedule.hpp>

#include <tinynet/data/batches.hpp>
#include <tinynet/data/dataset.hpp>
#include <tinynet/data/file_batches.hpp>
#include <tinynet/data/file_chunks.hpp>
#include <tinynet/data/idx.hpp>
#include <tinynet/data/image_file.hpp>
#include <tinynet/data/synthetic.hpp>

#include <tinynet/dist/share.hpp>

#include <tinynet/mlp.hpp>
