// SPDX-License-Identifier: Apache-2.0
// What the planner asks about a relation's rows: ends of a key, NULLs, pages, counts.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/relation.hpp"
#include "source/postgres/connection.hpp"
#include "source/postgres/fields.hpp"
#include "source/postgres/predicate.hpp"

namespace rivet::source::postgres {

/// The greatest key in the order of the columns, as exact text; nothing without rows that have the whole key.
Result<std::optional<model::KeyValues>> probe_last_key(Connection& connection, const RowSource& rows,
                                                       const std::vector<Field>& columns, std::chrono::seconds limit);

/// First and last key in the order of the columns, as exact text, and whether any row lacks a part of it. Columns that
/// are NOT NULL in the catalogue are not searched for NULLs. Inside the current transaction.
Result<model::KeyExtent> probe_extent(Connection& connection, const RowSource& rows, const std::vector<Field>& columns,
                                      std::chrono::seconds limit);

/// Pages of the table's main file. Kind config for all but ordinary tables and materialized views of their own.
Result<std::int64_t> probe_pages(Connection& connection, const model::Relation& relation, std::chrono::seconds limit);

/// The number that the statement answers with.
Result<std::int64_t> probe_number(Connection& connection, const std::string& select, std::chrono::seconds limit);

/// COUNT(*).
Result<std::int64_t> probe_rows(Connection& connection, const RowSource& rows, std::chrono::seconds limit);

/// Whether rows of the relation can be selected by VersionRange: all of them lie in heaps, and this user may see xmin.
Result<bool> has_row_versions(Connection& connection, const model::Relation& relation, std::chrono::seconds limit);

/// How many rows the server's planner expects of a SELECT; nothing when it does not say.
Result<std::optional<std::int64_t>> estimate_rows(Connection& connection, const std::string& select,
                                                  std::chrono::seconds limit);

}  // namespace rivet::source::postgres
