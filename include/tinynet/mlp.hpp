// MLP<sizes...>, and what a program needs to train one.
#pragma once

#include <tinynet/autodiff/ops/arithmetic.hpp>
#include <tinynet/autodiff/ops/loss.hpp>
#include <tinynet/autodiff/ops/map.hpp>
#include <tinynet/autodiff/ops/reduction.hpp>
#include <tinynet/core/engine.hpp>
#include <tinynet/core/error.hpp>
#include <tinynet/core/random.hpp>
#include <tinynet/core/threads.hpp>
#include <tinynet/core/version.hpp>
#include <tinynet/nn/freeze.hpp>
#include <tinynet/nn/fused_loss.hpp>
#include <tinynet/nn/loss.hpp>
#include <tinynet/nn/mlp.hpp>
#include <tinynet/optim/adadelta.hpp>
#include <tinynet/optim/adagrad.hpp>
#include <tinynet/optim/adam.hpp>
#include <tinynet/optim/rmsprop.hpp>
#include <tinynet/optim/sgd.hpp>
#include <tinynet/train.hpp>
