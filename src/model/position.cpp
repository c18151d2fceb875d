// SPDX-License-Identifier: Apache-2.0
// Positions as JSON.
#include "model/position.hpp"

#include "model/json_fields.hpp"

namespace rivet::model {
std::string to_json_text(const Position& position) {
  nlohmann::ordered_json json{{"columns", position.key.columns}, {"coalesced", position.key.coalesced}};
  json["cursor"] = position.cursor;
  if (position.horizon) json["horizon"] = *position.horizon;
  json["source_id"] = position.source_id;
  return dump_json(json);
}

Result<Position> position_from_json_text(std::string_view text) {
  const auto json = TRY(parse_json(text).context("reading a position"));
  FieldReader fields(json, "position");
  auto columns = fields.texts("columns");
  Position position{.key = {std::move(columns), fields.boolean("coalesced")},
                    .cursor = fields.texts("cursor"),
                    .horizon = fields.optional_count("horizon"),
                    .source_id = fields.text("source_id")};
  TRY(fields.finish());
  return position;
}

std::string to_json_text(const KeyValues& values) { return dump_json(nlohmann::ordered_json(values)); }

Result<KeyValues> key_values_from_json_text(std::string_view text) {
  const auto json = TRY(parse_json(text).context("reading key values"));
  KeyValues values;
  for (const auto& value : json) {
    if (!json.is_array() || !value.is_string()) return fail(ErrorKind::data, "key values are an array of texts");
    values.push_back(value.get<std::string>());
  }
  if (values.empty()) return fail(ErrorKind::data, "no key values");
  return values;
}

std::string display_cursor(const KeyValues& cursor) {
  if (cursor.empty()) return {};
  if (cursor.size() > 1) return to_json_text(cursor);
  const std::string_view text = cursor.front();
  const bool quoted = text.size() >= 2 && text.starts_with('\'') && text.ends_with('\'');
  return std::string(quoted ? text.substr(1, text.size() - 2) : text);
}

}  // namespace rivet::model
