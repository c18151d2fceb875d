// SPDX-License-Identifier: Apache-2.0
// `rivet gc`: forgets old runs of graphs, and workers that are gone.
#include "cli/commands.hpp"

#include <algorithm>
#include <limits>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/cascade_access.hpp"
#include "cli/durations.hpp"
#include "cli/options.hpp"

namespace rivet::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto kWorkerGone = 24h;
constexpr auto kEver = std::chrono::hours(24 * 36'500);

struct Arguments {
  std::string config;
  std::chrono::milliseconds older_than{30 * 24h};
  bool dry_run = false;
};

Result<std::int64_t> count_old_runs(cascade::Store& store, std::chrono::microseconds age) {
  const auto before = TRY(store.now()) - age.count();
  const auto runs = TRY(store.runs(false, std::numeric_limits<int>::max()));
  return std::count_if(runs.begin(), runs.end(), [&](const auto& one) {
    return one.run.state != cascade::RunState::open && one.run.closed_at && *one.run.closed_at <= before;
  });
}

/// A bounded number at a time.
Result<std::int64_t> forget_old_runs(cascade::Store& store, std::chrono::microseconds age, const Context& context) {
  std::int64_t all = 0;
  while (!context.stop.stop_requested()) {
    const auto some = TRY(store.forget_runs(age));
    if (some == 0) return all;
    all += some;
  }
  return all;
}

Result<std::vector<std::string>> gone_workers(cascade::Store& store) {
  const auto seen_after = TRY(store.now()) - std::chrono::microseconds(kWorkerGone).count();
  std::vector<std::string> out;
  for (const auto& worker : TRY(store.workers(kEver))) {
    if (worker.seen_at < seen_after) out.push_back(worker.worker_id);
  }
  return out;
}

Result<void> gc(const Arguments& args, Context& context) {
  const auto store = TRY(open_known_cascade(args.config));
  const auto workers = TRY(gone_workers(*store));
  const auto runs =
      TRY(args.dry_run ? count_old_runs(*store, args.older_than) : forget_old_runs(*store, args.older_than, context));
  if (!args.dry_run) {
    for (const auto& worker : workers) TRY(store->forget(worker));
  }
  return context.print(fmt::format("{}: {} runs closed more than {} ago, {} workers not seen for {}.\n",
                                   args.dry_run ? "Would be forgotten" : "Forgotten", runs,
                                   duration_text(args.older_than), workers.size(), duration_text(kWorkerGone)));
}

}  // namespace

void add_gc(CLI::App& app, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = app.add_subcommand("gc", "Forget closed runs and workers that are gone; what they wrote stays");
  add_state_place(*command, args->config);
  add_duration(*command, "--older-than", args->older_than, "Runs that were closed so long ago");
  command->add_flag("--dry-run", args->dry_run, "Only say how many");
  command->callback([args, &chosen] { chosen = [args](Context& context) { return gc(*args, context); }; });
}

}  // namespace rivet::cli
