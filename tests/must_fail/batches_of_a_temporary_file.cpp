// A file that is closed when the first batch is read.
// expect: // give it a name
#include <string>
#include <tinynet/data/file_batches.hpp>
#include <tinynet/data/image_file.hpp>
#include <vector>

auto steps(const std::string& path, const std::vector<int>& labels) {
#ifdef TINYNET_MUST_FAIL
  tinynet::FileBatches batches(tinynet::ImageFile(path), labels, 2);
#else
  const tinynet::ImageFile file(path);
  tinynet::FileBatches batches(file, labels, 2);
#endif
  return batches.per_epoch();
}
