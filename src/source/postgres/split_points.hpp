// SPDX-License-Identifier: Apache-2.0
// Where to cut a relation into about equal parts by a key.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/predicate.hpp"
#include "model/relation.hpp"
#include "source/postgres/connection.hpp"
#include "source/postgres/fields.hpp"
#include "source/postgres/predicate.hpp"

namespace rivet::source::postgres {

/// What is cut, and into how many parts.
struct SplitRequest {
  const model::Relation& relation;
  const RowSource& rows;
  const model::KeyColumns& key;
  const std::vector<Field>& columns;  ///< the key's
  int parts = 1;
};

/// At most parts - 1 keys, ascending and distinct as the server compares them, without NULLs. In this order, the first
/// that can be had: the histogram of a fresh ANALYZE, one walk along an index (a sample of pages where that would visit
/// millions of rows of the table), one sort of the key columns (a query, no index, or few rows within bounds on
/// something else). Changes planner settings of the current transaction: end it with end_and_reset().
Result<std::vector<model::KeyValues>> find_split_points(Connection& connection, const SplitRequest& request,
                                                        std::chrono::seconds limit);

/// Which of `points` equally spaced points to take, so that they and the open ends make `parts` equal gaps:
/// at most parts - 1 indexes, ascending.
std::vector<std::size_t> evenly_spaced(std::size_t points, int parts);

/// Every `step`-th distinct key by an index, at most `most` of them: each step continues behind the last one's key, so
/// that all of them are one walk, without a sort. Errors: those of comparison().
Result<std::string> walk_statement(const Quoting& quoting, const SplitRequest& request, std::int64_t step,
                                   std::int64_t most);

}  // namespace rivet::source::postgres
