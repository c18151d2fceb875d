// SPDX-License-Identifier: Apache-2.0
// The top level of a configuration file.
#include "config/root.hpp"

#include "config/export.hpp"
#include "config/notifications.hpp"
#include "config/order.hpp"
#include "config/section.hpp"
#include "config/source.hpp"

#include <fmt/format.h>

#include <map>

namespace rivet::config {
namespace {

/// Gates share the names of exports: `depends_on` tells them apart by nothing else.
void refuse_duplicates(const Config& config, Problems& problems) {
  std::map<std::string, int> lines;
  const auto add = [&](std::string_view what, const auto& entry) {
    if (entry.name.empty()) return;
    const auto [first, is_new] = lines.emplace(entry.name, entry.line);
    if (is_new) return;
    problems.add(
        entry.line,
        fmt::format("{} name '{}' is taken, first in line {}", what, problems.shown(entry.name), first->second),
        code::kDuplicateExport);
  };
  for (const auto& entry : config.exports) add("export", entry);
  for (const auto& gate : config.gates) add("gate", gate);
}

std::vector<Export> read_exports(Section& root, const SourceBlock& source, Context& context) {
  root.require("exports", "'exports': at least one export", code::kNoExports);
  const auto* list = root.find("exports");
  const auto nothing = [&](std::string message) {
    root.refuse("exports", std::move(message), code::kNoExports);
    return std::vector<Export>();
  };
  if (list == nullptr) return {};
  if (list->kind != Node::Kind::list) return nothing("'exports' must be a list of exports, each beginning with '-'");
  if (list->items.empty()) return nothing("'exports' is empty: the file needs at least one export");
  std::vector<Export> out;
  for (const auto& item : list->items) out.push_back(read_export(root, item, source, context));
  return out;
}

/// Credentials are found wherever they stand, so that no message about another key can show them.
void remember_secrets(const Node& node, base::Redactor& redactor, bool below_notifications = false) {
  for (const auto& item : node.items) remember_secrets(item, redactor, below_notifications);
  for (const auto& [key, line, value] : node.entries) {
    const bool is_secret = key == "password" || key == "webhook_url" || (below_notifications && key == "url");
    if (is_secret) redactor.remember(value.text);
    remember_secrets(value, redactor, below_notifications || key == "notifications");
  }
}

SourceBlock read_source_of(Section& root, Context& context) {
  root.require("source");
  auto section = root.block("source");
  return section ? read_source(*section, context) : SourceBlock{};
}

}  // namespace

Config read_root(const Node& tree, Context& context, Shape* shape) {
  remember_secrets(tree, context.redactor);
  Section root(tree, "the configuration", context.problems, shape);
  Config out;
  auto source = read_source_of(root, context);
  out.notifications = read_notifications(root, context);
  out.exports = read_exports(root, source, context);
  out.source = std::move(source.source);
  out.placement = read_placement(root);
  for (auto& entry : out.exports) entry.placement = merge(out.placement, std::move(entry.placement));
  out.gates = read_gates(root, out.placement);
  refuse_duplicates(out, context.problems);
  if (context.whole) check_order(out, tree, context.problems);
  out.parallel_exports = root.boolean("parallel_exports").value_or(false);
  out.parallel_export_processes = root.boolean("parallel_export_processes").value_or(false);
  if (out.parallel_exports && out.parallel_export_processes) {
    root.refuse("parallel_export_processes", "'parallel_exports' and 'parallel_export_processes' exclude each other");
  }
  if (root.unoffered("load")) {
    root.refuse("load", "'load' is not offered by this program: remove it and load the files with other means");
  }
  root.finish();
  return out;
}

}  // namespace rivet::config
