// The folder of --out.
#pragma once

#include <string>

#include "process.hpp"
#include "run_record.hpp"

namespace mnist {

class OutputFolder {
 public:
  /// What is written there, but for the second and further pages of the misclassified.
  static constexpr const char* names[] = {"report.html",   "first_image.png", "misclassified.png", "loss.svg",
                                          "confusion.png", "metrics.csv",     "model.safetensors", "run.json"};

  /// Makes the folder if it is not there, and keeps other runs out of it. Throws Error: io if that cannot be or another
  /// run is writing there, usage if this program was built without pictures.
  explicit OutputFolder(std::string folder);

  std::string file(const std::string& name) const { return folder_ + "/" + name; }

  /// Writes everything but model.safetensors and metrics.csv, each file whole or not at all. Throws Error (io).
  void write(const RunRecord& run) const;

 private:
  std::string folder_;
  FileLock lock_;
};

}  // namespace mnist
