// SPDX-License-Identifier: Apache-2.0
// For the tests of the cascade's store: a store in a file or on a server (store_fixture.hpp), nodes spoken to by their
// names, and a look at every invariant when a test ends. Time is made to pass by changing what is stored.
#pragma once

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "cascade/dispatch.hpp"
#include "cascade/reconcilers.hpp"
#include "state/sql/cascade_store.hpp"
#include "state/store_fixture.hpp"

namespace rivet::cascade {

using namespace std::chrono_literals;

inline NodeSpec root(std::string name) { return {.name = std::move(name)}; }

inline NodeSpec waiting(std::string name, PolicyKind kind, std::vector<std::string> of,
                        OnSatisfied then = OnSatisfied::let_run, std::size_t k = 0) {
  return {.name = std::move(name), .depends_on = Dependencies{kind, k, std::move(of), then}};
}

/// A submission of these nodes, all in one namespace.
inline Submission submission(const std::vector<NodeSpec>& nodes, std::string run_id = "r1",
                             std::string name_space = "n", Tags tags = {}) {
  Submission out{.run_id = std::move(run_id),
                 .run_key = {},
                 .name_space = name_space,
                 .tags = tags,
                 .payload = "payload",
                 .payload_hash = "hash",
                 .nodes = {}};
  for (const auto& node : nodes) out.nodes.push_back({.spec = node, .name_space = name_space, .tags = tags});
  return out;
}

/// Runs `work(i)` in so many threads that begin together.
template <class Work>
void at_once(int count, Work work) {
  std::atomic<int> missing = count;
  std::vector<std::jthread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&missing, &work, i] {
      --missing;
      while (missing > 0) std::this_thread::yield();
      work(i);
    });
  }
}

/// What does not hold anywhere in a store, one line each.
inline std::vector<std::string> broken_invariants(Store& store) {
  std::vector<std::string> out;
  for (const auto check : {Check::edges, Check::groups, Check::nodes, Check::verdicts}) {
    Stretch stretch{.limit = 500, .open_runs_only = false};
    do {
      const auto found = store.examine(check, stretch);
      if (!found) return {found.error().to_string()};
      for (const auto& finding : found->findings) {
        if (finding.invariant == "R2") continue;  // not told yet is no harm
        out.push_back(finding.invariant + " " + finding.run_id + " '" + finding.node + "' " + finding.message);
      }
      stretch.after = found->last;
    } while (stretch.after != 0);
  }
  return out;
}

/// A cascade of its own. Every invariant must hold when a test ends.
class CascadeTest : public state::StoreTest {
 protected:
  CascadeTest() : cascade_(open_cascade()) {}

  void TearDown() override { EXPECT_THAT(broken_invariants(*cascade_), ::testing::IsEmpty()); }

  std::unique_ptr<state::sql::Connection> open_connection() const {
    auto connection = state::has_server() ? state::postgres::open_postgres_connection(schema_.address())
                                          : state::sqlite::open_sqlite_connection(file());
    EXPECT_TRUE(connection.has_value()) << connection.error().to_string();
    return std::move(connection).take();
  }
  /// With a connection of its own, as another process has it.
  std::unique_ptr<Store> open_cascade() const { return state::sql::make_cascade(open_connection()); }

  /// The value of a call that must succeed.
  template <class T>
  static T value_of(Result<T> result) {
    EXPECT_TRUE(result.has_value()) << result.error().to_string();
    return result.has_value() ? std::move(result).take() : T{};
  }

  void submit(const std::vector<NodeSpec>& nodes, const std::string& run_id = "r1", const std::string& name_space = "n",
              const Tags& tags = {}) {
    EXPECT_TRUE(value_of(cascade_->submit(submission(nodes, run_id, name_space, tags))).is_new);
  }

  NodeRecord node(const std::string& name, const std::string& run_id = "r1") const {
    for (auto& one : value_of(cascade_->nodes(run_id))) {
      if (one.name == name) return one;
    }
    ADD_FAILURE() << "no node " << name;
    return {};
  }
  StoredNode id(const std::string& name, const std::string& run_id = "r1") const { return node(name, run_id).node_id; }
  std::vector<StoredNode> ids(const std::vector<std::string>& names) const {
    std::vector<StoredNode> out;
    for (const auto& name : names) out.push_back(id(name));
    return out;
  }
  GroupRecord group(const std::string& name) const {
    return value_of(cascade_->group(id(name))).value_or(GroupRecord{});
  }
  Phase phase(const std::string& name) const { return node(name).phase; }
  std::optional<Outcome> outcome(const std::string& name) const { return node(name).outcome; }

  static std::vector<std::string> names_of(const std::vector<NodeClaim>& claims) {
    std::vector<std::string> out;
    for (const auto& claim : claims) out.push_back(claim.node.name);
    return out;
  }
  static Claimer claimer(std::string owner = "w1", Scope scope = {}) {
    return {.owner = std::move(owner), .scope = std::move(scope)};
  }
  std::vector<NodeClaim> claim(int limit, const Claimer& who = claimer()) const {
    return value_of(cascade_->claim(who, limit));
  }
  /// Claims one node and no other; its epoch.
  std::int64_t take(const std::string& name, const std::string& run_id = "r1") const {
    auto who = claimer();
    const auto wanted = id(name, run_id);
    for (const auto& run : value_of(cascade_->runs(false, 1'000))) {
      for (const auto& one : value_of(cascade_->nodes(run.run.run_id))) {
        if (one.node_id != wanted) who.except.push_back(one.node_id);
      }
    }
    const auto claims = claim(1, who);
    EXPECT_THAT(names_of(claims), ::testing::ElementsAre(name));
    return claims.empty() ? -1 : claims.front().node.epoch;
  }
  /// Ends a node without telling anybody, claiming it first unless it is active.
  void end(const std::string& name, Outcome outcome, const std::string& run_id = "r1") {
    const auto now = node(name, run_id);
    const auto epoch = now.phase == Phase::active ? now.epoch : take(name, run_id);
    EXPECT_TRUE(value_of(cascade_->finish(id(name, run_id), epoch, outcome, "because")));
  }
  /// The same, and everybody is told.
  void ends(const std::string& name, Outcome outcome, const std::string& run_id = "r1") {
    end(name, outcome, run_id);
    settle();
  }
  void settle() {
    while (value_of(sweep(*cascade_, {})).scanned > 0) {
    }
  }

  std::int64_t count(const std::string& what) const { return std::stoll(ask("SELECT count(*) FROM " + what)); }
  void change(const std::string& sql) const { ask(sql + " RETURNING 1"); }
  /// As if the node's worker had been silent for long.
  void lapse(const std::string& name) const {
    change("UPDATE node SET lease_until = 1 WHERE name = '" + name + "' AND phase = 'active'");
  }

  std::unique_ptr<Store> cascade_;
};

}  // namespace rivet::cascade
