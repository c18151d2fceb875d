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

/// New verdicts of a group.
struct Marks {
  std::int64_t successes = 0, negatives = 0;
};
using Marked = std::map<StoredNode, Marks>;

Result<Marked> mark(Connection& db, const Numbers& downs, const std::vector<StoredNode>& ups) {
  Marked marked;
  auto rows = ups.empty() ? db.start(kMarkEdges, downs) : db.start(kMarkEdgesOf, downs, Numbers{ups});
  while (TRY(rows.next())) {
    auto& marks = marked[rows.integer()];
    ++(rows.text() == "s" ? marks.successes : marks.negatives);
  }
  TRY(rows.finish());
  return marked;
}

std::int64_t count(const Marked& marked, std::vector<LockedGroup>& groups) {
  std::int64_t edges = 0;
  for (auto& group : groups) {
    const auto more = marked.find(group.id);
    if (more == marked.end()) continue;
    group.counters.success += static_cast<std::size_t>(more->second.successes);
    group.counters.negative += static_cast<std::size_t>(more->second.negatives);
    edges += more->second.successes + more->second.negatives;
  }
  return edges;
}

std::string_view ended(std::string_view outcome) { return outcome == "success" ? "succeeded" : outcome; }

/// `'a' failed and 2 more`, or of what is not all: `2 of 3 had to succeed: 'a' failed and 1 more`.
Result<std::map<StoredNode, std::string>> reasons_against(Connection& db, const std::vector<StoredNode>& ids,
                                                          const std::vector<LockedGroup>& groups) {
  std::map<StoredNode, std::string> reasons;
  for (const auto id : ids) reasons[id] = "what it depends on cannot succeed";
  auto rows = db.start(kSelectAgainst, Numbers{ids});
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

/// What the counters of a group that is pending decide, if anything.
std::optional<GroupState> decision_of(const LockedGroup& group) {
  if (group.state != GroupState::pending) return std::nullopt;
  switch (decide(group.needed, group.counters)) {
    case Decision::satisfied: return GroupState::satisfied;
    case Decision::impossible: return GroupState::impossible;
    default: return std::nullopt;
  }
}

/// Stores new verdicts and decides what is pending; `again` lets what was decided before follow too.
Result<void> decide_all(Connection& db, const Marked& marked, const std::vector<LockedGroup>& groups, bool again,
                        Advanced& out) {
  std::vector<StoredNode> let_go, skipped;
  GroupChanges changes;
  for (const auto& group : groups) {
    const auto decided = decision_of(group);
    const auto more = marked.find(group.id);
    const auto marks = more == marked.end() ? Marks{} : more->second;
    if (more != marked.end() || decided) changes[group.id] = {marks.successes, marks.negatives, decided};
    if (decided) ++out.decided;
    const auto state = decided.value_or(again ? group.state : GroupState::pending);
    if (state == GroupState::satisfied) let_go.push_back(group.id);
    if (state == GroupState::impossible) skipped.push_back(group.id);
  }
  if (!changes.empty()) TRY(db.run(kAdvanceGroups, changes_json(changes)));
  if (!let_go.empty()) {
    TRY(db.run(kLetGo, Numbers{let_go}));
    TRY(db.notify());
  }
  out.ended = TRY(skip(db, skipped, groups));
  return {};
}

Result<Advanced> advance_locked(Connection& db, const std::vector<StoredNode>& downs, std::vector<LockedGroup> groups,
                                const std::vector<StoredNode>& ups) {
  Advanced out;
  const auto marked = TRY(mark(db, Numbers{downs}, ups));
  out.marked = count(marked, groups);
  TRY(decide_all(db, marked, groups, false, out));
  return out;
}

}  // namespace

Result<Advanced> advance(Connection& db, const std::vector<StoredNode>& downs, const std::vector<StoredNode>& ups) {
  if (downs.empty()) return Advanced();
  auto groups = TRY(read_all(db.start(kLockGroups, Numbers{downs}), read_locked));
  return advance_locked(db, downs, std::move(groups), ups);
}

namespace {

/// advance() of all who have not heard of one of these ends; nothing when they are more than `most`.
Result<std::optional<Advanced>> advance_unaware(Connection& db, const std::vector<StoredNode>& ended,
                                                std::size_t most) {
  const auto downs = TRY(read_all(db.start(kSelectUnaware, Numbers{ended}), read_number));
  if (downs.size() > most) return std::optional<Advanced>();
  auto hop = TRY(advance(db, downs, ended));
  return std::optional<Advanced>(std::move(hop));
}

Result<std::int64_t> close_events_of(Connection& db, const std::vector<StoredNode>& ended) {
  return std::ssize(TRY(read_all(db.start(kCloseEventsOf, Numbers{ended}), read_number)));
}

}  // namespace

Result<std::optional<Told>> tell(Connection& db, const std::vector<StoredNode>& ended, std::size_t most) {
  auto hop = TRY(advance_unaware(db, ended, most));
  if (!hop) return std::optional<Told>();
  Told told{.hop = std::move(*hop)};
  told.closed = TRY(close_events_of(db, ended));
  return std::optional<Told>(std::move(told));
}

