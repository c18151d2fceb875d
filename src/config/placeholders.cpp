// SPDX-License-Identifier: Apache-2.0
// The one expansion of destination placeholders, so that every command names the same place.
#include "config/load.hpp"

#include <utility>

namespace rivet::config {
namespace {

/// A name as one path component: it can neither climb nor descend.
std::string as_component(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool is_unsafe = c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    out += is_unsafe ? '_' : c;
  }
  return out == "." || out == ".." ? std::string(out.size(), '_') : out;
}

}  // namespace

std::string expand_placeholders(std::string_view text, const Export& entry, base::Timestamp at) {
  const auto& name = entry.entry_name();
  const std::pair<std::string_view, std::string> values[] = {
      {"{date}", base::to_date(at)},
      {"{export}", as_component(name)},
      {"{table}", as_component(entry.relation.is_table() ? entry.relation.table : name)},
      {"{partition}", entry.partition.empty() ? "{partition}" : as_component(entry.partition)},
  };
  std::string out;
  while (!text.empty()) {
    const auto* found = std::end(values);
    for (const auto* value = std::begin(values); value != std::end(values); ++value) {
      if (text.starts_with(value->first)) found = value;
    }
    out += found == std::end(values) ? std::string_view(text.substr(0, 1)) : std::string_view(found->second);
    text.remove_prefix(found == std::end(values) ? 1 : found->first.size());
  }
  return out;
}

}  // namespace rivet::config
