// SPDX-License-Identifier: Apache-2.0
// What people ask for: another round, an end, a pause; and closing what is over.
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

using Edges = std::vector<std::pair<std::int64_t, std::int64_t>>;  // down, up

const NodeRecord* named(const std::vector<NodeRecord>& nodes, const std::string& name) {
  const auto found = std::find_if(nodes.begin(), nodes.end(), [&](const auto& node) { return node.name == name; });
  return found == nodes.end() ? nullptr : &*found;
}

tl::unexpected<Error> no_such_node(const std::string& run_id, const std::string& name) {
  return fail(ErrorKind::config, fmt::format("run {} has no node '{}'", run_id, name),
              fmt::format("rivet status {} lists its nodes", run_id));
}

tl::unexpected<Error> nothing_to_retry(std::string what) {
  return fail(Error{.kind = ErrorKind::config, .message = std::move(what), .code = "RIVET_NOTHING_TO_RETRY"});
}

/// Nodes that ended without success, of those named or of all; not those that were only skipped because of others,
/// unless they are named.
Result<std::set<StoredNode>> chosen(const std::string& run_id, const std::vector<NodeRecord>& nodes,
                                    const std::vector<std::string>& names) {
  std::set<StoredNode> out;
  for (const auto& name : names) {
    const auto* node = named(nodes, name);
    if (node == nullptr) return no_such_node(run_id, name);
    if (node->phase != Phase::terminal) return nothing_to_retry(fmt::format("'{}' has not ended", name));
    if (node->outcome == Outcome::success) return nothing_to_retry(fmt::format("'{}' has succeeded", name));
    out.insert(node->node_id);
  }
  if (!names.empty()) return out;
  for (const auto& node : nodes) {
    const bool failed = node.phase == Phase::terminal && node.outcome != Outcome::success;
    if (failed && node.outcome != Outcome::skipped) out.insert(node.node_id);
  }
  if (out.empty()) return nothing_to_retry(fmt::format("no node of run {} has failed", run_id));
  return out;
}

/// With all that were skipped because of them.
std::vector<StoredNode> with_skipped(const std::set<StoredNode>& first, const std::vector<NodeRecord>& nodes,
                                     const Edges& edges) {
  std::set<StoredNode> skipped;
  for (const auto& node : nodes) {
    if (node.outcome == Outcome::skipped) skipped.insert(node.node_id);
  }
  std::vector<StoredNode> out(first.begin(), first.end());
  std::multimap<StoredNode, StoredNode> downs;
  for (const auto& [down, up] : edges) downs.emplace(up, down);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto [begin, end] = downs.equal_range(out[i]);
    for (auto edge = begin; edge != end; ++edge) {
      if (skipped.erase(edge->second) > 0 && !first.contains(edge->second)) out.push_back(edge->second);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<RunRecord> lock_run(Connection& db, const std::string& run_id) {
  auto run = TRY(read_first(db.start(kLockCascadeRun, run_id), read_cascade_run_with_payload));
  if (!run) return no_such_run(run_id);
  return std::move(*run);
}

}  // namespace

tl::unexpected<Error> no_such_run(const std::string& run_id) {
  return fail(ErrorKind::config, fmt::format("there is no run '{}'", run_id), "rivet status lists them");
}

Result<std::vector<std::string>> retry(Connection& db, const std::string& run_id,
                                       const std::vector<std::string>& names) {
  TRY(lock_run(db, run_id));
  TRY(read_all(db.start(kLockGroupsOfRun, run_id), read_number));  // first, so that nobody is skipped meanwhile
  const auto nodes = TRY(read_all(db.start(kSelectNodes, run_id), read_node));
  const auto edges = TRY(read_all(db.start(kSelectEdgesOfRun, run_id), read_numbers));
  const auto again = with_skipped(TRY(chosen(run_id, nodes, names)), nodes, edges);
  std::set<StoredNode> affected(again.begin(), again.end());
  for (const auto& [down, up] : edges) {
    if (std::binary_search(again.begin(), again.end(), up)) affected.insert(down);
  }
  const auto keys = Numbers{again};
  const auto groups = Numbers{{affected.begin(), affected.end()}};
  TRY(db.run(kNewRound, keys));
  TRY(db.run(kReopenGroups, keys));
  TRY(db.run(kForgetVerdicts, keys, groups));
  TRY(db.run(kRecount, groups));
  TRY(db.run(kReopenRun, run_id));
  TRY(advance(db, again, {}));
  TRY(db.notify());
  std::vector<std::string> out;
  for (const auto& node : nodes) {
    if (std::binary_search(again.begin(), again.end(), node.node_id)) out.push_back(node.name);
  }
  return out;
}

Result<std::int64_t> cancel(Connection& db, const std::string& run_id, const std::optional<std::string>& name) {
  const auto run = TRY(lock_run(db, run_id));
  const auto nodes = TRY(read_all(db.start(kSelectNodes, run_id), read_node));
  if (name && named(nodes, *name) == nullptr) return no_such_node(run_id, *name);
  if (!name && run.state == RunState::open) TRY(db.run(kAskRunToStop, run_id));
  std::vector<StoredNode> open;
  for (const auto& node : nodes) {
    if (node.phase != Phase::terminal && (!name || node.name == *name)) open.push_back(node.node_id);
  }
  TRY(stop_nodes(db, open, "cancelled on request"));
  TRY(db.notify());
  return std::ssize(open);
}

Result<void> pause(Connection& db, const std::string& run_id, bool paused) {
  if (!TRY(read_first(db.start(kPauseRun, run_id, paused), read_text))) {
    const auto run = TRY(lock_run(db, run_id));
    return fail(ErrorKind::config, fmt::format("run {} is not open: it is {}", run_id, name_of(run.state)),
                fmt::format("rivet retry {} --failed opens it again", run_id));
  }
  return db.notify();
}

Result<std::int64_t> forget_runs(Connection& db, std::chrono::microseconds age) {
  const auto runs = TRY(read_all(db.start(kSelectForgettable, micros(age)), read_text));
  for (const auto& run_id : runs) {
    for (const auto* query : {&kForgetEdges, &kForgetGroups, &kForgetEvents, &kForgetAttempts, &kForgetNodeRuns,
                              &kForgetAlarms, &kForgetNodes, &kForgetRun}) {
      TRY(db.run(*query, run_id));
    }
  }
  return std::ssize(runs);
}

Result<std::vector<RunRecord>> close_runs(Connection& db, int limit) {
  std::vector<RunRecord> closed;
  for (const auto& run_id : TRY(read_all(db.start(kSelectFinishedRuns, limit), read_text))) {
    if (auto run = TRY(read_first(db.start(kCloseRun, run_id), read_cascade_run))) closed.push_back(std::move(*run));
  }
  if (!closed.empty()) TRY(db.notify());
  return closed;
}

}  // namespace rivet::state::sql
