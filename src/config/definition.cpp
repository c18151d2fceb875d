// SPDX-License-Identifier: Apache-2.0
// A definition goes through the same readers as the file that it was taken from.
#include "config/definition.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "config/connection_url.hpp"
#include "config/context.hpp"
#include "config/root.hpp"
#include "config/source.hpp"
#include "config/substitute.hpp"
#include "model/json_fields.hpp"

namespace rivet::config {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

/// Only what reads back as the same text becomes a number or a boolean.
ordered_json scalar_to_json(const Node& node) {
  if (!node.plain) return node.text;
  if (node.text == "true" || node.text == "false") return node.text == "true";
  const auto number = base::to_integer(node.text);
  if (number && std::to_string(*number) == node.text) return *number;
  return node.text;
}

ordered_json to_json(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null: return nullptr;
    case Node::Kind::scalar: return scalar_to_json(node);
    case Node::Kind::list: {
      auto out = ordered_json::array();
      for (const auto& item : node.items) out.push_back(to_json(item));
      return out;
    }
    case Node::Kind::map: break;
  }
  auto out = ordered_json::object();
  for (const auto& entry : node.entries) out[entry.key] = to_json(entry.value);
  return out;
}

/// Every scalar counts as plain: what needed quotes to be text is read as text by its key anyway.
Node from_json(const json& value) {
  Node node{.kind = Node::Kind::scalar, .line = 1};
  if (value.is_null()) {
    node.kind = Node::Kind::null;
  } else if (value.is_string()) {
    node.text = value.get<std::string>();
  } else if (value.is_array()) {
    node.kind = Node::Kind::list;
    for (const auto& item : value) node.items.push_back(from_json(item));
  } else if (value.is_object()) {
    node.kind = Node::Kind::map;
    for (const auto& [key, item] : value.items()) {
      node.entries.push_back({.key = key, .line = 1, .value = from_json(item)});
    }
  } else {
    node.text = value.dump();
  }
  return node;
}

Result<json> list_of(const std::vector<std::string>& definitions) {
  auto list = json::array();
  for (const auto& one : definitions) list.push_back(TRY(model::parse_json(one)));
  return list;
}

Result<Node> node_of(const Definition& definition) {
  const auto source = TRY(model::parse_json(definition.source));
  json root{{"source", source}, {"exports", TRY(list_of(definition.exports))}};
  if (!definition.gates.empty()) root["gates"] = TRY(list_of(definition.gates));
  if (!definition.notifications.empty()) root["notifications"] = TRY(model::parse_json(definition.notifications));
  return from_json(root);
}

tl::unexpected<Error> no_password(const Definition& definition, std::string why) {
  return fail(
      ErrorKind::config,
      fmt::format("the source's password stood in {} when this was planned, and {}", definition.file.string(), why),
      "give it by url_env or password_env, and make a new plan");
}

/// The source as the file has it now.
Result<Source> source_of_file(const Definition& definition, const LoadOptions& options, base::Redactor& redactor) {
  auto text = read_small_file(definition.file, kFileBytes);
  if (!text) return no_password(definition, "it cannot be read any more");
  Problems problems(definition.file.string(), redactor);
  auto tree = parse_yaml(*text, problems);
  std::erase_if(tree.entries, [](const auto& entry) { return entry.key != "source"; });
  substitute(tree, *text, options, problems);
  Context context{problems, options, redactor, definition.file.parent_path()};
  Section root(tree, "the configuration", problems);
  auto section = root.block("source");
  if (!section) return no_password(definition, "there is no 'source:' in it any more");
  auto block = read_source(*section, context);
  if (!problems.empty()) return fail(problems.to_error());
  return std::move(block.source);
}

Result<void> add_password(const Definition& definition, const LoadOptions& options, base::Redactor& redactor,
                          Source& source) {
  auto in_file = TRY(source_of_file(definition, options, redactor));
  const auto address = [](const Source& s) { return std::tie(s.type, s.host, s.port, s.user, s.database); };
  if (address(in_file) != address(source)) return no_password(definition, "another source stands there now");
  source.password = std::move(in_file.password);
  source.url_parameters = std::move(in_file.url_parameters);
  return {};
}

}  // namespace

std::string define_source(const Node& node, const Source& source) {
  auto out = to_json(node);
  out.erase("password");
  if (out.contains("url")) out["url"] = url_without_secrets(source);
  return model::dump_json(out);
}

std::string define_notifications(const Node& node) {
  for (const auto& [receiver, line, value] : node.entries) {
    for (const auto& entry : value.entries) {
      if (entry.key == "webhook_url" || entry.key == "url" || entry.key == "headers") return {};
    }
  }
  return node.kind == Node::Kind::map ? model::dump_json(to_json(node)) : std::string();
}

std::string define_export(const Node& node, const Export& entry) {
  auto out = ordered_json::object();
  for (const auto& [key, line, value] : node.entries) {
    if (key == "query_file") {
      out["query"] = entry.relation.query;
    } else {
      out[key] = to_json(value);
    }
  }
  return model::dump_json(out);
}

std::string define_gate(const Node& node) { return model::dump_json(to_json(node)); }

bool left_out_password(std::string_view source_definition, const Source& source) {
  const auto definition = json::parse(source_definition, nullptr, false);
  if (!definition.is_object()) return false;
  const bool led_to =
      definition.contains("url_env") || definition.contains("url_file") || definition.contains("password_env");
  const bool has_secret =
      !source.password.empty() || std::any_of(source.url_parameters.begin(), source.url_parameters.end(),
                                              [](const auto& parameter) { return holds_secret(parameter.first); });
  return has_secret && !led_to;
}

Result<Config> load_definition(const Definition& definition, bool needs_file, const LoadOptions& options,
                               base::Redactor& redactor) {
  const auto tree = TRY(node_of(definition));
  Problems problems("the plan", redactor);
  Context context{problems, options, redactor, definition.file.parent_path(), false};
  auto config = read_root(tree, context);
  if (!problems.empty()) return fail(problems.to_error());
  if (needs_file) TRY(add_password(definition, options, redactor, config.source));
  config.file = definition.file;
  config.source_definition = definition.source;
  for (std::size_t i = 0; i < config.exports.size(); ++i) config.exports[i].definition = definition.exports.at(i);
  return config;
}

}  // namespace rivet::config
