// SPDX-License-Identifier: Apache-2.0
// The definition comes from the store, everything else from what `rivet run` is made of.
#include "cli/performer.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "cli/gates.hpp"
#include "cli/registry.hpp"
#include "cli/run_command_job.hpp"
#include "cli/run_command_threads.hpp"
#include "cli/shared_place.hpp"
#include "cli/submission.hpp"
#include "run/execute.hpp"
#include "source/retry.hpp"

namespace rivet::cli {
namespace {

using cascade::Outcome;
using cascade::Performed;
using std::chrono::milliseconds;

constexpr std::size_t kLoadedRuns = 8;
constexpr milliseconds kFirstPause{1'000}, kElsewhere{5'000};

/// Keeps the store informed of which run of an export a node works with, as long as the node is the worker's.
class NodeAssignment final : public run::Assignment {
 public:
  NodeAssignment(cascade::Store& store, const cascade::Task& task, bool helping)
      : store_(store), task_(task), helping_(helping) {}

  Result<void> began(const std::string& export_name, const std::string& run_id) override {
    if (helping_) return {};
    const auto& node = task_.node();
    if (TRY(store_.attach(node.node_id, node.epoch, export_name, run_id))) return {};
    return fail(Error{.kind = ErrorKind::conflict,
                      .message = fmt::format("node '{}' was given to another worker", node.name),
                      .code = std::string(run::kClaimLost)});
  }

  Result<std::optional<std::string>> earlier_run(const std::string& export_name) override {
    for (auto& [name, run_id] : TRY(store_.attached(task_.node().node_id))) {
      if (name == export_name) return std::optional(std::move(run_id));
    }
    return std::optional<std::string>();
  }

  bool leaves_behind() const override { return task_.leaves_behind(); }

 private:
  cascade::Store& store_;
  const cascade::Task& task_;
  const bool helping_;
};

/// Whether another attempt may come to another end.
bool may_pass(const Error& error) {
  return source::may_retry(error) || error.kind == ErrorKind::unavailable || error.kind == ErrorKind::overloaded ||
         error.kind == ErrorKind::conflict;
}

Performed failed(const cascade::Task& task, const Error& error) {
  const auto reason = error.to_string();
  if (!may_pass(error)) return {.outcome = Outcome::failed, .reason = reason};
  const auto attempts = static_cast<int>(std::min<std::int64_t>(task.node().attempts, 10));
  return {.ending = Performed::Ending::again,
          .outcome = Outcome::failed,
          .reason = reason,
          .pause = source::backoff(error, kFirstPause, attempts)};
}

Performed left_to_others(std::string reason, milliseconds pause = milliseconds(0)) {
  return {.ending = Performed::Ending::released, .reason = std::move(reason), .pause = pause};
}

bool was_left(const report::RunOutcome& outcome, const cascade::Task& task) {
  if (!outcome.error) return false;
  if (outcome.error->code == run::kDrained || outcome.error->code == run::kClaimLost) return true;
  return outcome.status == "interrupted" && task.leaves_behind();
}

/// One end for all partitions of an export.
Performed conclusion(const std::vector<report::RunOutcome>& outcomes, const cascade::Task& task) {
  for (const auto& outcome : outcomes) {
    if (was_left(outcome, task)) return left_to_others("its worker was asked to end");
    if (outcome.status == "interrupted") return {.outcome = Outcome::cancelled, .reason = "cancelled on request"};
  }
  for (const auto& outcome : outcomes) {
    if (outcome.error) return failed(task, *outcome.error);
  }
  Performed done;
  for (const auto& outcome : outcomes) {
    if (outcome.skip_reason) done.reason = *outcome.skip_reason;
  }
  return done;
}

template <class Entries>
auto named(const Entries& entries, const std::string& name) -> decltype(&entries.front()) {
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const auto& one) { return one.name == name; });
  return found == entries.end() ? nullptr : &*found;
}

}  // namespace

ExportPerformer::ExportPerformer(cascade::Store& cascade, state::StateStore& store, const report::WorkLog& log,
                                 Context& context, milliseconds lease, std::string host)
    : cascade_(cascade), store_(store), log_(log), context_(context), lease_(lease), host_(std::move(host)) {}

