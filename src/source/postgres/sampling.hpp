// SPDX-License-Identifier: Apache-2.0
// When a walk along an index would visit too much, and which pages stand for the table then.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "model/relation.hpp"
#include "source/postgres/connection.hpp"

namespace rivet::source::postgres {

/// A part of a table's rows, chosen at random by pages.
struct Sample {
  std::string clause;     ///< TABLESAMPLE ..., behind the table and its alias
  std::string condition;  ///< thins out the rows of those pages
};

/// The sample that shows where to cut about `rows` rows of a table into `parts`; nothing when their index can be walked
/// in a second or two, or when they are too few among the others to be met in a sample. An index-only walk is cheap for
/// the rows of pages that VACUUM has marked as visible to all; every other row costs a visit to the table, at random
/// places when the key is random (measured: 14 s for 3 M rows of a freshly loaded table, 0.9 s after VACUUM).
Result<std::optional<Sample>> plan_sample(Connection& connection, const model::Relation& relation, std::int64_t rows,
                                          int parts, std::chrono::seconds limit);

}  // namespace rivet::source::postgres
