// SPDX-License-Identifier: Apache-2.0
// What ANALYZE knows about how a column's values spread.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/relation.hpp"
#include "source/postgres/connection.hpp"
#include "source/postgres/fields.hpp"

namespace rivet::source::postgres {

/// Values that cut the column into equal parts, least and greatest included, as the last ANALYZE saw them; text that
/// the type reads back. Empty when they are no good for `parts` parts: none, hidden from this user, fewer than two per
/// part, too much of the table in frequent values (which they leave out), or a table that has changed by a quarter.
Result<std::vector<std::string>> read_histogram(Connection& connection, const model::Relation& relation,
                                                const Field& column, int parts, std::chrono::seconds limit);

}  // namespace rivet::source::postgres
