// SPDX-License-Identifier: Apache-2.0
// The readers are the only place that knows the keys: they are run, and what they ask for is written down.
#include "config/schema.hpp"

#include <array>
#include <string>
#include <utility>

#include "config/context.hpp"
#include "config/document.hpp"
#include "config/key_help.hpp"
#include "config/root.hpp"

namespace rivet::config {
namespace {

using Json = nlohmann::ordered_json;

/// Files that lead the readers into every branch in which they ask for a key. Blocks need not be in them.
constexpr auto kProbes = std::to_array<std::string_view>({
    "{source: {type: sqlite, path: x}, exports: [{table: x}], gates: [{}]}",
    "{source: {type: postgres, url: x}, exports: [{query: x}]}",
    "{source: {type: postgres, url_env: X}, exports: [{query_file: x}]}",
    "{source: {type: postgres, url_file: x}, exports: [{}]}",
    "{source: {type: postgres, host: x}, exports: [{}]}",
});

void probe(std::string_view text, Shape& shape) {
  base::Redactor redactor;
  Problems problems("probe", redactor);
  const LoadOptions options;
  Context context{problems, options, redactor, "/nonexistent"};
  read_root(parse_yaml(text, problems), context, &shape);
}

Json schema_of_map(const Shape& shape, std::string_view block);

std::string path_of(std::string_view block, std::string_view key) {
  return block.empty() ? std::string(key) : std::string(block) + "." + std::string(key);
}

void describe(const Shape::Key& key, std::string_view block, Json& schema) {
  const auto* help = key_help(path_of(block, key.name));
  std::string sentence(help == nullptr ? "" : help->sentence);
  if (!key.offered) sentence += " Not offered by this program.";
  schema["description"] = sentence;
  if (!key.offered) schema["deprecated"] = true;
  if (help == nullptr) return;
  if (!help->default_json.empty()) schema["default"] = Json::parse(help->default_json);
  if (!help->example_json.empty()) schema["examples"] = Json::array({Json::parse(help->example_json)});
}

std::vector<Json> forms_of(const Shape::Key& key) {
  auto forms = key.forms;
  if (key.block) forms.push_back(schema_of_map(*key.block, key.name));
  if (key.entry) {
    forms.push_back({{"type", "array"}, {"items", schema_of_map(*key.entry, key.name)}, {"minItems", 1}});
  }
  return forms;
}

Json schema_of_key(const Shape::Key& key, std::string_view block) {
  Json out = Json::object();
  describe(key, block, out);
  auto forms = forms_of(key);
  if (forms.size() == 1) out.update(forms.front());
  if (forms.size() > 1) out["anyOf"] = std::move(forms);
  return out;
}

Json schema_of_map(const Shape& shape, std::string_view block) {
  Json out{{"type", "object"}, {"additionalProperties", false}};
  auto required = Json::array();
  auto properties = Json::object();
  for (const auto& key : shape.keys()) {
    properties[key.name] = schema_of_key(key, block);
    if (key.required) required.push_back(key.name);
  }
  if (!required.empty()) out["required"] = std::move(required);
  for (const auto& group : shape.alternatives()) {
    auto any = Json::array();
    for (const auto& key : group) any.push_back({{"required", {key}}});
    out["anyOf"] = std::move(any);
  }
  out["properties"] = std::move(properties);
  return out;
}

}  // namespace

Shape shape_of_configuration() {
  Shape shape;
  for (const auto text : kProbes) probe(text, shape);
  return shape;
}

Json configuration_schema() {
  Json out{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
           {"title", "rivet configuration"},
           {"description", "Configuration file of rivet " RIVET_VERSION "."}};
  out.update(schema_of_map(shape_of_configuration(), ""));
  return out;
}

}  // namespace rivet::config
