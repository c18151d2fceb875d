// SPDX-License-Identifier: Apache-2.0
// One value of a key: as text for plans, and as a bound parameter of the very storage class.
#pragma once

#include "base/result.hpp"
#include "source/sqlite/connection.hpp"

#include <sqlite3.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace rivet::source::sqlite {

/// A text. `raw` bytes are in the encoding of the database and may be anything, others are clean UTF-8.
struct TextValue {
  std::string bytes;
  bool raw = false;

  bool operator==(const TextValue&) const = default;
};

struct BlobValue {
  std::string bytes;

  bool operator==(const BlobValue&) const = default;
};

/// A value of one of SQLite's storage classes but NULL.
using KeyValue = std::variant<std::int64_t, double, TextValue, BlobValue>;

/// Column `index` of the current row in the spelling of an SQL literal: `-5`, `0.1`, `9e999`, `'it''s'`, `X'00FF'`,
/// and `CAST(X'..' AS TEXT)` for text that is not clean; a text that is a plain date goes without quotes
/// (model::KeyValues). parse_key_value() gives back the same value bit for bit. Kind internal for NULL.
Result<std::string> key_text(const Connection& connection, sqlite3_stmt* row, int index);

/// Reads one of these spellings, and nothing else: kind data.
Result<KeyValue> parse_key_value(std::string_view text);

/// Binds a copy of the value to parameter `index`.
Result<void> bind_key_value(const Connection& connection, sqlite3_stmt* statement, int index, const KeyValue& value);

}  // namespace rivet::source::sqlite
