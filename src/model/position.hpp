// SPDX-License-Identifier: Apache-2.0
// How far an incremental export has read its source.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "model/relation.hpp"

namespace rivet::model {

/// What an incremental export has read so far: where its next run goes on.
struct Position {
  KeyColumns key;                       ///< what the cursor is made of
  KeyValues cursor;                     ///< the greatest key that was exported; empty: no row had one
  std::optional<std::int64_t> horizon;  ///< transactions below it are covered, in the source's 64-bit numbering
  std::string source_id;                ///< which server, and which life of it, horizon and cursor belong to

  bool operator==(const Position&) const = default;
};

/// One JSON object; and back. Kind data for anything that is not a whole position.
std::string to_json_text(const Position& position);
Result<Position> position_from_json_text(std::string_view text);

/// A JSON array of texts; and back. Kind data for anything else.
std::string to_json_text(const KeyValues& values);
Result<KeyValues> key_values_from_json_text(std::string_view text);

/// A key as listings show it: the single value without the quotes that some engines put around text, several as a JSON
/// array, no text for none.
std::string display_cursor(const KeyValues& cursor);

}  // namespace rivet::model
