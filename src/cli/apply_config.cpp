// SPDX-License-Identifier: Apache-2.0
// Waves with a barrier between them, or a pool. A failed export stops neither its wave nor those after it, but for what
// depends on it.
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

/// What the command works off, and when each may begin.
struct Scheduled {
  Order order;
  std::vector<plan::Task> tasks;  ///< one for each step
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

/// The tasks of the steps, from those of the selected exports. Dependencies decide over waves: nothing is in an earlier
/// wave than what it waits for. A gate is looked at as early as that allows.
std::vector<plan::Task> tasks_of_steps(const Order& order, const Selection& selected,
                                       const std::vector<plan::Task>& exports) {
  const auto earlier = [](const auto& a, const auto& b) { return a.wave < b.wave; };
  const int first = std::min_element(exports.begin(), exports.end(), earlier)->wave;
  std::vector<plan::Task> out;
  for (const auto& step : order.steps) {
    plan::Task task{.wave = first, .cost = plan::CostClass::low, .expected_ms = 0, .parallel_safe = true};
    const auto at = std::find(selected.begin(), selected.end(), step.entry);
    if (step.entry != nullptr) task = exports[static_cast<std::size_t>(at - selected.begin())];
    task.index = out.size();
    const auto& group = order.agenda.graph()[step.node].group;
    for (const auto up : group ? group->upstreams : std::vector<cascade::NodeId>()) {
      task.wave = std::max(task.wave, out[up].wave);
    }
    out.push_back(task);
  }
  return out;
}

std::vector<Step> chosen(const std::vector<Step>& steps, const std::vector<plan::Task>& tasks) {
  std::vector<Step> out;
  for (const auto& task : tasks) out.push_back(steps[task.index]);
  return out;
}

/// `3 export(s)`, and gates when there are any.
std::string contents_of(const std::vector<Step>& steps) {
  const auto gates = std::count_if(steps.begin(), steps.end(), [](const auto& step) { return step.gate != nullptr; });
  const auto exports = std::ssize(steps) - gates;
  return gates == 0 ? fmt::format("{} export(s)", exports) : fmt::format("{} export(s), {} gate(s)", exports, gates);
}

using Outcomes = std::vector<report::RunOutcome>;

void append(Outcomes more, Outcomes& to) { std::move(more.begin(), more.end(), std::back_inserter(to)); }

Outcomes run_waves(Scheduled& scheduled, const RunJob& job, const run::OutcomeHandler& show) {
  const auto run_them = job.args.parallel_processes ? run_in_processes : run_in_threads;
  Outcomes out;
  for (const auto& wave : plan::make_waves(scheduled.tasks, job.args.max_parallel)) {
    if (job.context.stop.stop_requested()) break;
    const auto steps = chosen(scheduled.order.steps, wave.tasks);
    if (scheduled.tasks.size() > 1) {
      const auto name = wave.number == std::numeric_limits<int>::max() ? "last" : std::to_string(wave.number);
      job.context.screen.print(fmt::format("wave {}: {}, {} at a time", name, contents_of(steps),
                                           std::min<std::size_t>(wave.tasks.size(), std::size_t(wave.at_once))));
    }
    append(run_them(steps, scheduled.order.agenda, job, wave.at_once, show), out);
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

/// Split exports come first and have the pool to themselves, so that it never reads with more than its slots; one that
/// depends on others cannot be the first. Gates are next: they are quick, and others wait for them.
Outcomes run_pool(Scheduled& scheduled, const ApplyArguments& args, const RunJob& job,
                  const run::OutcomeHandler& show) {
  Outcomes out;
  std::vector<run::WorkItem> items;
  auto& [steps, agenda] = scheduled.order;
  auto tasks = plan::longest_first(scheduled.tasks);
  std::stable_partition(tasks.begin(), tasks.end(),
                        [&](const auto& task) { return steps[task.index].gate != nullptr; });
  for (const auto& task : tasks) {
    const auto& step = steps[task.index];
    const bool may_be_split =
        args.split && step.entry != nullptr && agenda.turn_of(step.node) == run::Agenda::Turn::begin;
    if (may_be_split && plan::is_worth_splitting(task, scheduled.tasks, args.pool) &&
        !job.context.stop.stop_requested()) {
      if (const auto cut = split(*step.entry, args.pool)) {
        append(run_in_threads({{.entry = &*cut, .node = step.node}}, agenda, job, 1, show), out);
        continue;
      }
    }
    items.push_back(item_of(job, step));
    items.back().alone = task.is_heavy() && !task.parallel_safe;
  }
  append(run::work_off(items, args.pool, job.context.stop, show, agenda), out);
  return out;
}

}  // namespace

Result<void> apply_config(const ApplyArguments& given, Context& context) {
  auto args = given;
  args.run.force = args.run.force || args.run.resume;  // of many exports only some have something to resume
  const auto config = TRY(load_configuration(args.run.config, args.run.params, context));
  const auto selected = TRY(select_exports(config, args.run.exports));
  TRY(require_one_stream(selected));
  auto order = TRY(order_of(config, selected, args.run));
  const auto source = TRY(make_source(config.source, context.clock));
  const auto store = TRY(open_store(config.file.parent_path()));
  const bool known = args.pool == 0 && says_it_all(selected);
  const auto tasks = known ? tasks_as_written(selected) : TRY(tasks_of(selected, config, *source, *store, context));
  Scheduled scheduled{std::move(order), {}};
  scheduled.tasks = tasks_of_steps(scheduled.order, selected, tasks);
  base::ByteBudget budget(shared_byte_budget(selected, args.pool > 0 ? args.pool : 10));
  return run_and_report({.args = args.run,
                         .config = config,
                         .store = *store,
                         .context = context,
                         .exports = scheduled.order.steps.size(),
                         .data_on_stdout = std::any_of(selected.begin(), selected.end(), writes_to_stdout),
                         .parallel_mode = args.pool > 0 ? "pool" : "waves"},
                        [&](report::ProgressListener& progress, const run::OutcomeHandler& show) {
                          const RunJob job{args.run, config, *source, *store, progress, context, budget};
                          return args.pool > 0 ? run_pool(scheduled, args, job, show) : run_waves(scheduled, job, show);
                        });
}

}  // namespace rivet::cli