/// Groups before the node, as whoever stops nodes takes them. An edge that comes meanwhile keeps the event open.
Result<std::optional<Ended>> finish_and_tell(Connection& db, StoredNode id, std::int64_t epoch, Outcome outcome,
                                             const std::string& reason, std::size_t most) {
  const auto downs = TRY(read_all(db.start(kSelectUnaware, Numbers{{id}}), read_number));
  if (downs.size() > most) return std::optional<Ended>();
  std::vector<LockedGroup> groups;
  if (!downs.empty()) groups = TRY(read_all(db.start(kLockFreeGroups, Numbers{downs}), read_locked));
  if (groups.size() < downs.size()) return std::optional<Ended>();
  Ended ended{.accepted = TRY(finish_node(db, id, epoch, outcome, reason)), .told = {}};
  if (!ended.accepted) return std::optional<Ended>(std::move(ended));
  if (!downs.empty()) ended.told.hop = TRY(advance_locked(db, downs, std::move(groups), {id}));
  ended.told.closed = TRY(close_events_of(db, {id}));
  return std::optional<Ended>(std::move(ended));
}

Result<bool> recount(Connection& db, StoredNode id) {
  const auto key = Numbers{{id}};
  const auto before = TRY(read_all(db.start(kLockGroups, key), read_locked));
  if (before.empty()) return false;
  const auto marked = TRY(mark(db, key, {}));
  TRY(db.run(kRecount, key));
  const auto after = TRY(read_all(db.start(kLockGroups, key), read_locked));
  const auto node = TRY(read_first(db.start(kSelectNode, id), read_node));
  Advanced advanced;
  TRY(decide_all(db, {}, after, true, advanced));
  const bool followed = node && node->phase == Phase::blocked && after.front().state != GroupState::pending;
  return !marked.empty() || advanced.decided > 0 || followed || !(before.front().counters == after.front().counters);
}

namespace {

/// Pending events that nobody is at, which nobody else gets until the end of the transaction.
Result<Sweep> pending(Connection& db, const SweepScope& which) {
  const auto tags = tags_json(which.scope.tags);
  const auto stale = micros(which.stale);
  Sweep found;
  found.events = TRY(read_all(db.start(kSelectPending, which.scope.name_space, tags, stale, which.limit), read_event));
  if (which.count_others && !which.scope.is_everything()) {
    const auto others =
        TRY(read_first(db.start(kCountOthers, which.scope.name_space, tags, stale, which.limit), read_number));
    found.filtered = others.value_or(0);
  }
  return found;
}

std::vector<StoredNode> ids_of(const std::vector<OutboxEvent>& events) {
  std::vector<StoredNode> ids;
  for (const auto& event : events) ids.push_back(event.event_id);
  return ids;
}

}  // namespace

Result<Sweep> take_events(Connection& db, const SweepScope& which) {
  auto found = TRY(pending(db, which));
  if (!found.events.empty()) {
    TRY(db.run(kTakeEvents, Numbers{ids_of(found.events)}, std::chrono::microseconds(kSoftLease).count()));
  }
  return found;
}

Result<std::optional<Swept>> sweep(Connection& db, const SweepScope& which, std::size_t most) {
  const auto found = TRY(pending(db, which));
  Swept swept{.scanned = std::ssize(found.events), .filtered = found.filtered, .told = {}};
  if (found.events.empty()) return std::optional<Swept>(std::move(swept));
  swept.oldest_at = found.events.front().committed_at;
  std::vector<StoredNode> ended;
  for (const auto& event : found.events) ended.push_back(event.node_id);
  auto hop = TRY(advance_unaware(db, ended, most));
  if (!hop) return std::optional<Swept>();
  swept.told.hop = std::move(*hop);
  swept.told.closed = TRY(close_events(db, found.events));
  return std::optional<Swept>(std::move(swept));
}

Result<std::int64_t> close_events(Connection& db, const std::vector<OutboxEvent>& events) {
  if (events.empty()) return 0;
  const auto ids = ids_of(events);
  return std::ssize(TRY(read_all(db.start(kCloseEvents, Numbers{ids}), read_number)));
}

Result<std::vector<StoredNode>> stop_nodes(Connection& db, const std::vector<StoredNode>& nodes,
                                           const std::string& reason) {
  if (nodes.empty()) return std::vector<StoredNode>();
  const auto keys = Numbers{nodes};
  TRY(read_all(db.start(kLockGroups, keys), read_locked));  // a blocked node's group goes before the node
  std::vector<StoredNode> idle;
  for (const auto& [id, phase] : TRY(read_all(db.start(kStop, keys, reason), read_numbered_text))) {
    if (phase == name_of(Phase::terminal)) idle.push_back(id);
  }
  TRY(db.notify());  // who is to stop hears of it at once
  if (idle.empty()) return idle;
  TRY(db.run(kCancelGroups, Numbers{idle}));
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
