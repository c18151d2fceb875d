// SPDX-License-Identifier: Apache-2.0
// The one set of statements and tables as PostgreSQL reads it.
#pragma once

#include <string>
#include <string_view>

namespace rivet::state::postgres {

/// A statement with `?` and `?N` as `$N`, and with what stands in its comments, which is for PostgreSQL.
std::string statement_text(std::string_view query);

/// Definitions of tables with PostgreSQL's types: numbered rows, bytes, and text that sorts by its bytes as in SQLite,
/// whatever the database's collation.
std::string table_text(std::string_view definitions);

}  // namespace rivet::state::postgres
