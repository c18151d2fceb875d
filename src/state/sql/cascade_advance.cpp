// SPDX-License-Identifier: Apache-2.0
// The hop (D3): verdicts, counters, decisions and what follows from them, for any number of groups in one transaction.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "state/sql/cascade_ops.hpp"
#include "state/sql/cascade_rows.hpp"
#include "state/sql/cascade_statements.hpp"
#include "state/sql/rows.hpp"

namespace rivet::state::sql {
namespace {

using namespace cascade;
using namespace cascade_sql;

constexpr std::chrono::seconds kSoftLease{5};  // for whoever takes events: longer than a batch takes

struct LockedGroup {
  StoredNode id = 0;
  PolicyKind kind = PolicyKind::all_of;
  std::size_t needed = 0;
  Counters counters;
  GroupState state = GroupState::pending;
};

LockedGroup read_locked(Execution& row) {
  LockedGroup group;
  group.id = row.integer();
  group.kind = read_policy(row);
  group.needed = static_cast<std::size_t>(row.integer());
  group.counters.n = static_cast<std::size_t>(row.integer());
  row.text();
  group.counters.success = static_cast<std::size_t>(row.integer());
  group.counters.negative = static_cast<std::size_t>(row.integer());
  group.state = read_group_state(row);
  return group;
}

using Numbers = std::map<StoredNode, std::int64_t>;

/// New verdicts, counted for each group.
struct Marked {
  Numbers successes, negatives;
  std::int64_t edges = 0;
};

Result<Marked> mark(Connection& db, const std::string& downs, const std::vector<StoredNode>& ups) {
  Marked marked;
  auto rows = ups.empty() ? db.start(kMarkEdges, downs) : db.start(kMarkEdgesOf, downs, ids_json(ups));
  while (TRY(rows.next())) {
    const auto down = rows.integer();
    ++(rows.text() == "s" ? marked.successes : marked.negatives)[down];
    ++marked.edges;
  }
  TRY(rows.finish());
  return marked;
}

Result<void> count(Connection& db, const Marked& marked, std::vector<LockedGroup>& groups) {
  for (auto& group : groups) {
    if (const auto more = marked.successes.find(group.id); more != marked.successes.end()) {
      group.counters.success += static_cast<std::size_t>(more->second);
    }
    if (const auto more = marked.negatives.find(group.id); more != marked.negatives.end()) {
      group.counters.negative += static_cast<std::size_t>(more->second);
    }
  }
  if (!marked.successes.empty()) TRY(db.run(kAddSuccesses, numbers_json(marked.successes)));
  if (!marked.negatives.empty()) TRY(db.run(kAddNegatives, numbers_json(marked.negatives)));
  return {};
}

std::string_view ended(std::string_view outcome) { return outcome == "success" ? "succeeded" : outcome; }

/// `'a' failed and 2 more`, or of what is not all: `2 of 3 had to succeed: 'a' failed and 1 more`.
Result<std::map<StoredNode, std::string>> reasons_against(Connection& db, const std::vector<StoredNode>& ids,
                                                          const std::vector<LockedGroup>& groups) {
  std::map<StoredNode, std::string> reasons;
  for (const auto id : ids) reasons[id] = "what it depends on cannot succeed";
  auto rows = db.start(kSelectAgainst, ids_json(ids));
  while (TRY(rows.next())) {
    const auto down = rows.integer();
    const auto number = rows.integer();
    const auto name = rows.text();
    auto reason = fmt::format("'{}' {}", name, ended(rows.text()));
    if (number > 1) reason += fmt::format(" and {} more", number - 1);
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& one) { return one.id == down; });
    if (group != groups.end() && group->kind != PolicyKind::all_of) {
      reason = fmt::format("{} of {} had to succeed: {}", group->needed, group->counters.n, reason);
    }
    reasons[down] = std::move(reason);
  }
  TRY(rows.finish());
  return reasons;
}

Result<std::vector<StoredNode>> skip(Connection& db, const std::vector<StoredNode>& ids,
                                     const std::vector<LockedGroup>& groups) {
  if (ids.empty()) return std::vector<StoredNode>();
  const auto reasons = TRY(reasons_against(db, ids, groups));
  auto skipped = TRY(read_all(db.start(kSkip, texts_json(reasons)), read_number));
  TRY(announce(db, skipped, name_of(Outcome::skipped), ""));
  return skipped;
}

