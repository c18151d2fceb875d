// SPDX-License-Identifier: Apache-2.0
// Waves with a barrier between them, or a pool. A failed export stops neither its wave nor those after it.
#include "cli/apply_command.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "cli/configuration.hpp"
#include "cli/planning.hpp"
#include "cli/registry.hpp"
#include "cli/reported_run.hpp"
#include "cli/run_command_processes.hpp"
#include "cli/run_command_threads.hpp"
#include "plan/schedule.hpp"

namespace rivet::cli {
namespace {

/// What the exports of the command are, and how they stand to each other.
struct Scheduled {
  Selection selected;
  std::vector<plan::Task> tasks;
};

std::int64_t expected_ms(const PlannedEntry& planned) {
  for (const auto& run : planned.history) {
    if (run.succeeded) return std::max<std::int64_t>(run.duration_ms, 1);
  }
  constexpr std::int64_t kUnknown = 5'000;
  if (planned.plans.empty() || !planned.plans.front().prediction) return kUnknown;
  return planned.plans.front().prediction->duration_ms.expected;
}

plan::Task task_of(std::size_t index, const config::Export& entry) {
  return {.index = index,
          .wave = entry.wave.value_or(std::numeric_limits<int>::max()),
          .parallel_safe = entry.parallel_safe.value_or(false)};
}

/// Whether the file says for every export when it is to run and beside whom, so that nothing has to be asked.
bool says_it_all(const Selection& selected) {
  return std::all_of(selected.begin(), selected.end(),
                     [](const auto* entry) { return entry->wave && entry->parallel_safe; });
}

/// By what the file says alone.
std::vector<plan::Task> tasks_as_written(const Selection& selected) {
  std::vector<plan::Task> tasks;
  for (std::size_t i = 0; i < selected.size(); ++i) {
    tasks.push_back(task_of(i, *selected[i]));
    tasks.back().cost = *selected[i]->parallel_safe ? plan::CostClass::low : plan::CostClass::medium;
  }
  return tasks;
}

/// A look at each export. One that cannot be looked at is run all the same, last: the run says why it fails.
Result<std::vector<plan::Task>> tasks_of(const Selection& selected, const config::Config& config,
                                         const source::Source& source, state::StateStore& store, Context& context) {
  const inspect::Access access{source, store, context.stop, nullptr};
  const PlanningJob job{config, access, inspect::Purpose::look, context.clock.now()};
  std::vector<PlannedEntry> planned;
  std::vector<std::size_t> indexes;
  std::vector<plan::Task> tasks;
  for (std::size_t i = 0; i < selected.size(); ++i) {
    tasks.push_back(task_of(i, *selected[i]));
    auto one = plan_entry(*selected[i], job);
    if (!one && one.error().kind == ErrorKind::cancelled) return fail(std::move(one).error());
    if (!one) continue;
    planned.push_back(std::move(*one));
    indexes.push_back(i);
  }
  const auto campaign = campaign_of(planned);
  for (std::size_t k = 0; k < planned.size(); ++k) {
    auto& task = tasks[indexes[k]];
    const auto& entry = *selected[indexes[k]];
    const auto* found = campaign.find(entry.name);
    if (found == nullptr) continue;
    task.wave = entry.wave.value_or(found->wave);
    task.cost = found->cost;
    task.expected_ms = expected_ms(planned[k]);
    task.parallel_safe = entry.parallel_safe.value_or(found->is_light());
    if (!planned[k].plans.empty() && planned[k].plans.front().prediction) {
      task.peak_mb = planned[k].plans.front().prediction->peak_rss_mb.expected;
    }
  }
  return tasks;
}

Selection chosen(const Selection& selected, const std::vector<plan::Task>& tasks) {
  Selection out;
  for (const auto& task : tasks) out.push_back(selected[task.index]);
  return out;
}

using Outcomes = std::vector<report::RunOutcome>;

void append(Outcomes more, Outcomes& to) { std::move(more.begin(), more.end(), std::back_inserter(to)); }

Outcomes run_waves(const Scheduled& scheduled, const RunJob& job, const run::OutcomeHandler& show) {
  const auto run_them = job.args.parallel_processes ? run_in_processes : run_in_threads;
  Outcomes out;
  for (const auto& wave : plan::make_waves(scheduled.tasks, job.args.max_parallel)) {
    if (job.context.stop.stop_requested()) break;
    if (scheduled.tasks.size() > 1) {
      const auto name = wave.number == std::numeric_limits<int>::max() ? "last" : std::to_string(wave.number);
      job.context.screen.print(fmt::format("wave {}: {} export(s), {} at a time", name, wave.tasks.size(),
                                           std::min<std::size_t>(wave.tasks.size(), std::size_t(wave.at_once))));
    }
    append(run_them(chosen(scheduled.selected, wave.tasks), job, wave.at_once, show), out);
  }
  return out;
}

/// An export that all slots of the pool read together; nothing when it cannot be cut without changing what it means.
std::optional<config::Export> split(const config::Export& entry, int slots) {
  const bool cuttable = entry.mode == config::Mode::full || entry.mode == config::Mode::chunked;
  if (!cuttable || entry.keys.keyset_incremental || writes_to_stdout(&entry)) return std::nullopt;
  auto out = entry;
  out.keys.parallel = std::max(entry.keys.parallel, slots);
  return out;
}

/// Split exports come first and have the pool to themselves, so that it never reads with more than its slots.
Outcomes run_pool(const Scheduled& scheduled, const ApplyArguments& args, const RunJob& job,
                  const run::OutcomeHandler& show) {
  Outcomes out;
  std::vector<run::WorkItem> items;
  for (const auto& task : plan::longest_first(scheduled.tasks)) {
    const auto* entry = scheduled.selected[task.index];
    if (args.split && plan::is_worth_splitting(task, scheduled.tasks, args.pool) &&
        !job.context.stop.stop_requested()) {
      if (const auto cut = split(*entry, args.pool)) {
        append(run_in_threads({&*cut}, job, 1, show), out);
        continue;
      }
    }
    items.push_back({.run = [&job, entry](const run::OutcomeHandler& told) { return run_one(job, *entry, told); },
                     .alone = task.is_heavy() && !task.parallel_safe});
  }
  append(run::work_off(items, args.pool, job.context.stop, show), out);
  return out;
}

}  // namespace

Result<void> apply_config(const ApplyArguments& given, Context& context) {
  auto args = given;
  args.run.force = args.run.force || args.run.resume;  // of many exports only some have something to resume
  const auto config = TRY(load_configuration(args.run.config, args.run.params, context));
  const auto selected = TRY(select_exports(config, args.run.exports));
  TRY(require_one_stream(selected));
  const auto source = TRY(make_source(config.source, context.clock));
  const auto store = TRY(open_store(config.file.parent_path()));
  const bool known = args.pool == 0 && says_it_all(selected);
  const Scheduled scheduled{
      selected, known ? tasks_as_written(selected) : TRY(tasks_of(selected, config, *source, *store, context))};
  base::ByteBudget budget(shared_byte_budget(selected, args.pool > 0 ? args.pool : 10));
  return run_and_report({.args = args.run,
                         .config = config,
                         .store = *store,
                         .context = context,
                         .exports = selected.size(),
                         .data_on_stdout = std::any_of(selected.begin(), selected.end(), writes_to_stdout),
                         .parallel_mode = args.pool > 0 ? "pool" : "waves"},
                        [&](report::ProgressListener& progress, const run::OutcomeHandler& show) {
                          const RunJob job{args.run, config, *source, *store, progress, context, budget};
                          return args.pool > 0 ? run_pool(scheduled, args, job, show) : run_waves(scheduled, job, show);
                        });
}

}  // namespace rivet::cli
