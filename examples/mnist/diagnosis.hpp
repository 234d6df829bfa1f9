// Why a training goes wrong, found out by computing the net layer by layer.
#pragma once

#include <string>

#include "model.hpp"

namespace mnist {

/// "l1.weight's number 3 is NaN", of the first weight that is not finite. Empty if there is none.
std::string nonfinite_number(Model& model);

/// Where the first number that is not finite is: a weight, or else an output of a layer for a row of the data. Empty if
/// there is none.
std::string first_nonfinite(Model& model, const Options& options, const tinynet::Dataset& data);

/// How many units of each hidden layer are 0 for every row of the data, as "l1: 30 of 30, l2: 4 of 30"; for a net whose
/// activation is relu. Empty if there are none.
std::string dead_units(Model& model, const Options& options, const tinynet::Dataset& data);

}  // namespace mnist