/// Decides what is pending, or, `again`, lets what was decided follow.
Result<void> decide_all(Connection& db, const std::vector<LockedGroup>& groups, bool again, Advanced& out) {
  std::vector<StoredNode> satisfied, impossible, let_go, skipped;
  for (const auto& group : groups) {
    if (group.state == GroupState::pending) {
      const auto decision = decide(group.needed, group.counters);
      if (decision == Decision::satisfied) satisfied.push_back(group.id);
      if (decision == Decision::impossible) impossible.push_back(group.id);
    } else if (again && group.state == GroupState::satisfied) {
      let_go.push_back(group.id);
    } else if (again && group.state == GroupState::impossible) {
      skipped.push_back(group.id);
    }
  }
  if (!satisfied.empty()) TRY(db.run(kDecide, ids_json(satisfied), name_of(GroupState::satisfied)));
  if (!impossible.empty()) TRY(db.run(kDecide, ids_json(impossible), name_of(GroupState::impossible)));
  out.decided += std::ssize(satisfied) + std::ssize(impossible);
  let_go.insert(let_go.end(), satisfied.begin(), satisfied.end());
  skipped.insert(skipped.end(), impossible.begin(), impossible.end());
  if (!let_go.empty()) {
    TRY(db.run(kLetGo, ids_json(let_go)));
    TRY(db.notify());
  }
  out.ended = TRY(skip(db, skipped, groups));
  return {};
}

}  // namespace

Result<Advanced> advance(Connection& db, const std::vector<StoredNode>& downs, const std::vector<StoredNode>& ups) {
  Advanced out;
  if (downs.empty()) return out;
  const auto keys = ids_json(downs);
  auto groups = TRY(read_all(db.start(kLockGroups, keys), read_locked));
  const auto marked = TRY(mark(db, keys, ups));
  out.marked = marked.edges;
  TRY(count(db, marked, groups));
  TRY(decide_all(db, groups, false, out));
  return out;
}

Result<bool> recount(Connection& db, StoredNode id) {
  const auto key = id_json(id);
  const auto before = TRY(read_all(db.start(kLockGroups, key), read_locked));
  if (before.empty()) return false;
  const auto marked = TRY(mark(db, key, {}));
  TRY(db.run(kRecount, key));
  const auto after = TRY(read_all(db.start(kLockGroups, key), read_locked));
  const auto node = TRY(read_first(db.start(kSelectNode, id), read_node));
  Advanced advanced;
  TRY(decide_all(db, after, true, advanced));
  const bool followed = node && node->phase == Phase::blocked && after.front().state != GroupState::pending;
  return marked.edges > 0 || advanced.decided > 0 || followed || !(before.front().counters == after.front().counters);
}

Result<Sweep> take_events(Connection& db, const SweepScope& which) {
  const auto tags = tags_json(which.scope.tags);
  const auto stale = micros(which.stale);
  Sweep sweep;
  const auto ids =
      TRY(read_all(db.start(kSelectPending, which.scope.name_space, tags, stale, which.limit), read_number));
  if (!ids.empty()) {
    sweep.events = TRY(
        read_all(db.start(kTakeEvents, ids_json(ids), std::chrono::microseconds(kSoftLease).count()), read_event));
    std::sort(sweep.events.begin(), sweep.events.end(),
              [](const auto& a, const auto& b) { return a.event_id < b.event_id; });
  }
  if (which.count_others && !which.scope.is_everything()) {
    const auto others =
        TRY(read_first(db.start(kCountOthers, which.scope.name_space, tags, stale, which.limit), read_number));
    sweep.filtered = others.value_or(0);
  }
  return sweep;
}

Result<std::int64_t> close_events(Connection& db, const std::vector<OutboxEvent>& events) {
  if (events.empty()) return 0;
  std::vector<StoredNode> ids;
  for (const auto& event : events) ids.push_back(event.event_id);
  return std::ssize(TRY(read_all(db.start(kCloseEvents, ids_json(ids)), read_number)));
}

Result<std::vector<StoredNode>> stop_nodes(Connection& db, const std::vector<StoredNode>& nodes,
                                           const std::string& reason) {
  if (nodes.empty()) return std::vector<StoredNode>();
  const auto keys = ids_json(nodes);
  TRY(read_all(db.start(kLockGroups, keys), read_locked));  // a blocked node's group goes before the node
  std::vector<StoredNode> idle;
  for (const auto& [id, phase] : TRY(read_all(db.start(kStop, keys, reason), read_numbered_text))) {
    if (phase == name_of(Phase::terminal)) idle.push_back(id);
  }
  TRY(db.notify());  // who is to stop hears of it at once
  if (idle.empty()) return idle;
  TRY(db.run(kCancelGroups, ids_json(idle)));
  TRY(announce(db, idle, name_of(Outcome::cancelled), reason));
  return idle;
}

Result<std::vector<StoredNode>> drain(Connection& db, StoredNode group) {
  if (!TRY(read_first(db.start(kLockToCancel, group), read_number))) return std::vector<StoredNode>();
  const auto waiting = TRY(read_first(db.start(kSelectNode, group), read_node));
  const auto left_over = TRY(read_all(db.start(kSelectLeftOver, group), read_number));
  const bool satisfied = waiting && waiting->outcome != Outcome::skipped;
  auto ended = TRY(stop_nodes(db, left_over,
                              fmt::format("not needed: '{}' {}", waiting ? waiting->name : "",
                                          satisfied ? "has what it waited for" : "cannot run any more")));
  TRY(db.run(kClearCancel, group));
  return ended;
}

}  // namespace rivet::state::sql
