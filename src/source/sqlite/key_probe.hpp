// SPDX-License-Identifier: Apache-2.0
// Where a key begins and ends, and where to cut it.
#pragma once

#include "base/result.hpp"
#include "model/relation.hpp"
#include "source/sqlite/connection.hpp"
#include "source/sqlite/describe.hpp"
#include "source/sqlite/predicate.hpp"

#include <cstdint>
#include <vector>

namespace rivet::source::sqlite {

/// See source::Session. Each runs in a read transaction of its own. The first two fail with kind config as of
/// require_cuttable().
Result<model::KeyExtent> key_extent(Connection& connection, const model::Relation& relation,
                                    const model::KeyColumns& key);
Result<std::vector<model::KeyValues>> split_points(Connection& connection, const model::Relation& relation,
                                                   const model::KeyColumns& key, int parts);
Result<std::int64_t> row_count(Connection& connection, const model::Relation& relation);

/// The statement that finds the least key, or with `descending` the greatest.
Result<BoundSql> end_statement(const Shape& shape, const model::Relation& relation, const model::KeyColumns& key,
                               bool descending);
/// The statement that walks the distinct keys in ascending order, each with its number of rows; cheaper when the key is
/// known to be `unique`.
Result<BoundSql> walk_statement(const Shape& shape, const model::Relation& relation, const model::KeyColumns& key,
                                bool unique);

}  // namespace rivet::source::sqlite
