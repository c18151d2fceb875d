// SPDX-License-Identifier: Apache-2.0
// The way from a file to a Config: read, parse, substitute, check, or say everything that is wrong.
#include "config/load.hpp"

#include "config/context.hpp"
#include "config/document.hpp"
#include "config/export.hpp"
#include "config/section.hpp"
#include "config/source.hpp"
#include "config/substitute.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace rivet::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileBytes = 8U << 20U;
constexpr Words<std::string_view, 3> kOccasions{
    {{"failure", "failure"}, {"schema_change", "schema_change"}, {"degraded", "degraded"}}};

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

void check_occasions(Section& slack, const std::vector<std::string>& occasions) {
  for (const auto& occasion : occasions) {
    const bool known =
        std::any_of(kOccasions.begin(), kOccasions.end(), [&](const auto& word) { return word.first == occasion; });
    if (!known) {
      slack.refuse("on", fmt::format("'{}' is not a value of 'on': use failure, schema_change or degraded",
                                     slack.problems().shown(occasion)));
    }
  }
}

std::optional<std::string> read_webhook(Section& slack, Context& context) {
  if (slack.has("webhook_url") == slack.has("webhook_url_env")) {
    slack.refuse_missing("exactly one of 'webhook_url' and 'webhook_url_env'");
  }
  auto url = slack.text("webhook_url");
  const auto variable = slack.text("webhook_url_env");
  if (!url && variable) {
    url = context.variable(*variable);
    if (!url || url->empty()) {
      slack.refuse("webhook_url_env", fmt::format("environment variable '{}', named by 'webhook_url_env', is not set",
                                                  context.problems.shown(*variable)));
    }
  }
  context.redactor.remember(url.value_or(""));
  return url;
}

std::optional<Slack> read_notifications(Section& root, Context& context) {
  auto section = root.block("notifications");
  if (!section) return std::nullopt;
  std::optional<Slack> out;
  root.warn("notifications", "'notifications' is checked but has no effect: this program sends none");
  if (auto slack = section->block("slack")) {
    out.emplace();
    out->webhook_url = read_webhook(*slack, context).value_or("");
    out->on = slack->texts("on").value_or(std::vector<std::string>{"failure"});
    check_occasions(*slack, out->on);
    slack->finish();
  }
  section->finish();
  return out;
}

void refuse_duplicates(const std::vector<Export>& exports, Problems& problems) {
  std::map<std::string, int> lines;
  for (const auto& entry : exports) {
    if (entry.name.empty()) continue;
    const auto [first, is_new] = lines.emplace(entry.name, entry.line);
    if (is_new) continue;
    problems.add(entry.line,
                 fmt::format("export name '{}' is taken, first in line {}", problems.shown(entry.name), first->second),
                 code::kDuplicateExport);
  }
}

std::vector<Export> read_exports(Section& root, const SourceBlock& source, Context& context) {
  const auto* list = root.find("exports");
  const auto nothing = [&](std::string message) {
    root.refuse("exports", std::move(message), code::kNoExports);
    return std::vector<Export>();
  };
  if (list == nullptr) return nothing("'exports' is missing: the file needs at least one export");
  if (list->kind != Node::Kind::list) return nothing("'exports' must be a list of exports, each beginning with '-'");
  if (list->items.empty()) return nothing("'exports' is empty: the file needs at least one export");
  std::vector<Export> out;
  for (const auto& item : list->items) out.push_back(read_export(item, source, context));
  refuse_duplicates(out, context.problems);
  return out;
}

/// Credentials are found wherever they stand, so that no message about another key can show them.
void remember_secrets(const Node& node, base::Redactor& redactor) {
  for (const auto& item : node.items) remember_secrets(item, redactor);
  for (const auto& entry : node.entries) {
    if (entry.key == "password" || entry.key == "webhook_url") redactor.remember(entry.value.text);
    remember_secrets(entry.value, redactor);
  }
}

SourceBlock read_source_of(Section& root, Context& context) {
  auto section = root.block("source");
  if (section) return read_source(*section, context);
  root.refuse_missing("'source'");
  return {};
}

Config read_root(const Node& tree, Context& context) {
  remember_secrets(tree, context.redactor);
  Section root(tree, "the configuration", context.problems);
  Config out;
  auto source = read_source_of(root, context);
  out.slack = read_notifications(root, context);
  out.exports = read_exports(root, source, context);
  out.source = std::move(source.source);
  out.parallel_exports = root.boolean("parallel_exports").value_or(false);
  out.parallel_export_processes = root.boolean("parallel_export_processes").value_or(false);
  if (out.parallel_exports && out.parallel_export_processes) {
    root.refuse("parallel_export_processes", "'parallel_exports' and 'parallel_export_processes' exclude each other");
  }
  if (root.has("load")) {
    root.refuse("load", "'load' is not offered by this program: remove it and load the files with other means");
  }
  root.finish();
  return out;
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
  config.file = absolute;
  config.warnings = problems.warnings();
  return config;
}

}  // namespace rivet::config
