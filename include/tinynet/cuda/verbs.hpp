// All verbs of a device. What is computed of numbers on a device, wherever it is in memory, is computed with these.
#pragma once

#include <tinynet/cuda/elementwise.hpp>
#include <tinynet/cuda/products.hpp>
#include <tinynet/cuda/reductions.hpp>
