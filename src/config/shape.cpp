// SPDX-License-Identifier: Apache-2.0
// The JSON Schema of single values. Any scalar may hold `${NAME}`, which is replaced before types are checked.
#include "config/shape.hpp"

#include <algorithm>

namespace rivet::config {
namespace {

using Json = nlohmann::ordered_json;

Json placeholder() { return {{"type", "string"}, {"pattern", R"(\$\{[^}]*\})"}}; }

Json or_placeholder(Json form) { return {{"anyOf", {std::move(form), placeholder()}}}; }

/// YAML has no quotes around most texts, so that one may look like a number or a truth value.
Json text_form(bool may_be_empty) {
  Json form{{"type", {"string", "number", "boolean"}}};
  if (!may_be_empty) form["minLength"] = 1;
  return form;
}

Json number_form(double min, double max) {
  return or_placeholder({{"type", "number"}, {"minimum", min}, {"maximum", max}});
}

Json words_form(std::span<const std::string_view> words) { return or_placeholder({{"enum", words}}); }

Json list_of(Json item) {
  return {{"type", "array"}, {"items", std::move(item)}, {"minItems", 1}, {"uniqueItems", true}};
}

Json map_of(Json value) { return {{"type", "object"}, {"additionalProperties", std::move(value)}}; }

}  // namespace

Shape::Key& Shape::find(std::string_view key) {
  const auto found = std::find_if(keys_.begin(), keys_.end(), [&](const Key& one) { return one.name == key; });
  return found != keys_.end() ? *found : keys_.emplace_back(Key{.name = std::string(key)});
}

void Shape::accept(std::string_view key, Json form) {
  auto& forms = find(key).forms;
  if (std::find(forms.begin(), forms.end(), form) == forms.end()) forms.push_back(std::move(form));
}

void Shape::require_one_of(std::span<const std::string_view> keys) {
  std::vector<std::string> group(keys.begin(), keys.end());
  if (std::find(alternatives_.begin(), alternatives_.end(), group) != alternatives_.end()) return;
  alternatives_.push_back(std::move(group));
}

void Shape::accept_text(std::string_view key, bool may_be_empty) { accept(key, text_form(may_be_empty)); }

void Shape::accept_boolean(std::string_view key) { accept(key, or_placeholder({{"type", "boolean"}})); }

void Shape::accept_integer(std::string_view key, Range range) {
  Json form{{"type", "integer"}, {"minimum", range.min}};
  if (range.max != std::numeric_limits<std::int64_t>::max()) form["maximum"] = range.max;
  accept(key, or_placeholder(std::move(form)));
}

void Shape::accept_number(std::string_view key, double min, double max) { accept(key, number_form(min, max)); }

void Shape::accept_words(std::string_view key, std::span<const std::string_view> words) {
  accept(key, words_form(words));
}

void Shape::accept_texts(std::string_view key) { accept(key, list_of(text_form(false))); }

void Shape::accept_arguments(std::string_view key) {
  auto form = list_of(text_form(true));
  form.erase("uniqueItems");
  accept(key, std::move(form));
}

void Shape::accept_word_list(std::string_view key, std::span<const std::string_view> words) {
  accept(key, list_of(words_form(words)));
}

void Shape::accept_named_texts(std::string_view key) { accept(key, map_of(text_form(true))); }

void Shape::accept_named_numbers(std::string_view key, double min, double max) {
  accept(key, map_of(number_form(min, max)));
}

Shape& Shape::block(std::string_view key) {
  auto& block = find(key).block;
  if (!block) block = std::make_unique<Shape>();
  return *block;
}

Shape& Shape::entry(std::string_view key) {
  auto& entry = find(key).entry;
  if (!entry) entry = std::make_unique<Shape>();
  return *entry;
}

}  // namespace rivet::config
