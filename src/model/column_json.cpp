// SPDX-License-Identifier: Apache-2.0
// Columns to JSON and back.
#include "model/column_json.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "model/json_fields.hpp"

namespace rivet::model {
namespace {

constexpr std::size_t kLongestTypeText = 128;  // `list<` may nest in hostile text, and the parser follows it

/// The type, only if it is spelled exactly as to_string() spells it.
Result<LogicalType> exact_type(std::string_view text) {
  const auto unknown = [&] { return fail(ErrorKind::data, fmt::format("'{:.128}' is not a logical type", text)); };
  if (text.size() > kLongestTypeText) return unknown();
  auto type = parse_logical_type(text);
  if (!type.has_value() || to_string(*type) != text) return unknown();
  return type;
}

std::optional<Fidelity> parse_fidelity(std::string_view text) {
  for (const auto known :
       {Fidelity::exact, Fidelity::compatible, Fidelity::logical_string, Fidelity::lossy, Fidelity::unsupported}) {
    if (name_of(known) == text) return known;
  }
  return std::nullopt;
}

nlohmann::ordered_json to_json(const Column& column) {
  nlohmann::ordered_json json{{"name", column.name},
                              {"type", to_string(column.type)},
                              {"native_type", column.native_type},
                              {"nullable", column.nullable}};
  if (column.fidelity != Fidelity::exact) json["fidelity"] = name_of(column.fidelity);
  if (!column.warning.empty()) json["warning"] = column.warning;
  if (column.added) json["added"] = true;
  return json;
}

Column column_from(FieldReader& field) {
  Column column{
      .name = field.text("name"), .native_type = field.text("native_type"), .nullable = field.boolean("nullable")};
  auto type = exact_type(field.text("type"));
  if (type.has_value()) {
    column.type = std::move(type).take();
  } else {
    field.refuse(type.error().message);
  }
  if (field.has("fidelity")) {
    const auto fidelity = parse_fidelity(field.text("fidelity"));
    if (!fidelity) field.refuse("fidelity has an unknown value");
    column.fidelity = fidelity.value_or(Fidelity::exact);
  }
  column.warning = field.text_or_empty("warning");
  column.added = field.has("added") && field.boolean("added");
  return column;
}

}  // namespace

nlohmann::ordered_json to_json(const Columns& columns) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& column : columns) list.push_back(to_json(column));
  return list;
}

Result<Columns> columns_from_json(const nlohmann::json& json) {
  if (!json.is_array()) return fail(ErrorKind::data, "columns is not a list");
  Columns columns;
  columns.reserve(json.size());
  for (std::size_t i = 0; i < json.size(); ++i) {
    FieldReader field(json[i], fmt::format("columns[{}]", i));
    columns.push_back(column_from(field));
    TRY(field.finish());
  }
  return columns;
}

std::string columns_to_json_text(const Columns& columns) { return dump_json(to_json(columns)); }

Result<Columns> columns_from_json_text(std::string_view text) {
  const auto json = TRY(parse_json(text));
  return columns_from_json(json);
}

}  // namespace rivet::model
