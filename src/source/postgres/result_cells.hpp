// SPDX-License-Identifier: Apache-2.0
// Cells of a small result in text form. REQUIRES everywhere: row and column exist.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "source/postgres/connection.hpp"

namespace rivet::source::postgres {

/// The cell's text; empty for NULL.
inline std::string cell(const PgResult& result, int row, int column) { return PQgetvalue(result.get(), row, column); }

/// The cell as a number; 0 when it is none.
inline std::int64_t number(const PgResult& result, int row, int column) {
  std::int64_t value = 0;
  const auto text = std::string_view(PQgetvalue(result.get(), row, column));
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// Whether a boolean cell is true.
inline bool is_true(const PgResult& result, int row, int column) { return cell(result, row, column) == "t"; }

}  // namespace rivet::source::postgres
