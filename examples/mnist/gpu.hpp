// Training on a GPU. gpu.cu has what is declared here where the program is built with CUDA, gpu_none.cpp where not.
#pragma once

#include <memory>
#include <string>

#include "model.hpp"

namespace mnist {

/// Makes the GPU that was asked for (`auto` and `cuda`: the first; `cuda:N`) the one that is computed on; returns its
/// name for people. Throws Error (device) that says why it cannot be used.
std::string use_gpu(const std::string& device);

/// The net that was asked for, on that GPU. The data must outlive it. Throws Error (device) if they do not fit into its
/// memory, before anything is sent there. With `ranks`, it trains on this process's part of the data, as make_model's.
std::unique_ptr<Model> make_gpu_model(const Options& options, const tinynet::Dataset& train, Index test_rows,
                                      const tinynet::Ranks* ranks = nullptr);

}  // namespace mnist
