// What a run was and what it gave: what the report, the pictures and run.json are made of.
#pragma once

#include <algorithm>
#include <string>
#include <tinynet/plot/curve.hpp>
#include <tinynet/train.hpp>
#include <vector>

#include "data_source.hpp"
#include "model.hpp"

namespace mnist {

/// The article looks at the first 500 test images.
inline constexpr Index looked_at = 500;

struct RunRecord {
  const Options& options;
  const Data& data;
  Model& model;
  std::string status;           // how it was computed, for people
  int first_step = 0;           // of this run; more than 0 after --resume
  int steps = 0;                // made in all
  std::string stopped_by = "";  // a signal, if one did
  std::string date = "";        // when it ended: "2026-12-01 16:20 UTC"
  double seconds = 0;           // in the training of this run
  float loss = 0;               // the last one of the training
  tinynet::Curve losses{};      // of the steps that are known
  tinynet::Evaluation test{};

  double steps_per_second() const { return seconds > 0 ? (steps - first_step) / seconds : 0; }

  Index first_tests() const { return std::min(looked_at, data.test.size()); }

  /// The misclassified among the first 500 test images.
  std::vector<tinynet::Misclassified> first_misclassified() const {
    const auto& all = test.misclassified;
    return {all.begin(), std::find_if(all.begin(), all.end(), [](const auto& m) { return m.index >= looked_at; })};
  }
};

/// How good the net is at one class.
struct ClassFigures {
  Index examples = 0, right = 0;
  double recall = 0;     // which part of the class it found
  double precision = 0;  // which part of what it called so is
  double f1 = 0;         // the harmonic mean of these two
};

/// For each class; 0 where nothing is divided by nothing.
inline std::vector<ClassFigures> class_figures(const tinynet::Evaluation& test) {
  std::vector<ClassFigures> result;
  const auto part = [](double a, double b) { return b > 0 ? a / b : 0; };
  for (Index c = 0; c < test.confusion.rows(); ++c) {
    ClassFigures f{.examples = test.confusion.row(c).sum(), .right = test.confusion(c, c)};
    f.recall = part(static_cast<double>(f.right), static_cast<double>(f.examples));
    f.precision = part(static_cast<double>(f.right), static_cast<double>(test.confusion.col(c).sum()));
    f.f1 = part(2 * f.recall * f.precision, f.recall + f.precision);
    result.push_back(f);
  }
  return result;
}

}  // namespace mnist
