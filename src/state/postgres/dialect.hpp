// SPDX-License-Identifier: Apache-2.0
// The one set of statements and tables as PostgreSQL reads it.
#pragma once

#include <string>
#include <string_view>

namespace rivet::state::postgres {

/// A statement with `?` and `?N` as `$N`, with what stands in its comments, which is for PostgreSQL, with an
/// array for a set of numbers, and with its functions for `now_us()` (microseconds since 1970 on the server's clock)
/// and `json_each()` of an object (the columns `key` and `value`, as text).
std::string statement_text(std::string_view query);

/// Definitions of tables with PostgreSQL's types: numbered rows, bytes, and text that sorts by its bytes as in SQLite,
/// whatever the database's collation.
std::string table_text(std::string_view definitions);

}  // namespace rivet::state::postgres
