// SPDX-License-Identifier: Apache-2.0
// The way from a file to a Config: read, parse, substitute, check, or say everything that is wrong.
#include "config/load.hpp"

#include "config/context.hpp"
#include "config/definition.hpp"
#include "config/document.hpp"
#include "config/root.hpp"
#include "config/substitute.hpp"

namespace rivet::config {
namespace {

namespace fs = std::filesystem;

/// Names and values end up in JSON, in file names and in C interfaces: all of them must be text.
void refuse_broken_text(const Node& node, Problems& problems) {
  const auto check = [&](std::string_view text, int line) {
    if (text.find('\0') != std::string_view::npos) problems.add(line, "a NUL byte is not allowed here");
    if (!is_utf8(text)) problems.add(line, "an escape gives text that is not UTF-8");
  };
  check(node.text, node.line);
  for (const auto& item : node.items) refuse_broken_text(item, problems);
  for (const auto& entry : node.entries) {
    check(entry.key, entry.line);
    refuse_broken_text(entry.value, problems);
  }
}

/// The tree with all values in place; empty when there is nothing to go on with.
std::optional<Node> read_tree(std::string_view text, const LoadOptions& options, Problems& problems) {
  if (text.find('\0') != std::string_view::npos || !is_utf8(text)) {
    problems.add(0, "the file is not UTF-8 text");
    return std::nullopt;
  }
  auto tree = parse_yaml(text, problems);
  if (tree.kind == Node::Kind::null) {
    if (problems.empty()) problems.add(0, "the file is empty");
    return std::nullopt;
  }
  substitute(tree, text, options, problems);
  refuse_broken_text(tree, problems);
  return tree;
}

/// REQUIRES: the tree is that of the configuration.
void add_definitions(const Node& tree, Config& config) {
  for (const auto& [key, line, value] : tree.entries) {
    if (key == "notifications") config.notifications_definition = define_notifications(value);
    if (key == "source") config.source_definition = define_source(value, config.source);
    for (std::size_t i = 0; key == "exports" && i < value.items.size(); ++i) {
      config.exports[i].definition = define_export(value.items[i], config.exports[i]);
    }
    for (std::size_t i = 0; key == "gates" && i < value.items.size(); ++i) {
      config.gates[i].definition = define_gate(value.items[i]);
    }
  }
}

}  // namespace

Result<Config> load(const fs::path& file, const LoadOptions& options, base::Redactor& redactor) {
  const auto text = TRY(read_small_file(file, kFileBytes));
  Problems problems(file.string(), redactor);
  const auto tree = read_tree(text, options, problems);
  if (!tree) return fail(problems.to_error());
  std::error_code ignored;
  const auto absolute = fs::absolute(file, ignored).lexically_normal();
  Context context{problems, options, redactor, absolute.parent_path()};
  auto config = read_root(*tree, context);
  if (!problems.empty()) return fail(problems.to_error());
  add_definitions(*tree, config);
  config.file = absolute;
  config.warnings = problems.warnings();
  return config;
}

}  // namespace rivet::config