Result<std::shared_ptr<const LoadedRun>> ExportPerformer::load(const std::string& run_id) {
  const std::scoped_lock lock(mutex_);
  for (const auto& run : loaded_) {
    if (run->run_id == run_id) return run;
  }
  const auto record = TRY(cascade_.run(run_id));
  if (!record) return fail(ErrorKind::data, fmt::format("there is no run '{}' in the store", run_id));
  const auto payload = TRY(payload_from_json_text(record->payload).context(fmt::format("run {}", run_id)));
  auto run = std::make_shared<LoadedRun>();
  run->run_id = run_id;
  run->config = TRY(load_payload(payload, context_.redactor).context(fmt::format("run {}", run_id)));
  run->source = TRY(make_source(run->config.source, context_.clock));
  run->validate = payload.validate;
  run->reconcile = payload.reconcile;
  loaded_.push_front(run);
  if (loaded_.size() > kLoadedRuns) loaded_.pop_back();
  return loaded_.front();
}

Performed ExportPerformer::perform(const cascade::Task& task) {
  const auto run = load(task.node().run_id);
  if (!run) return failed(task, run.error());
  const auto& config = (*run)->config;
  if (const auto* gate = named(config.gates, task.node().name)) return look(**run, *gate, task);
  if (const auto* entry = named(config.exports, task.node().name)) return extract(**run, *entry, task);
  return {.outcome = Outcome::failed, .reason = "the run's configuration has no such export or gate"};
}

Performed ExportPerformer::look(const LoadedRun& run, const config::Gate& gate, const cascade::Task& task) {
  report::NodeProgress progress(log_, task.node().run_id, task.node().name);
  base::ByteBudget budget(1);
  const RunArguments args;
  const RunJob job{args, run.config, *run.source, store_, progress, context_, budget};
  const auto outcome = look_at_gate(job, gate, task.stop());
  if (!outcome.error) return {};
  if (outcome.status == "interrupted" && task.leaves_behind()) return left_to_others("its worker was asked to end");
  return failed(task, *outcome.error);
}

/// A folder of this machine that others do not see must not get parts of a result.
Result<void> ExportPerformer::require_place(const config::Export& entry) {
  if (entry.destination.type != config::DestinationType::local) return {};
  return require_shared_place(cascade_, place_of(entry, context_.clock.now()).prefix, host_);
}

std::vector<report::RunOutcome> ExportPerformer::run_it(const LoadedRun& run, const config::Export& entry,
                                                        const cascade::Task& task, bool helping) {
  report::NodeProgress progress(log_, task.node().run_id, task.node().name);
  base::ByteBudget budget(shared_byte_budget({&entry}, 1));
  NodeAssignment assignment(cascade_, task, helping);
  const RunArguments args{.config = run.config.file.string(),
                          .summary_output = {},
                          .exports = {},
                          .params = {},
                          .validate = run.validate,
                          .resume = true,
                          .force = true,
                          .reconcile = run.reconcile};
  RunJob job{args, run.config, *run.source, store_, progress, context_, budget};
  job.assignment = &assignment;
  job.join_only = helping;
  job.lease = lease_;
  job.drain = task.drain();
  return run_one(
      job, entry, [](const report::RunOutcome&) {}, task.stop());
}

Performed ExportPerformer::extract(const LoadedRun& run, const config::Export& entry, const cascade::Task& task) {
  if (const auto shared = require_place(entry); !shared) {
    if (shared.error().code == "RIVET_DESTINATION_NOT_SHARED") {
      return left_to_others(shared.error().to_string(), kElsewhere);
    }
    return failed(task, shared.error());
  }
  return conclusion(run_it(run, entry, task, false), task);
}

/// Partitions are runs of their own, one after the other: only their own worker knows which is next.
bool ExportPerformer::help(const cascade::Task& task) {
  const auto run = load(task.node().run_id);
  if (!run) return false;
  const auto* entry = named((*run)->config.exports, task.node().name);
  if (entry == nullptr || !entry->keys.partition_by.empty() || !require_place(*entry)) return false;
  const auto outcomes = run_it(**run, *entry, task, true);
  return std::all_of(outcomes.begin(), outcomes.end(), [](const auto& outcome) { return !outcome.error; });
}

}  // namespace rivet::cli
