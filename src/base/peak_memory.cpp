// SPDX-License-Identifier: Apache-2.0
// getrusage() would count the memory of the parent before exec; the kernel's status file does not.
#include "base/peak_memory.hpp"

#include <fstream>
#include <string>

namespace rivet::base {

std::int64_t peak_rss_mb() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::int64_t kilobytes = 0;
    if (word == "VmHWM:" && status >> kilobytes) return kilobytes / 1024;
  }
  return 0;
}

}  // namespace rivet::base
