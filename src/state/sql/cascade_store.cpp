// SPDX-License-Identifier: Apache-2.0
// One connection behind one mutex, a transaction around every call.
#include "state/sql/cascade_store.hpp"

#include "state/sql/cascade_ops.hpp"
#include "state/sql/cascade_rows.hpp"
#include "state/sql/cascade_statements.hpp"
#include "state/sql/rows.hpp"
#include "state/sql/transact.hpp"

namespace rivet::state::sql {
namespace {

using namespace cascade;
using namespace cascade_sql;

Due read_due(Execution& row) {
  Due due;
  due.events = row.boolean();
  due.leases = row.boolean();
  due.attempts = row.boolean();
  due.cancels = row.boolean();
  due.runs = row.boolean();
  return due;
}

class SqlCascade final : public cascade::Store, private SharedConnection {
 public:
  explicit SqlCascade(std::unique_ptr<Connection> connection) : SharedConnection(std::move(connection)) {}

  Result<Submitted> submit(const Submission& submission) override {
    return write([&] { return sql::submit(db_, submission); });
  }
  Result<void> add_edge(StoredNode up, StoredNode down) override {
    return write([&] { return sql::add_edge(db_, up, down); });
  }

  Result<std::vector<NodeClaim>> claim(const Claimer& claimer, int limit) override {
    return write([&] { return claim_nodes(db_, claimer, limit); });
  }
  Result<Heartbeat> heartbeat(const std::vector<std::pair<StoredNode, std::int64_t>>& held,
                              std::chrono::microseconds lease) override {
    return write([&] { return sql::heartbeat(db_, held, lease); });
  }
  Result<bool> finish(StoredNode node, std::int64_t epoch, Outcome outcome, const std::string& reason) override {
    return write([&] { return finish_node(db_, node, epoch, outcome, reason); });
  }
  Result<std::optional<Ended>> finish_and_tell(StoredNode node, std::int64_t epoch, Outcome outcome,
                                               const std::string& reason, std::size_t most) override {
    return write([&] { return sql::finish_and_tell(db_, node, epoch, outcome, reason, most); });
  }
  Result<bool> give_back(StoredNode node, std::int64_t epoch, std::chrono::microseconds pause,
                         const std::string& reason, bool as_if_never_claimed) override {
    return write([&] { return sql::give_back(db_, node, epoch, pause, reason, as_if_never_claimed); });
  }
  Result<bool> attach(StoredNode node, std::int64_t epoch, const std::string& export_name,
                      const std::string& run_id) override {
    const auto attached =
        TRY(write([&] { return read_first(db_.start(kAttach, node, epoch, export_name, run_id), read_number); }));
    return attached.has_value();
  }
  Result<std::vector<std::pair<std::string, std::string>>> attached(StoredNode node) override {
    return read([&] { return read_all(db_.start(kSelectAttached, node), read_texts); });
  }
  Result<std::vector<NodeRecord>> shareable(const Claimer& claimer, int limit) override {
    return read([&] {
      return read_all(db_.start(kSelectShareable, claimer.scope.name_space, tags_json(claimer.scope.tags),
                                Numbers{claimer.except}, claimer.owner, limit),
                      read_node);
    });
  }

  Result<Sweep> take_events(const SweepScope& which) override {
    return write([&] { return sql::take_events(db_, which); });
  }
  Result<std::vector<OutboxEvent>> events_of(const std::vector<StoredNode>& nodes) override {
    return read([&] { return read_all(db_.start(kSelectEventsOf, Numbers{nodes}), read_event); });
  }
  Result<std::vector<StoredNode>> unaware_of(const std::vector<StoredNode>& nodes) override {
    return read([&] { return read_all(db_.start(kSelectUnaware, Numbers{nodes}), read_number); });
  }
  Result<Advanced> advance(const std::vector<StoredNode>& downs, const std::vector<StoredNode>& ups) override {
    return write([&] { return sql::advance(db_, downs, ups); });
  }
  Result<std::optional<Told>> tell(const std::vector<StoredNode>& ended, std::size_t most) override {
    return write([&] { return sql::tell(db_, ended, most); });
  }
  Result<std::optional<Swept>> sweep(const SweepScope& which, std::size_t most) override {
    return write([&] { return sql::sweep(db_, which, most); });
  }
  Result<std::int64_t> close(const std::vector<OutboxEvent>& events) override {
    return write([&] { return close_events(db_, events); });
  }
  Result<void> put_off(const std::vector<OutboxEvent>& events, const std::string& error) override {
    std::vector<StoredNode> ids;
    for (const auto& event : events) ids.push_back(event.event_id);
    return write([&] { return db_.run(kPutOff, Numbers{ids}, error); });
  }

