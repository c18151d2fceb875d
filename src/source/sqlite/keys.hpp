// SPDX-License-Identifier: Apache-2.0
// Which columns name a row, as the catalogue says.
#pragma once

#include "base/result.hpp"
#include "model/relation.hpp"
#include "source/sqlite/connection.hpp"
#include "source/sqlite/describe.hpp"

#include <string>
#include <vector>

namespace rivet::source::sqlite {

/// The primary key, then the unique indexes: those without NULL first, then those of fewer columns. Left out are
/// partial indexes, those over expressions, and those that compare a column in another way than the column itself.
/// Empty for views, queries and virtual tables.
Result<std::vector<model::Key>> read_keys(Connection& connection, const Shape& shape);

/// The columns by which, alone, some index (unique or not) or the rowid has all rows in order.
Result<std::vector<std::string>> read_indexed(Connection& connection, const Shape& shape);

/// The name under which the rowid can be a key column. Empty for whatever has none of its own. Without INTEGER PRIMARY
/// KEY it may change with VACUUM.
Result<std::string> read_row_id(Connection& connection, const Shape& shape);

}  // namespace rivet::source::sqlite
