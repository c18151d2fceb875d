// SPDX-License-Identifier: Apache-2.0
// Records of the cascade from rows, and sets of numbers as parameters. Each reader takes the columns that
// cascade_statements.hpp selects, in their order.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cascade/store.hpp"
#include "state/sql/connection.hpp"

namespace rivet::state::sql {

/// An object with nodes as keys and numbers or texts as values.
std::string numbers_json(const std::map<cascade::StoredNode, std::int64_t>& numbers);
std::string texts_json(const std::map<cascade::StoredNode, std::string>& texts);
/// How the counters of groups grow and what is decided, as kAdvanceGroups takes it.
struct GroupChange {
  std::int64_t successes = 0, negatives = 0;
  std::optional<cascade::GroupState> decided;
};
using GroupChanges = std::map<cascade::StoredNode, GroupChange>;
std::string changes_json(const GroupChanges& changes);
/// An object of rows, numbered; each is an array of texts.
std::string rows_json(const std::vector<std::vector<std::string>>& rows);

std::string tags_json(const cascade::Tags& tags);
/// A duration as it is stored.
inline std::int64_t micros(std::chrono::microseconds duration) { return duration.count(); }

cascade::NodeRecord read_node(Execution& row);
/// Without its payload; with it when the row has one more column.
cascade::RunRecord read_cascade_run(Execution& row);
cascade::RunRecord read_cascade_run_with_payload(Execution& row);
cascade::RunTally read_tally(Execution& row);
cascade::GroupRecord read_group(Execution& row);
cascade::EdgeRecord read_edge(Execution& row);
cascade::AttemptRecord read_attempt(Execution& row);
cascade::OutboxEvent read_event(Execution& row);
cascade::Alarm read_alarm(Execution& row);
cascade::Happening read_happening(Execution& row);
cascade::WorkerRecord read_worker(Execution& row);
/// Two numbers; two texts.
std::pair<std::int64_t, std::int64_t> read_numbers(Execution& row);
std::pair<std::string, std::string> read_texts(Execution& row);
/// A text and a number; a number and a text.
std::pair<std::string, std::int64_t> read_named_number(Execution& row);
std::pair<std::int64_t, std::string> read_numbered_text(Execution& row);

cascade::Outcome read_outcome(Execution& row);
cascade::Phase read_phase(Execution& row);
cascade::GroupState read_group_state(Execution& row);
cascade::PolicyKind read_policy(Execution& row);

}  // namespace rivet::state::sql
