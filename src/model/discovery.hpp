// SPDX-License-Identifier: Apache-2.0
// What looking at a source found, and how each of its relations could be exported.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/catalogue.hpp"
#include "model/column.hpp"

namespace rivet::model {

/// A column that an incremental export could follow.
struct CursorCandidate {
  std::string column, data_type;
  bool nullable = false;
  bool primary_key = false;          ///< the whole of it
  int score = 0;                     ///< comparable within one table
  std::vector<std::string> reasons;  ///< codes, one for each part of the score but the position's
};

/// A column that a chunked export could be cut by.
struct ChunkCandidate {
  std::string column, data_type;
  bool primary_key = false;
  int score = 0;
};

/// How a relation could be exported, in the words of the configuration.
struct Suggestion {
  std::string mode;                            ///< full, incremental, chunked, time_window
  std::string reason;                          ///< one sentence
  std::vector<std::string> chunk_by_key = {};  ///< chunked: the columns of a key ...
  std::string chunk_column = {};               ///< ... or one integer column
  std::int64_t chunk_size = 0;                 ///< chunked: rows
  int parallel = 1;
  std::string cursor = {};    ///< incremental: cursor_column; time_window: time_column
  std::string fallback = {};  ///< incremental: cursor_fallback_column, when the cursor may be NULL
};

/// One relation that can be exported.
struct DiscoveredTable {
  CatalogueEntry entry;  ///< with the best row estimate there is
  Columns columns;
  Misfits misfits = {};                  ///< what its plain table would stop at; `columns` have the types that carry it
  std::vector<CursorCandidate> cursors;  ///< best first
  std::vector<ChunkCandidate> chunks;    ///< best first
  std::string fallback = {};             ///< stands in for the best cursor where that is NULL
  Suggestion suggestion;
  std::vector<std::string> notes = {};
};

/// One relation that cannot, or not now.
struct SkippedTable {
  std::string schema, table, reason;
};

struct Discovery {
  std::string source_type;  ///< as the configuration spells it
  std::string scope;        ///< for people: `PostgreSQL schema "public" (3 objects)`
  std::vector<DiscoveredTable> tables;
  std::vector<SkippedTable> skipped;
};

}  // namespace rivet::model
