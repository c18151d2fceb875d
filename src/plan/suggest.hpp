// SPDX-License-Identifier: Apache-2.0
// How a relation could be exported, judged by what the source tells about it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "config/config.hpp"
#include "model/catalogue.hpp"
#include "model/discovery.hpp"
#include "model/relation.hpp"

namespace rivet::plan {

/// Below so many rows one statement reads a relation quickly enough.
inline constexpr std::int64_t kLargeRows = 100'000;
/// From so many rows on it is worth asking how far a key reaches.
inline constexpr std::int64_t kProbedRows = 50'000;

/// How far an integer key reaches: last - first + 1, in floating point because that may exceed 64 bits.
struct KeySpan {
  std::string column;
  double keys = 0;
};

/// What is known of one relation.
struct RelationFacts {
  model::CatalogueEntry entry;  ///< with the best row estimate there is
  model::Inventory inventory;   ///< with the types that carry every value
  model::Misfits misfits = {};
  std::optional<KeySpan> span = {};
};

/// Columns that an incremental export could follow, best first. The score is the sum of: timestamp 40, date 20, integer
/// primary key 25; a name that says updated or modified 40, created 20; an index in its order 10; NULLs -10; up to 5
/// for a place near the first column. Integers other than the primary key count only when their name says a time.
std::vector<model::CursorCandidate> rank_cursors(const model::Inventory& inventory);

/// Columns that a chunked export could be cut by, best first: an integer 20, the primary key 40 more, a unique column
/// of another type 20.
std::vector<model::ChunkCandidate> rank_chunks(const model::Inventory& inventory);

/// The single integer column that is a key without NULLs; nothing when there is none.
const model::Column* integer_key(const model::Inventory& inventory);

/// Rows per chunk and units at once for so many rows.
std::int64_t suggest_chunk_size(std::int64_t rows);
int suggest_parallel(std::int64_t rows);

/// Candidates, mode and notes. `forced` is the mode to use where it is possible; elsewhere the reason says why not.
model::DiscoveredTable suggest(const RelationFacts& facts, std::optional<config::Mode> forced);

}  // namespace rivet::plan
