// The folder of --out.
#pragma once

#include <string>
#include <vector>

#include "process.hpp"
#include "run_record.hpp"

namespace mnist {

class OutputFolder {
 public:
  /// What is written there.
  static std::vector<std::string> names();

  /// Makes the folder if it is not there, and keeps other runs out of it. Throws Error: io if that cannot be or another
  /// run is writing there, usage if this program was built without pictures.
  explicit OutputFolder(std::string folder);

  std::string file(const std::string& name) const { return folder_ + "/" + name; }

  /// Where the losses grow: in metrics.csv, or where that belongs to the results of an earlier run, beside it until
  /// write() puts this run's results in their place.
  std::string growing_metrics() const;

  /// Writes everything but model.safetensors, each file whole or not at all. Throws Error (io).
  void write(const RunRecord& run) const;

 private:
  std::string folder_;
  FileLock lock_;
};

}  // namespace mnist
