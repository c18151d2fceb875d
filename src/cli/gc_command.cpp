// SPDX-License-Identifier: Apache-2.0
// `rivet gc`: forgets old runs of graphs, and workers that are gone; of one run, files that count for nothing.
#include "cli/commands.hpp"

#include <algorithm>
#include <limits>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/cascade_access.hpp"
#include "cli/durations.hpp"
#include "cli/options.hpp"
#include "cli/registry.hpp"
#include "model/plan.hpp"
#include "run/garbage.hpp"

namespace rivet::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto kWorkerGone = 24h;
constexpr auto kEver = std::chrono::hours(24 * 36'500);

struct Arguments {
  std::string config, run_id;
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

/// Files that workers of this run left at a destination after they had lost their claim.
Result<std::int64_t> clear_exports_of(const cascade::NodeRecord& node, cascade::Store& cascade,
                                      state::StateStore& store, const Arguments& args, Context& context) {
  std::int64_t found = 0;
  for (const auto& [export_name, run_id] : TRY(cascade.attached(node.node_id))) {
    const auto run = TRY(store.run(run_id));
    if (!run || run->stage != state::RunStage::published) continue;
    const auto plan = TRY(model::plan_from_json_text(run->plan_json));
    const auto destination = TRY(open_prefix(plan.destination_kind, run->prefix));
    for (const auto& key : TRY(run::garbage_of(store, *destination, *run))) {
      TRY(context.print(fmt::format("{}/{}\n", run->prefix, key)));
      ++found;
    }
    if (!args.dry_run) TRY(run::remove_garbage(store, *destination, *run));
  }
  return found;
}

Result<void> clear_run(const Arguments& args, Context& context) {
  const auto cascade = TRY(open_known_cascade(args.config));
  const auto store = TRY(open_store_at(TRY(state_place_of(args.config))));
  TRY(find_run(*cascade, args.run_id));
  std::int64_t found = 0;
  for (const auto& node : TRY(cascade->nodes(args.run_id))) {
    found += TRY(clear_exports_of(node, *cascade, *store, args, context));
  }
  return context.print(fmt::format("{} file(s) that no committed unit names{}.\n", found,
                                   args.dry_run || found == 0 ? "" : ", moved to _quarantine"));
}

Result<void> gc(const Arguments& args, Context& context) {
  if (!args.run_id.empty()) return clear_run(args, context);
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
  command->add_option("RUN", args->run_id,
                      "Of this run: move files out of the way that fenced workers left beside its results");
  add_duration(*command, "--older-than", args->older_than, "Runs that were closed so long ago");
  command->add_flag("--dry-run", args->dry_run, "Only say how many");
  command->callback([args, &chosen] { chosen = [args](Context& context) { return gc(*args, context); }; });
}

}  // namespace rivet::cli
