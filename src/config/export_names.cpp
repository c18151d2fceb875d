// SPDX-License-Identifier: Apache-2.0
// Looks at the tree only.
#include "config/export_names.hpp"

#include "config/context.hpp"
#include "config/document.hpp"

namespace rivet::config {
namespace {

const Node* value_of(const Node& map, std::string_view key) {
  for (const auto& entry : map.entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

bool is_offered(const std::string& name) {
  return !name.empty() && name.find("${") == std::string::npos && name.find('\n') == std::string::npos;
}

}  // namespace

std::vector<std::string> export_names(const std::filesystem::path& file) {
  std::vector<std::string> out;
  const auto text = read_small_file(file, kFileBytes);
  if (!text || !is_utf8(*text)) return out;
  base::Redactor redactor;
  Problems problems(file.string(), redactor);
  const auto tree = parse_yaml(*text, problems);
  const auto* exports = value_of(tree, "exports");
  if (exports == nullptr) return out;
  for (const auto& entry : exports->items) {
    const auto* name = value_of(entry, "name");
    if (name != nullptr && is_offered(name->text)) out.push_back(name->text);
  }
  return out;
}

}  // namespace rivet::config
