// SPDX-License-Identifier: Apache-2.0
// Who works on a node: claims, leases, ends. The epoch of a claim fences everybody who had the node before.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "state/sql/cascade_ops.hpp"
#include "state/sql/cascade_rows.hpp"
#include "state/sql/cascade_statements.hpp"
#include "state/sql/rows.hpp"

namespace rivet::state::sql {
namespace {

using namespace cascade;
using namespace cascade_sql;
using namespace std::chrono_literals;

std::vector<StoredNode> ids_of(const std::vector<NodeRecord>& nodes) {
  std::vector<StoredNode> ids;
  for (const auto& node : nodes) ids.push_back(node.node_id);
  return ids;
}

/// None after the first attempt that was lost, then longer with each, at most a minute.
std::chrono::microseconds pause_after(std::int64_t attempts) {
  if (attempts <= 1) return 0s;
  return std::min<std::chrono::seconds>(std::chrono::seconds(1LL << std::min<std::int64_t>(attempts - 2, 6)), 60s);
}

/// The same end as before: the first answer was lost.
Result<bool> has_ended_so(Connection& db, StoredNode id, std::int64_t epoch, Outcome outcome) {
  const auto node = TRY(read_first(db.start(kSelectNode, id), read_node));
  return node && node->epoch == epoch && node->outcome == outcome;
}

Result<void> fence_and_end(Connection& db, const std::vector<StoredNode>& nodes, Outcome outcome,
                           const std::string& reason) {
  if (nodes.empty()) return {};
  TRY(db.run(kFenceAndEnd, Numbers{nodes}, name_of(outcome), reason));
  return announce(db, nodes, name_of(outcome), reason);
}

}  // namespace

Result<void> announce(Connection& db, const std::vector<StoredNode>& ended, std::string_view outcome,
                      const std::string& reason) {
  if (ended.empty()) return {};
  const auto ids = Numbers{ended};
  TRY(db.run(kInsertEvents, ids));
  TRY(db.run(kEndAttempts, ids, outcome, reason));
  return db.notify();
}

Result<std::vector<NodeClaim>> claim_nodes(Connection& db, const Claimer& claimer, int limit) {
  const auto ids = TRY(read_all(db.start(kSelectRunnable, claimer.scope.name_space, tags_json(claimer.scope.tags),
                                         Numbers{claimer.except}, limit),
                                read_number));
  std::vector<NodeClaim> claims;
  if (ids.empty()) return claims;
  const auto keys = Numbers{ids};
  for (auto& node : TRY(read_all(db.start(kActivate, keys, claimer.owner, micros(claimer.lease)), read_node))) {
    claims.push_back({.node = std::move(node)});
  }
  std::sort(claims.begin(), claims.end(), [](const auto& a, const auto& b) { return a.node.node_id < b.node.node_id; });
  TRY(db.run(kInsertAttempts, keys));
  return claims;
}

Result<Heartbeat> heartbeat(Connection& db, const std::vector<std::pair<StoredNode, std::int64_t>>& held,
                            std::chrono::microseconds lease) {
  Heartbeat beat;
  std::map<StoredNode, std::int64_t> epochs(held.begin(), held.end());
  auto rows = db.start(kHeartbeat, numbers_json(epochs), micros(lease));
  while (TRY(rows.next())) {
    const auto id = rows.integer();
    epochs.erase(id);
    if (rows.optional_integer()) beat.cancel.push_back(id);
  }
  for (const auto& [id, epoch] : epochs) beat.lost.push_back(id);
  return beat;
}

Result<bool> finish_node(Connection& db, StoredNode id, std::int64_t epoch, Outcome outcome,
                         const std::string& reason) {
  const auto flipped = TRY(read_first(db.start(kFinish, id, epoch, name_of(outcome), reason), read_number));
  if (!flipped) return has_ended_so(db, id, epoch, outcome);
  TRY(announce(db, {id}, name_of(outcome), reason));
  return true;
}

Result<bool> give_back(Connection& db, StoredNode id, std::int64_t epoch, std::chrono::microseconds pause,
                       const std::string& reason, bool as_if_never_claimed) {
  const auto flipped =
      TRY(read_first(db.start(kGiveBack, id, epoch, micros(pause), reason, as_if_never_claimed), read_number));
  if (!flipped) {
    const auto node = TRY(read_first(db.start(kSelectNode, id), read_node));
    const bool stops = node && node->cancel_requested_at;
    return finish_node(db, id, epoch, stops ? Outcome::cancelled : Outcome::failed, reason);
  }
  TRY(db.run(kEndAttempts, Numbers{{id}}, as_if_never_claimed ? "released" : "retry", reason));
  TRY(db.notify());
  return true;
}

Result<std::vector<NodeRecord>> expire(Connection& db, const Query& which, int limit, const std::string& reason) {
  auto lapsed = TRY(read_all(db.start(which, limit), read_node));
  if (lapsed.empty()) return lapsed;
  std::map<StoredNode, std::int64_t> again;
  std::vector<StoredNode> cancelled, expired;
  for (const auto& node : lapsed) {
    if (node.cancel_requested_at) {
      cancelled.push_back(node.node_id);
    } else if (node.attempts >= node.max_attempts) {
      expired.push_back(node.node_id);
    } else {
      again.emplace(node.node_id, micros(pause_after(node.attempts)));
    }
  }
  if (!again.empty()) {
    TRY(db.run(kFence, numbers_json(again), reason));
    std::vector<StoredNode> ids;
    for (const auto& [id, pause] : again) ids.push_back(id);
    TRY(db.run(kEndAttempts, Numbers{ids}, "lost", reason));
    TRY(db.notify());
  }
  TRY(fence_and_end(db, cancelled, Outcome::cancelled, "cancelled; " + reason));
  TRY(fence_and_end(db, expired, Outcome::expired, fmt::format("{}, and no attempt is left", reason)));
  return lapsed;
}

Result<std::vector<StoredNode>> cancel_overdue(Connection& db, std::chrono::microseconds grace, int limit) {
  auto ids = ids_of(TRY(read_all(db.start(kSelectOverdue, micros(grace), limit), read_node)));
  TRY(fence_and_end(db, ids, Outcome::cancelled, "cancelled; its worker did not stop in time"));
  return ids;
}

}  // namespace rivet::state::sql
