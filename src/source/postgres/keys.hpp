// SPDX-License-Identifier: Apache-2.0
// Which columns of a table are a key, and whether an index has its rows in the order of given columns.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/relation.hpp"
#include "source/postgres/connection.hpp"
#include "source/postgres/fields.hpp"

namespace rivet::source::postgres {

/// The primary key, then the unique indexes that cover all rows in the columns' own order: those that cannot be NULL
/// first, then the narrower ones. None for views, queries, foreign tables, and tables with inheritance children,
/// whose rows the index does not hold. A deferrable constraint counts: what is committed is unique.
Result<std::vector<model::Key>> read_keys(Connection& connection, const model::Relation& relation,
                                          const std::vector<Field>& fields, std::chrono::seconds limit);

/// The same keys, and the columns by which, alone, some index has all rows in order.
struct IndexFacts {
  std::vector<model::Key> keys;
  std::vector<std::string> leading;
};
Result<IndexFacts> read_index_facts(Connection& connection, const model::Relation& relation,
                                    const std::vector<Field>& fields, std::chrono::seconds limit);

/// Whether some index, unique or not, has all rows of the table in the order of this key: its columns, or for a
/// coalesced one an index on COALESCE of just these.
Result<bool> has_ordered_index(Connection& connection, const model::Relation& relation, const model::KeyColumns& key,
                               std::chrono::seconds limit);

}  // namespace rivet::source::postgres
