// SPDX-License-Identifier: Apache-2.0
// Graphs come as a whole; an edge that comes later is born with the verdict that it would have missed.
#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "state/sql/cascade_ops.hpp"
#include "state/sql/cascade_rows.hpp"
#include "state/sql/cascade_statements.hpp"
#include "state/sql/rows.hpp"

namespace rivet::state::sql {
namespace {

using namespace cascade;
using namespace cascade_sql;

constexpr std::size_t kRowsAtOnce = 5'000;

using Rows = std::vector<std::vector<std::string>>;

/// `insert(rows)` for so many rows at a time.
template <class Insert>
Result<void> in_pieces(const Rows& rows, Insert insert) {
  for (std::size_t at = 0; at < rows.size(); at += kRowsAtOnce) {
    const auto first = rows.begin() + static_cast<std::ptrdiff_t>(at);
    TRY(insert(rows_json({first, first + static_cast<std::ptrdiff_t>(std::min(kRowsAtOnce, rows.size() - at))})));
  }
  return {};
}

/// In the order of the graph, so that upstreams get the lower numbers.
Rows node_rows(const Submission& submission, const Graph& graph) {
  std::unordered_map<std::string_view, const Submission::Node*> by_name;
  for (const auto& node : submission.nodes) by_name.emplace(node.spec.name, &node);
  Rows rows;
  for (NodeId id = 0; id < graph.size(); ++id) {
    const auto& node = *by_name.at(graph[id].name);
    rows.push_back({graph[id].name, std::string(name_of(graph[id].kind)), node.name_space, tags_json(node.tags),
                    std::string(name_of(graph[id].group ? Phase::blocked : Phase::runnable))});
  }
  return rows;
}

Result<std::vector<StoredNode>> insert_nodes(Connection& db, const Submission& submission, const Graph& graph) {
  std::optional<std::int64_t> limit;
  if (submission.attempt_limit) limit = micros(*submission.attempt_limit);
  TRY(in_pieces(node_rows(submission, graph), [&](const std::string& rows) {
    return db.run(kInsertNodes, submission.run_id, submission.max_attempts, limit, rows);
  }));
  std::vector<StoredNode> ids(graph.size());
  for (const auto& [name, id] : TRY(read_all(db.start(kSelectNodeNames, submission.run_id), read_named_number))) {
    ids[graph.find(name).value()] = id;
  }
  return ids;
}

Result<void> insert_groups(Connection& db, const Graph& graph, const std::vector<StoredNode>& ids) {
  Rows groups, edges;
  for (NodeId id = 0; id < graph.size(); ++id) {
    const auto& group = graph[id].group;
    if (!group) continue;
    const auto down = std::to_string(ids[id]);
    groups.push_back({down, std::string(name_of(group->kind)), std::to_string(group->needed()),
                      std::to_string(group->upstreams.size()), std::string(name_of(group->on_satisfied))});
    for (const auto up : group->upstreams) edges.push_back({down, std::to_string(ids[up])});
  }
  TRY(in_pieces(groups, [&](const std::string& rows) { return db.run(kInsertGroups, rows); }));
  return in_pieces(edges, [&](const std::string& rows) { return db.run(kInsertEdges, rows); });
}

/// The run that the key stands for already, if there is one.
Result<std::optional<Submitted>> find_submitted(Connection& db, const Submission& submission) {
  if (!submission.run_key) return std::optional<Submitted>();
  const auto found = TRY(read_first(db.start(kSelectRunOfKey, *submission.run_key), read_texts));
  if (!found) return std::optional<Submitted>();
  if (found->second == submission.payload_hash)
    return std::optional(Submitted{.run_id = found->first, .is_new = false});
  return fail(Error{.kind = ErrorKind::config,
                    .message = fmt::format("the key '{}' stands for run {} of another configuration already",
                                           *submission.run_key, found->first),
                    .code = "RIVET_RUN_KEY_TAKEN",
                    .hint = "submit under another --run-key"});
}

/// Whether `to` waits for `from`, over however many others.
bool reaches(const std::vector<std::pair<std::int64_t, std::int64_t>>& edges, StoredNode from, StoredNode to) {
  std::vector<StoredNode> open{to};
  for (std::size_t i = 0; i < open.size(); ++i) {
    if (open[i] == from) return true;
    for (const auto& [down, up] : edges) {
      if (down == open[i] && std::find(open.begin(), open.end(), up) == open.end()) open.push_back(up);
    }
  }
  return false;
}

tl::unexpected<Error> refused(const NodeRecord& up, const NodeRecord& down, std::string_view why) {
  return fail(ErrorKind::config, fmt::format("'{}' cannot depend on '{}' as well: {}", down.name, up.name, why));
}

}  // namespace

Result<Submitted> submit(Connection& db, const Submission& submission) {
  if (const auto there = TRY(find_submitted(db, submission))) return *there;
  std::vector<NodeSpec> specs;
  for (const auto& node : submission.nodes) specs.push_back(node.spec);
  const auto graph = TRY(Graph::make(specs));
  TRY(db.run(kInsertCascadeRun, submission.run_id, submission.run_key, submission.name_space,
             tags_json(submission.tags), submission.payload, submission.payload_hash));
  TRY(insert_groups(db, graph, TRY(insert_nodes(db, submission, graph))));
  TRY(db.notify());
  return Submitted{.run_id = submission.run_id};
}

Result<void> add_edge(Connection& db, StoredNode up_id, StoredNode down_id) {
  const auto seen = TRY(read_first(db.start(kSelectNode, up_id), read_node));
  // Two edges at once could close a circle that neither sees.
  if (seen) TRY(read_first(db.start(kLockCascadeRun, seen->run_id), read_cascade_run));
  const auto up = TRY(read_first(db.start(kShareNode, up_id), read_node));
  const auto down = TRY(read_first(db.start(kSelectNode, down_id), read_node));
  if (!up || !down) return fail(ErrorKind::config, fmt::format("there is no node {}", up ? down_id : up_id));
  if (up->run_id != down->run_id) return refused(*up, *down, "they belong to different runs");
  struct Locked {
    std::string state;
  };
  const auto state = TRY(read_first<Locked>(db.start(kLockGroups, Numbers{{down_id}}), [](Execution& row) {
    for (int column = 0; column < 7; ++column) row.text();
    return Locked{row.text()};
  }));
  if (!state) return refused(*up, *down, "it waits for nobody");
  if (state->state != name_of(GroupState::pending)) return refused(*up, *down, "it is decided whether it runs");
  const auto edges = TRY(read_all(db.start(kSelectEdgesOfRun, up->run_id), read_numbers));
  if (std::find(edges.begin(), edges.end(), std::pair(down_id, up_id)) != edges.end()) {
    return refused(*up, *down, "it does already");
  }
  if (reaches(edges, down_id, up_id)) return refused(*up, *down, "that would be a circle");
  TRY(db.run(kGrowGroup, down_id));
  TRY(db.run(kInsertEdge, down_id, up_id));
  TRY(advance(db, {down_id}, {up_id}));
  return {};
}

}  // namespace rivet::state::sql
