#include "output_folder.hpp"

#include <cerrno>
#include <filesystem>
#include <tinynet/io/file.hpp>
#include <tinynet/plot/png.hpp>
#include <utility>

#include "checks.hpp"
#include "pictures.hpp"
#include "report.hpp"
#include "run_json.hpp"
#include "words.hpp"

namespace mnist {
namespace {

using tinynet::Error;
using tinynet::ErrorCode;

std::string made(std::string folder) {
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  std::error_code ignored;  // the first one says why
  if (!std::filesystem::is_directory(folder, ignored))
    throw Error({.code = ErrorCode::io,
                 .path = folder,
                 .what = "--out: no folder, and none can be made",
                 .actual = error ? error.message() : "something else of that name"});
  for (const char* const name : {"report.html", "metrics.csv", "model.safetensors"}) check_output(folder + "/" + name);
  return folder;
}

}  // namespace

OutputFolder::OutputFolder(std::string folder)
    : folder_(made(std::move(folder))), lock_(file(".lock"), [this] {
        throw Error({.code = ErrorCode::io,
                     .path = folder_,
                     .what = "--out: another run is writing there",
                     .actual = FileLock::signature(file(".lock"))});
      }) {
  lock_.sign();
  lock_.remove_at_end();
}

std::vector<std::string> OutputFolder::names() {
  std::vector<std::string> list{"report.html", "first_image.png",  "misclassified.png", "loss.svg", "confusion.png",
                                "metrics.csv", "metrics.part.csv", "model.safetensors", "run.json", ".lock"};
  for (Index page = 2; (page - 1) * static_cast<Index>(page_size) < looked_at; ++page)
    list.push_back("misclassified_" + std::to_string(page) + ".png");
  return list;
}

std::string OutputFolder::growing_metrics() const {
  std::error_code ignored;
  return file(std::filesystem::exists(file("run.json"), ignored) ? "metrics.part.csv" : "metrics.csv");
}

void OutputFolder::write(const RunRecord& run) const {
  if (const std::string metrics = growing_metrics(); metrics != file("metrics.csv"))
    if (tinynet::detail::os::rename(metrics, file("metrics.csv")) != 0)
      tinynet::detail::io_error(file("metrics.csv"), "cannot be replaced", errno);
  std::error_code ignored;  // a run before may have made more pages than this one will
  for (int page = 2; std::filesystem::remove(file("misclassified_" + std::to_string(page) + ".png"), ignored);) ++page;
  for (const auto& [name, picture] : pictures(run)) tinynet::save_png(file(name), picture);
  tinynet::write_text_file(file("loss.svg"), loss_svg(run));
  tinynet::write_text_file(file("run.json"), run_json(run));
  tinynet::write_text_file(file("report.html"), report_html(run));
}

}  // namespace mnist
