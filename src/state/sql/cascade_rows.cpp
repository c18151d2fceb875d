// SPDX-License-Identifier: Apache-2.0
// Words, tags and numbers of the cascade's rows.
#include "state/sql/cascade_rows.hpp"

#include <array>

#include <nlohmann/json.hpp>

#include "model/json_fields.hpp"
#include "state/sql/rows.hpp"

namespace rivet::state::sql {
namespace {

using namespace cascade;

constexpr std::array kOutcomes{Outcome::success, Outcome::failed, Outcome::expired, Outcome::cancelled,
                               Outcome::skipped};
constexpr std::array kPhases{Phase::blocked, Phase::runnable, Phase::active, Phase::terminal};
constexpr std::array kGroupStates{GroupState::pending, GroupState::satisfied, GroupState::impossible,
                                  GroupState::cancelled};
constexpr std::array kPolicies{PolicyKind::all_of, PolicyKind::any_of, PolicyKind::quorum};
constexpr std::array kChoices{OnSatisfied::cancel_remaining, OnSatisfied::let_run};
constexpr std::array kRunStates{RunState::open, RunState::done, RunState::failed, RunState::cancelled};
constexpr std::array kNodeKinds{NodeKind::export_, NodeKind::gate};

Tags read_tags(Execution& row) {
  const auto document = nlohmann::json::parse(row.text(), nullptr, false);
  Tags tags;
  if (!document.is_object()) {
    row.refuse("tags are malformed");
    return tags;
  }
  for (const auto& [key, value] : document.items()) {
    if (value.is_string()) tags.emplace(key, value.get<std::string>());
  }
  return tags;
}

template <class Map>
std::string object_of(const Map& entries) {
  auto object = nlohmann::json::object();
  for (const auto& [key, value] : entries) object[std::to_string(key)] = value;
  return model::dump_json(object);
}

}  // namespace

std::string numbers_json(const std::map<StoredNode, std::int64_t>& numbers) { return object_of(numbers); }

std::string texts_json(const std::map<StoredNode, std::string>& texts) { return object_of(texts); }

std::string changes_json(const GroupChanges& changes) {
  auto object = nlohmann::json::object();
  for (const auto& [id, change] : changes) {
    nlohmann::json decided;
    if (change.decided) decided = name_of(*change.decided);
    object[std::to_string(id)] = {change.successes, change.negatives, decided};
  }
  return model::dump_json(object);
}

std::string rows_json(const std::vector<std::vector<std::string>>& rows) {
  auto object = nlohmann::json::object();
  for (std::size_t i = 0; i < rows.size(); ++i) object[std::to_string(i)] = rows[i];
  return model::dump_json(object);
}

std::string tags_json(const Tags& tags) { return model::dump_json(nlohmann::json(tags)); }

Outcome read_outcome(Execution& row) { return read_word(row, kOutcomes, "an unknown outcome"); }

Phase read_phase(Execution& row) { return read_word(row, kPhases, "an unknown phase"); }

GroupState read_group_state(Execution& row) { return read_word(row, kGroupStates, "an unknown state of a group"); }

PolicyKind read_policy(Execution& row) { return read_word(row, kPolicies, "an unknown policy"); }

NodeRecord read_node(Execution& row) {
  NodeRecord node;
  node.node_id = row.integer();
  node.run_id = row.text();
  node.name = row.text();
  node.kind = read_word(row, kNodeKinds, "an unknown kind of node");
  node.name_space = row.text();
  node.tags = read_tags(row);
  node.phase = read_phase(row);
  if (const auto outcome = row.optional_text()) {
    for (const auto known : kOutcomes) {
      if (name_of(known) == *outcome) node.outcome = known;
    }
  }
  node.round = row.integer();
  node.epoch = row.integer();
  node.owner = row.text();
  node.lease_until = row.optional_integer();
  node.attempts = row.integer();
  node.max_attempts = row.integer();
  node.attempt_until = row.optional_integer();
  node.not_before = row.optional_integer();
  node.cancel_requested_at = row.optional_integer();
  node.reason = row.text();
  node.updated_at = row.integer();
  return node;
}

RunRecord read_cascade_run(Execution& row) {
  RunRecord run;
  run.run_id = row.text();
  run.run_key = row.optional_text();
  run.name_space = row.text();
  run.tags = read_tags(row);
  run.state = read_word(row, kRunStates, "an unknown state of a run");
  run.paused = row.boolean();
  run.cancel_requested_at = row.optional_integer();
  run.submitted_at = row.integer();
  run.closed_at = row.optional_integer();
  return run;
}

RunRecord read_cascade_run_with_payload(Execution& row) {
  auto run = read_cascade_run(row);
  run.payload = row.text();
  return run;
}

RunTally read_tally(Execution& row) {
  RunTally tally{.run = read_cascade_run(row)};
  tally.blocked = row.integer();
  tally.runnable = row.integer();
  tally.active = row.integer();
  tally.succeeded = row.integer();
  tally.negative = row.integer();
  return tally;
}

GroupRecord read_group(Execution& row) {
  GroupRecord group;
  group.kind = read_policy(row);
  group.k = row.integer();
  group.counters.n = static_cast<std::size_t>(row.integer());
  group.on_satisfied = read_word(row, kChoices, "an unknown choice");
  group.counters.success = static_cast<std::size_t>(row.integer());
  group.counters.negative = static_cast<std::size_t>(row.integer());
  group.state = read_group_state(row);
  group.decided_at = row.optional_integer();
  group.cancel_pending = row.boolean();
  return group;
}

EdgeRecord read_edge(Execution& row) {
  EdgeRecord edge;
  edge.up = row.integer();
  edge.up_name = row.text();
  if (const auto verdict = row.optional_text()) edge.verdict = *verdict == "s" ? Verdict::success : Verdict::negative;
  edge.up_round = row.integer();
  return edge;
}

AttemptRecord read_attempt(Execution& row) {
  AttemptRecord attempt;
  attempt.node_id = row.integer();
  attempt.epoch = row.integer();
  attempt.round = row.integer();
  attempt.attempt = row.integer();
  attempt.owner = row.text();
  attempt.started_at = row.integer();
  attempt.ended_at = row.optional_integer();
  attempt.outcome = row.text();
  attempt.error = row.text();
  return attempt;
}

OutboxEvent read_event(Execution& row) {
  OutboxEvent event;
  event.event_id = row.integer();
  event.node_id = row.integer();
  event.round = row.integer();
  event.outcome = read_outcome(row);
  event.committed_at = row.integer();
  return event;
}

Alarm read_alarm(Execution& row) {
  Alarm alarm;
  alarm.alarm_id = row.integer();
  alarm.reconciler = row.text();
  alarm.run_id = row.text();
  alarm.node_id = row.integer();
  alarm.message = row.text();
  alarm.raised_at = row.integer();
  return alarm;
}

Happening read_happening(Execution& row) {
  Happening happening;
  happening.at = row.integer();
  happening.kind = row.text();
  happening.sequence = row.integer();
  happening.run_id = row.text();
  happening.node = row.text();
  happening.detail = row.text();
  happening.owner = row.text();
  return happening;
}

WorkerRecord read_worker(Execution& row) {
  WorkerRecord worker;
  worker.worker_id = row.text();
  worker.host = row.text();
  worker.pid = row.integer();
  worker.slots = row.integer();
  worker.scope.name_space = row.text();
  worker.scope.tags = read_tags(row);
  worker.started_at = row.integer();
  worker.seen_at = row.integer();
  return worker;
}

std::pair<std::int64_t, std::int64_t> read_numbers(Execution& row) {
  const auto first = row.integer();
  return {first, row.integer()};
}

std::pair<std::string, std::string> read_texts(Execution& row) {
  auto first = row.text();
  return {std::move(first), row.text()};
}

std::pair<std::string, std::int64_t> read_named_number(Execution& row) {
  auto name = row.text();
  return {std::move(name), row.integer()};
}

std::pair<std::int64_t, std::string> read_numbered_text(Execution& row) {
  const auto number = row.integer();
  return {number, row.text()};
}

}  // namespace rivet::state::sql
