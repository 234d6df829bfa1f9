// How much memory and how many processors this process may use: less than the machine has, in a container.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <tinynet/core/threads.hpp>
#include <vector>

#include "numbers.hpp"

#ifndef _WIN32
#include <sys/resource.h>
#include <unistd.h>
#endif

namespace mnist {

/// What a process may have; infinity: there is no limit.
struct Limits {
  double memory = std::numeric_limits<double>::infinity();  ///< bytes
  double cpus = std::numeric_limits<double>::infinity();    ///< processors' worth of time
};

namespace detail {

/// The first two words of a file that are numbers; "max" and what cannot be read are none.
struct TwoNumbers {
  std::optional<double> first, second;

  explicit TwoNumbers(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::string word;
    if (file >> word) first = parse_number<double>(word);
    if (file >> word) second = parse_number<double>(word);
  }
};

inline void tighten(double& limit, std::optional<double> to) {
  if (to && *to >= 0) limit = std::min(limit, *to);
}

/// The limits of one control group, in either version's files.
inline void tighten(Limits& limits, const std::filesystem::path& group) {
  tighten(limits.memory, TwoNumbers(group / "memory.max").first);
  tighten(limits.memory, TwoNumbers(group / "memory.limit_in_bytes").first);
  const auto share = [&](std::optional<double> quota, std::optional<double> period) {
    if (quota && period && *quota > 0 && *period > 0) tighten(limits.cpus, *quota / *period);
  };
  const TwoNumbers both(group / "cpu.max");
  share(both.first, both.second);
  share(TwoNumbers(group / "cpu.cfs_quota_us").first, TwoNumbers(group / "cpu.cfs_period_us").first);
}

}  // namespace detail

/// The limits of the control groups (Linux, versions 1 and 2) that this process is in, and of those above them. `root`
/// is where /proc and /sys lie.
inline Limits group_limits(const std::filesystem::path& root = "/") {
  namespace fs = std::filesystem;
  Limits limits;
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // "4:memory:/a/b"; in version 2 "0::/a/b"
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path group = fs::path(line.substr(second + 1)).relative_path().lexically_normal();
    const fs::path mounts = root / "sys/fs/cgroup";
    for (const fs::path& mount : controllers.empty() ? std::vector<fs::path>{mounts, mounts / "unified"}
                                                     : std::vector<fs::path>{mounts / controllers}) {
      // Where a container sees only its own part of the tree, the path may lead nowhere; its top is our group then.
      fs::path here = mount;
      detail::tighten(limits, here);
      for (const fs::path& part : group) {
        here /= part;
        if (part == "..") break;
        detail::tighten(limits, here);
      }
    }
  }
  return limits;
}

/// The bytes that this process may have; infinity if that cannot be found out.
inline double memory_present() {
  double memory = group_limits().memory;
#if !defined(_WIN32) && defined(_SC_PHYS_PAGES)
  detail::tighten(memory,
                  static_cast<double>(::sysconf(_SC_PHYS_PAGES)) * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    detail::tighten(memory, static_cast<double>(limit.rlim_cur));
#endif
  return memory;
}

/// How many threads are of use: the processors that this process may run on, or its share of their time if that is
/// less.
inline int cpus_present() {
  const int cpus = tinynet::detail::available_cpus();
  const double share = group_limits().cpus;
  return share < cpus ? std::max(1, static_cast<int>(std::ceil(share))) : cpus;
}

}  // namespace mnist
