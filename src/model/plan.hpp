// SPDX-License-Identifier: Apache-2.0
// The plan of one export as a value: its units, and everything a later process needs to go on with it and to
// publish its result without asking the source or the configuration again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "model/column.hpp"
#include "model/position.hpp"
#include "model/prediction.hpp"
#include "model/relation.hpp"
#include "model/unit.hpp"

namespace rivet::model {

/// A remark of the planner: a stable rule name and a sentence.
struct PlanWarning {
  std::string rule, message;
};

/// How a run that reads only what is new follows the runs before it. The first `again_units` units read a stretch that
/// earlier runs have read before; rows that those have exported already are left out of them.
struct Incremental {
  KeyColumns cursor;
  std::optional<Position> since;  ///< what earlier runs covered; none: this is the first
  Position until;                 ///< what is covered once this run is published
  bool versions = false;          ///< late rows are told by the number of the transaction that made them
  int again_units = 0;
  std::vector<std::string> identity;        ///< columns that tell a row apart, the cursor's among them
  bool by_key = false;                      ///< the identity has a key in it, so that no two rows share it
  std::int64_t lookback = 0;                ///< about so many of the newest rows are remembered for later runs
  int remember_from = 0;                    ///< of the units behind the first ones, those from here on are remembered
  std::optional<KeyValues> remember_after;  ///< the remembered rows' cursors lie behind it; none: no limit
};

/// What one run of one export will do. Two plans with equal fingerprints produce interchangeable parts.
struct Plan {
  std::string export_name;
  std::string family;  ///< the entry of the config that it is a partition of; its own name when it is none
  Relation relation;
  std::string source_engine;
  std::string source_id = {};    ///< which database, as source::Session names it; empty: not known
  std::string mode;              ///< as in the config
  std::string strategy;          ///< how it is cut: full, range, keyset, days, dense or pages
  std::vector<std::string> key;  ///< what it is cut by; empty when it needs no key
  std::string reason;            ///< why so, one sentence
  std::string consistency;       ///< unit | snapshot
  std::string destination_kind, destination_uri;
  std::string prefix;  ///< names the place where parts land, the same for every process
  std::string format, compression;
  Columns source_columns;                     ///< as read
  Columns columns;                            ///< as written: the same and ours after them
  std::vector<std::string> row_hash_covered;  ///< empty: no row hash
  std::optional<std::int64_t> max_file_size;
  std::optional<std::int64_t> row_estimate;
  std::string catalogue_fingerprint;
  std::vector<Unit> units;
  std::string tiling;  ///< why no row is in two units or in none
  std::optional<Incremental> incremental;
  std::string snapshot;  ///< the instant that all units share, in the words of the engine; empty: each its own
  std::vector<PlanWarning> warnings;
  std::optional<Prediction> prediction;
  std::string fingerprint;  ///< over what decides the content and shape of the parts
};

/// Whether its units read one instant that somebody has to hold for them.
bool shares_instant(const Plan& plan);

/// Whether it replaces units of earlier runs instead of making a result of its own.
bool is_repair(const Plan& plan);

/// What later runs want to know of a plan: which columns its parts have, and what told its rows apart.
struct PlanShape {
  Columns source_columns, columns;
  std::vector<std::string> identity;  ///< of Incremental; empty when it was none
};

/// Whether the unit reads a stretch that other runs have read as well.
bool looks_again(const Incremental& incremental, const Unit& unit);
/// Whether it reads rows without a cursor.
bool is_of_null_keys(const Unit& unit);
/// Whether later runs are told which rows it read.
bool remembers_rows(const Incremental& incremental, const Unit& unit);

/// The text kept with the run, and back. Error kind data for text that is not a plan.
std::string to_json_text(const Plan& plan);
Result<Plan> plan_from_json_text(std::string_view text);
/// Only that of it, also from plans that lack what later versions need. Error kind data likewise.
Result<PlanShape> plan_shape_from_json_text(std::string_view text);
/// Plans whose texts agree in this have the same shape. To find out costs a thousandth of reading them.
std::string shape_text(std::string_view plan_text);

}  // namespace rivet::model
