// SPDX-License-Identifier: Apache-2.0
// `rivet cascade reconcile`: passes on ends that were not passed on.
#include "cli/commands.hpp"

#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cascade/dispatch.hpp"
#include "cli/cascade_access.hpp"
#include "cli/options.hpp"
#include "cli/registry.hpp"
#include "report/cascade.hpp"

namespace rivet::cli {
namespace {

using namespace std::chrono_literals;

constexpr int kMostEvents = 1'000;
constexpr std::chrono::milliseconds kPause = 1s, kLook = 50ms;

struct Arguments {
  std::string config;
  ScopeArguments scope;
  std::int64_t stale_ms = 1'000;
  int limit = kMostEvents;
  bool once = false, json = false;
};

Result<void> print(const cascade::Dispatched& done, const Arguments& args, const Context& context) {
  if (!args.json) return context.print(report::sweep_text(done));
  return context.print(report::dump_line(report::sweep_json(done)) + "\n");
}

void pause(const Context& context) {
  const auto until = std::chrono::steady_clock::now() + kPause;
  while (!context.stop.stop_requested() && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(kLook);
}

/// Until a signal. A store that is out of reach for a while is told, and no reason to end.
Result<void> repeat(cascade::Store& store, const cascade::SweepScope& which, const Arguments& args, Context& context) {
  std::string told;
  for (; !context.stop.stop_requested(); pause(context)) {
    const auto done = cascade::sweep(store, which);
    if (!done && base::retry_answer_of(done.error().kind) == base::RetryAnswer::never) {
      return tl::make_unexpected(done.error());
    }
    const auto said = done ? done->last_error : done.error().to_string();
    if (!said.empty() && said != told) context.screen.print(said);
    told = said;
    if (done && (done->scanned > 0 || done->errors > 0)) TRY(print(*done, args, context));
  }
  return {};
}

Result<void> reconcile(const Arguments& args, Context& context) {
  cascade::SweepScope which{
      .stale = std::chrono::milliseconds(args.stale_ms), .limit = args.limit, .count_others = true};
  which.scope = TRY(scope_of(args.scope));
  const auto store = TRY(open_cascade(TRY(state_place_of(args.config))));
  if (!args.once) return repeat(*store, which, args, context);
  const auto done = TRY(cascade::sweep(*store, which));
  if (!done.last_error.empty()) context.screen.print(done.last_error);
  return print(done, args, context);
}

void add_reconcile_events(CLI::App& cascade, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = cascade.add_subcommand(
      "reconcile", "Tell those who wait of ends that were not passed on; repeats it until a signal");
  add_state_place(*command, args->config);
  command->add_flag("--once", args->once, "One sweep, then end");
  add_scope(*command, args->scope, "events", "--instance-tag");
  command->add_option("--stale-ms", args->stale_ms, "Only events that are at least so old")
      ->check(CLI::Range(0, 86'400'000))
      ->capture_default_str();
  command->add_option("--limit", args->limit, "At most so many events in one sweep")
      ->check(CLI::Range(1, kMostEvents))
      ->capture_default_str();
  command->add_flag("--json", args->json, "Print a JSON object a line");
  command->callback([args, &chosen] { chosen = [args](Context& context) { return reconcile(*args, context); }; });
}

}  // namespace

void add_cascade(CLI::App& app, Action& chosen) {
  auto* cascade = app.add_subcommand("cascade", "Single parts of what keeps submitted runs going");
  cascade->require_subcommand(1);
  add_reconcile_events(*cascade, chosen);
}

}  // namespace rivet::cli