  Result<Due> due(const Scope& scope, std::chrono::microseconds stale) override {
    const auto found = TRY(read(
        [&] { return read_first(db_.start(kDue, scope.name_space, tags_json(scope.tags), micros(stale)), read_due); }));
    return found.value_or(Due{});
  }
  Result<Examined> examine(Check check, const Stretch& stretch) override {
    return read([&] { return sql::examine(db_, check, stretch); });
  }
  Result<bool> recount(StoredNode group) override {
    return write([&] { return sql::recount(db_, group); });
  }
  Result<bool> emit(StoredNode node) override {
    return write([&]() -> Result<bool> {
      if (!TRY(read_first(db_.start(kSelectUnannounced, node), read_number))) return false;
      TRY(announce(db_, {node}, "", ""));
      return true;
    });
  }
  Result<std::vector<NodeRecord>> expire_leases(int limit) override {
    return write([&] { return expire(db_, kSelectLapsed, limit, "its worker was not heard of in time"); });
  }
  Result<std::vector<NodeRecord>> expire_attempts(int limit) override {
    return write([&] { return expire(db_, kSelectOvertime, limit, "the attempt took too long"); });
  }
  Result<std::vector<StoredNode>> groups_to_cancel(int limit) override {
    return read([&] { return read_all(db_.start(kSelectToCancel, limit), read_number); });
  }
  Result<std::vector<StoredNode>> drain(StoredNode group) override {
    return write([&] { return sql::drain(db_, group); });
  }
  Result<std::vector<StoredNode>> cancel_overdue(std::chrono::microseconds grace, int limit) override {
    return write([&] { return sql::cancel_overdue(db_, grace, limit); });
  }
  Result<std::vector<RunRecord>> close_runs(int limit) override {
    return write([&] { return sql::close_runs(db_, limit); });
  }
  Result<void> raise(const Alarm& alarm) override {
    return write([&] { return db_.run(kInsertAlarm, alarm.reconciler, alarm.run_id, alarm.node_id, alarm.message); });
  }

  Result<std::vector<std::string>> retry(const std::string& run_id, const std::vector<std::string>& names) override {
    return write([&] { return sql::retry(db_, run_id, names); });
  }
  Result<std::int64_t> cancel(const std::string& run_id, const std::optional<std::string>& name) override {
    return write([&] { return sql::cancel(db_, run_id, name); });
  }
  Result<void> pause(const std::string& run_id, bool paused) override {
    return write([&] { return sql::pause(db_, run_id, paused); });
  }
  Result<std::int64_t> forget_runs(std::chrono::microseconds age) override {
    return write([&] { return sql::forget_runs(db_, age); });
  }

  Result<std::optional<RunRecord>> run(const std::string& run_id) override {
    return read([&] { return read_first(db_.start(kSelectCascadeRun, run_id), read_cascade_run_with_payload); });
  }
  Result<std::vector<RunTally>> runs(bool open_only, int limit) override {
    return read([&] { return read_all(db_.start(kSelectTallies, open_only, limit), read_tally); });
  }
  Result<std::vector<NodeRecord>> nodes(const std::string& run_id) override {
    return read([&] { return read_all(db_.start(kSelectNodes, run_id), read_node); });
  }
  Result<std::optional<NodeRecord>> node(StoredNode node_id) override {
    return read([&] { return read_first(db_.start(kSelectNode, node_id), read_node); });
  }
  Result<std::optional<GroupRecord>> group(StoredNode node_id) override {
    return read([&] { return read_first(db_.start(kSelectGroup, node_id), read_group); });
  }
  Result<std::vector<EdgeRecord>> edges_into(StoredNode node_id) override {
    return read([&] { return read_all(db_.start(kSelectEdgesInto, node_id), read_edge); });
  }
  Result<std::vector<AttemptRecord>> attempts(StoredNode node_id) override {
    return read([&] { return read_all(db_.start(kSelectAttempts, node_id), read_attempt); });
  }
  Result<std::vector<NodeRecord>> active(int limit) override {
    return read([&] { return read_all(db_.start(kSelectActive, limit), read_node); });
  }
  Result<std::vector<Alarm>> alarms(int limit) override {
    return read([&] { return read_all(db_.start(kSelectAlarms, limit), read_alarm); });
  }
  Result<std::vector<Happening>> happenings(const std::optional<std::string>& run_id, Micros since,
                                            int limit) override {
    return read(
        [&] { return read_all(db_.start(kSelectHappenings, run_id.value_or(""), since, limit), read_happening); });
  }
  Result<bool> has_work(const Scope& scope) override {
    const auto found = TRY(
        read([&] { return read_first(db_.start(kHasWork, scope.name_space, tags_json(scope.tags)), read_number); }));
    return found.value_or(0) != 0;
  }
  Result<Micros> now() override {
    const auto found = TRY(read([&] { return read_first(db_.start(kNow), read_number); }));
    return found.value_or(0);
  }

  Result<void> see(const WorkerRecord& worker) override {
    return write([&] {
      return db_.run(kSeeWorker, worker.worker_id, worker.host, worker.pid, worker.slots, worker.scope.name_space,
                     tags_json(worker.scope.tags));
    });
  }
  Result<void> forget(const std::string& worker_id) override {
    return write([&] { return db_.run(kForgetWorker, worker_id); });
  }
  Result<std::vector<WorkerRecord>> workers(std::chrono::microseconds age) override {
    return read([&] { return read_all(db_.start(kSelectWorkers, micros(age)), read_worker); });
  }
  Result<std::pair<std::string, std::string>> probe(const std::string& place, const std::string& token,
                                                    const std::string& host) override {
    const auto found = TRY(write([&]() -> Result<std::optional<std::pair<std::string, std::string>>> {
      TRY(db_.run(kInsertProbe, place, token, host));
      return read_first(db_.start(kSelectProbe, place), read_texts);
    }));
    return found.value_or(std::pair(token, host));
  }

  std::string location() const override { return db_.location(); }
};

}  // namespace

std::unique_ptr<cascade::Store> make_cascade(std::unique_ptr<Connection> connection) {
  return std::make_unique<SqlCascade>(std::move(connection));
}

}  // namespace rivet::state::sql
