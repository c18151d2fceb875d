// SPDX-License-Identifier: Apache-2.0
// `rivet worker`: works on submitted runs until it is told to end.
#include "cli/commands.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "cli/cascade_access.hpp"
#include "cli/durations.hpp"
#include "cli/options.hpp"
#include "cli/performer.hpp"
#include "cli/registry.hpp"
#include "run/owner.hpp"

namespace rivet::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShortestLease{1'000};

struct Arguments {
  std::string config, log_format = "text";
  ScopeArguments scope;
  int slots = 1;
  milliseconds lease{30'000}, drain_limit{0};
  bool exit_when_idle = false, no_supervise = false;
};

std::string_view word(cascade::WorkerEvent::Level level) {
  switch (level) {
    case cascade::WorkerEvent::Level::warning: return "warning";
    case cascade::WorkerEvent::Level::error: return "error";
    default: return "info";
  }
}

/// `host/boot` of an owner: processes of one machine share it.
std::string host_of(const std::string& owner) {
  const auto second = owner.find('/', owner.find('/') + 1);
  return owner.substr(0, second);
}

/// Leases are compared by many machines, so all go by the clock of the store.
Result<void> follow_clock(cascade::Store& store, base::ShiftedClock& clock) {
  const auto before = base::SystemClock().now();
  const auto there = TRY(store.now());
  const auto middle = before + (base::SystemClock().now() - before) / 2;
  clock.shift(std::chrono::microseconds(there) - middle.time_since_epoch());
  return {};
}

void tell(const report::WorkLog& log, const cascade::WorkerEvent& event) {
  report::WorkLog::Fields fields;
  if (event.node != nullptr) fields = {{"run", event.node->run_id}, {"node", event.node->name}};
  log.tell(word(event.level), event.name, fields, event.message);
}

Result<void> work(const Arguments& args, Context& context) {
  if (args.lease < kShortestLease) {
    return fail(ErrorKind::config, fmt::format("--lease {} is too short", duration_text(args.lease)),
                "a lease must outlast a busy moment of the store: give it at least 1s");
  }
  const auto place = TRY(state_place_of(args.config));
  const auto scope = TRY(scope_of(args.scope));
  const auto cascade = TRY(open_cascade(place));
  const auto store = TRY(open_store_at(place));
  const auto hints = TRY(open_hints(place));
  base::ShiftedClock clock;
  TRY(follow_clock(*cascade, clock));
  const auto owner = run::make_owner();
  const report::WorkLog log(context.screen, context.redactor, clock, args.log_format == "json", owner);
  Context own{.redactor = context.redactor,
              .clock = clock,
              .screen = context.screen,
              .logger = log.logger(*context.logger),
              .stop = context.stop};
  ExportPerformer performer(*cascade, *store, log, own, args.lease, host_of(owner));
  cascade::WorkerOptions options{.worker_id = owner,
                                 .host = host_of(owner),
                                 .pid = ::getpid(),
                                 .slots = args.slots,
                                 .scope = scope,
                                 .lease = args.lease,
                                 .exit_when_idle = args.exit_when_idle,
                                 .supervise = !args.no_supervise};
  if (args.drain_limit > milliseconds(0)) options.drain_limit = args.drain_limit;
  cascade::Worker worker(*cascade, *hints, performer, std::move(options),
                         [&](const cascade::WorkerEvent& event) { tell(log, event); });
  return worker.run(context.stop);
}

}  // namespace

void add_worker(CLI::App& app, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = app.add_subcommand("worker", "Work on submitted runs, beside any number of others");
  add_state_place(*command, args->config);
  command->add_option("--slots", args->slots, "Nodes at a time; each export reads with its own `parallel`")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  add_duration(*command, "--lease", args->lease,
               "How long work is kept for a worker that is not heard of; it is renewed at a third of this");
  add_scope(*command, args->scope, "nodes");
  command->add_flag("--exit-when-idle", args->exit_when_idle, "End when no open run has work left");
  command->add_flag("--no-supervise", args->no_supervise, "Leave reconciling to `rivet supervise`");
  add_duration(*command, "--drain-limit", args->drain_limit,
               "After SIGTERM, interrupt units that take longer than this (0ms: let them end)");
  command->add_option("--log-format", args->log_format, "text or json, on stderr")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->callback([args, &chosen] { chosen = [args](Context& context) { return work(*args, context); }; });
}

}  // namespace rivet::cli
