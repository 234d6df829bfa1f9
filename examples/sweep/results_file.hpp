// DIR/results.jsonl: one line a finished training, there for good when the next one ends.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "../mnist/process.hpp"
#include "training.hpp"

namespace sweep {

class ResultsFile {
 public:
  /// `data`: the hash of all images and labels, since results of other data must not be compared.
  /// Makes the folder if need be, and reads what is in it. A line that was cut when the program was killed is removed,
  /// and `note` told so. Throws Error: io if the folder cannot be used or another sweep is at work there; data if
  /// something in the file is no result, or one on other data.
  ResultsFile(const std::string& folder, std::string data, const std::function<void(const std::string&)>& note);

  const std::vector<Result>& results() const { return results_; }

  /// Appends one. Throws Error (io).
  void add(Result result);

 private:
  void read(const std::function<void(const std::string&)>& note);

  std::string path_, data_;
  mnist::FileLock lock_;
  std::vector<Result> results_;
};

}  // namespace sweep
