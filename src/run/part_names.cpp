// SPDX-License-Identifier: Apache-2.0
// Names of parts: unique over runs, units, epochs and retries.
#include "run/part_names.hpp"

#include <fmt/format.h>

namespace rivet::run {

std::string run_stem(std::string_view run_id, std::string_view export_name, std::string_view nonce) {
  std::string stamp(run_id.substr(export_name.size() + 1));  // 20260418T122015.123
  for (auto& c : stamp) {
    if (c == 'T' || c == '.') c = '_';
  }
  return fmt::format("{}_{}_{}_", export_name, stamp, nonce);
}

std::string unit_stem(std::string_view stem, int unit_index) { return fmt::format("{}u{}_", stem, unit_index); }

std::string claim_stem(std::string_view stem, int epoch) { return fmt::format("{}e{}", stem, epoch); }

}  // namespace rivet::run
