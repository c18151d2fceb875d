// SPDX-License-Identifier: Apache-2.0
// State held against state, a stretch of the nodes at a time.
#include <fmt/format.h>

#include "state/sql/cascade_ops.hpp"
#include "state/sql/cascade_rows.hpp"
#include "state/sql/cascade_statements.hpp"
#include "state/sql/rows.hpp"

namespace rivet::state::sql {
namespace {

using namespace cascade;
using namespace cascade_sql;

Finding read_place(Execution& row) {
  Finding finding;
  finding.node_id = row.integer();
  finding.run_id = row.text();
  finding.node = row.text();
  return finding;
}

Finding read_open_edges(Execution& row) {
  auto finding = read_place(row);
  const bool closed = row.integer() > 0;
  finding.invariant = closed ? "I5" : "R2";
  finding.message = fmt::format("has ended, and {} who wait for it do not know{}", row.integer(),
                                closed ? " although its event is closed" : "");
  return finding;
}

Finding read_silent(Execution& row) {
  auto finding = read_place(row);
  const auto phase = row.text();
  finding.invariant = "I1";
  finding.message = phase == name_of(Phase::terminal) ? "has ended without an event"
                                                      : fmt::format("is {} although an event says it ended", phase);
  return finding;
}

Finding read_wrong_verdict(Execution& row) {
  auto finding = read_place(row);
  finding.invariant = "I2";
  finding.message = fmt::format("counts '{}' otherwise than it ended", row.text());
  return finding;
}

/// What is wrong with a group, or no message.
Finding read_examined_group(Execution& row) {
  auto finding = read_place(row);
  const auto phase = read_phase(row);
  const bool skipped = row.text() == name_of(Outcome::skipped);
  const auto kind = read_policy(row);
  const auto needed = static_cast<std::size_t>(row.integer());
  Counters stored{.n = static_cast<std::size_t>(row.integer())};
  stored.success = static_cast<std::size_t>(row.integer());
  stored.negative = static_cast<std::size_t>(row.integer());
  const auto state = read_group_state(row);
  Counters real;
  real.success = static_cast<std::size_t>(row.integer());
  real.negative = static_cast<std::size_t>(row.integer());
  real.n = static_cast<std::size_t>(row.integer());
  const auto decision = decide(needed, real);
  const auto found = [&](std::string invariant, std::string message) {
    finding.invariant = std::move(invariant);
    finding.message = std::move(message);
  };
  if (!(stored == real)) {
    found("I3", fmt::format("counts {} successes and {} others of {}, its edges say {} and {} of {}", stored.success,
                            stored.negative, stored.n, real.success, real.negative, real.n));
  } else if (state == GroupState::pending && decision != Decision::pending) {
    found("I4", fmt::format("{} is decided, and the group does not know", name_of(kind)));
  } else if (state == GroupState::satisfied && (decision != Decision::satisfied || phase == Phase::blocked)) {
    found("I4", phase == Phase::blocked ? "has what it waits for, and was not let go"
                                        : "was let go without what it waits for");
  } else if (state == GroupState::impossible && (decision != Decision::impossible || !skipped)) {
    found("I4", "cannot run any more, and was not skipped");
  } else if (state == GroupState::pending && phase != Phase::blocked) {
    found("I4", fmt::format("is {} before it was decided", name_of(phase)));
  }
  return finding;
}

Result<std::vector<Finding>> look(Connection& db, const Query& query, const Stretch& stretch,
                                  Finding (*read)(Execution&)) {
  return read_all(db.start(query, stretch.after, stretch.limit, stretch.open_runs_only, micros(stretch.settled)), read);
}

Result<std::vector<Finding>> findings_of(Connection& db, Check check, const Stretch& stretch) {
  switch (check) {
    case Check::edges: return look(db, kExamineEdges, stretch, read_open_edges);
    case Check::groups: return look(db, kExamineGroups, stretch, read_examined_group);
    case Check::nodes: return look(db, kExamineNodes, stretch, read_silent);
    default: return look(db, kExamineVerdicts, stretch, read_wrong_verdict);
  }
}

}  // namespace

Result<Examined> examine(Connection& db, Check check, const Stretch& stretch) {
  Examined out;
  out.findings = TRY(findings_of(db, check, stretch));
  std::erase_if(out.findings, [](const Finding& finding) { return finding.message.empty(); });
  const auto looked_at =
      TRY(read_first(db.start(kStretch, stretch.after, stretch.limit, stretch.open_runs_only), read_numbers));
  out.scanned = looked_at->first;
  out.last = looked_at->first < stretch.limit ? 0 : looked_at->second;
  return out;
}

}  // namespace rivet::state::sql
