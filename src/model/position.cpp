// SPDX-License-Identifier: Apache-2.0
// Positions as JSON.
#include "model/position.hpp"

#include <fmt/format.h>

#include "model/json_fields.hpp"

namespace rivet::model {
namespace {

KeyValues read_cursor(FieldReader& fields) {
  KeyValues cursor;
  for (const auto& value : fields.array("cursor")) {
    if (value.is_string()) {
      cursor.push_back(value.get<std::string>());
    } else {
      fields.refuse("position.cursor holds something that is not text");
    }
  }
  return cursor;
}

}  // namespace

std::string to_json_text(const Position& position) {
  nlohmann::ordered_json json{{"cursor", position.cursor}};
  if (position.horizon) json["horizon"] = *position.horizon;
  json["source_id"] = position.source_id;
  return dump_json(json);
}

Result<Position> position_from_json_text(std::string_view text) {
  const auto json = TRY(parse_json(text).context("reading a position"));
  FieldReader fields(json, "position");
  Position position{.cursor = read_cursor(fields),
                    .horizon = fields.optional_count("horizon"),
                    .source_id = fields.text("source_id")};
  TRY(fields.finish());
  return position;
}

std::string display_cursor(const KeyValues& cursor) {
  if (cursor.empty()) return {};
  return cursor.size() == 1 ? cursor.front() : dump_json(nlohmann::ordered_json(cursor));
}

}  // namespace rivet::model
