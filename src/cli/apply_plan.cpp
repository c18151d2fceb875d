// SPDX-License-Identifier: Apache-2.0
// The artifact alone decides what is read, how it is cut and where it goes (PA1); the environment gives credentials.
#include "cli/apply_command.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/text.hpp"
#include "cli/configuration.hpp"
#include "cli/registry.hpp"
#include "cli/reported_run.hpp"
#include "cli/run_command_threads.hpp"
#include "plan/artifact.hpp"
#include "plan/partitions.hpp"

namespace rivet::cli {
namespace {

constexpr std::uintmax_t kPlanBytes = 512ULL << 20;

/// What the plans of a bundle share: the source of one definition, and the store of one configuration's folder. Each is
/// opened for the first plan that asks for it.
class Services {
 public:
  explicit Services(const base::Clock& clock) : clock_(clock) {}

  Result<source::Source*> source_of(const config::Definition& definition, const config::Config& config) {
    auto& source = sources_[{definition.file, definition.source}];
    if (!source) source = TRY(make_source(config.source, clock_));
    return source.get();
  }

  Result<state::StateStore*> store_of(const std::filesystem::path& folder) {
    auto& store = stores_[folder];
    if (!store) store = TRY(open_store(folder));
    return store.get();
  }

 private:
  const base::Clock& clock_;
  std::map<std::pair<std::filesystem::path, std::string>, std::unique_ptr<source::Source>> sources_;
  std::map<std::filesystem::path, std::unique_ptr<state::StateStore>> stores_;
};

/// A plan with what carries it out.
struct LoadedPlan {
  plan::Artifact artifact;
  config::Config config;
  source::Source& source;
  state::StateStore& store;
  std::vector<run::PlannedExport> exports;  // they refer to the artifact's plans
  report::ApplyContext told;
};

Result<std::string> read_plan_file(const std::string& file) {
  std::error_code failed;
  if (std::filesystem::file_size(file, failed) > kPlanBytes && !failed) {
    return fail(ErrorKind::config, fmt::format("{} is larger than any plan", file));
  }
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (in.good() || in.eof()) return text;
  return fail(ErrorKind::config, fmt::format("{} cannot be read", file));
}

Result<std::vector<plan::Artifact>> selected_artifacts(const ApplyArguments& args) {
  auto all = TRY(plan::read_artifacts(TRY(read_plan_file(args.run.config)), args.run.config));
  const auto& wanted = args.run.exports;
  for (const auto& name : wanted) {
    if (std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.export_name == name; })) continue;
    return fail(ErrorKind::config, fmt::format("{}: there is no plan of export '{}' in it", args.run.config, name));
  }
  std::erase_if(all, [&](const auto& one) {
    return !wanted.empty() && std::find(wanted.begin(), wanted.end(), one.export_name) == wanted.end();
  });
  return all;
}

Result<void> check_age(const plan::Artifact& artifact, bool force, report::ApplyContext& told, Context& context) {
  const auto now = context.clock.now();
  const auto age = plan::age_of(artifact, now);
  if (age == plan::Age::fresh) return {};
  const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(now - artifact.created_at).count();
  const auto message =
      fmt::format("the plan of export '{}' was made {} ago", artifact.export_name, base::human_duration(spent));
  if (age == plan::Age::aging || force) {
    context.screen.print(fmt::format("warning: {}: the source may have changed since", message));
    if (age == plan::Age::expired) told.force_bypassed.emplace_back("expired");
    return {};
  }
  return fail(Error{.kind = ErrorKind::config,
                    .message = fmt::format("{}, and plans expire after {} hours", message, plan::kPlanLifetime.count()),
                    .code = "RIVET_PLAN_EXPIRED",
                    .hint = "make a new plan: rivet plan; or carry this one out with --force"});
}

config::Export entry_of(const config::Export& whole, const model::Plan& plan) {
  if (plan.export_name == whole.name) return whole;
  auto part = plan::partition_of(whole, plan.export_name);
  return part ? std::move(*part) : whole;
}

Result<std::unique_ptr<LoadedPlan>> load_plan(plan::Artifact artifact, const ApplyArguments& args, Services& services,
                                              Context& context) {
  report::ApplyContext told{.plan_id = artifact.plan_id, .forced = args.run.force};
  TRY(check_age(artifact, args.run.force, told, context));
  auto config = TRY(config::load_definition(artifact.definition, artifact.needs_file,
                                            TRY(load_options(args.run.params)), context.redactor));
  auto* const source = TRY(services.source_of(artifact.definition, config));
  auto* const store = TRY(services.store_of(config.file.parent_path()));
  auto loaded = std::make_unique<LoadedPlan>(LoadedPlan{.artifact = std::move(artifact),
                                                        .config = std::move(config),
                                                        .source = *source,
                                                        .store = *store,
                                                        .exports = {},
                                                        .told = std::move(told)});
  for (const auto& plan : loaded->artifact.plans) {
    loaded->exports.push_back({.entry = entry_of(loaded->config.exports.front(), plan), .plan = plan});
  }
  return loaded;
}

run::WorkItem item_of(const LoadedPlan& loaded, const ApplyArguments& args, report::ProgressListener& progress,
                      Context& context, base::ByteBudget& budget) {
  return {.run = [&](const run::OutcomeHandler& handle, const std::stop_token& stop) {
    const RunJob job{args.run, loaded.config, loaded.source, loaded.store, progress, context, budget, loaded.told};
    return run_planned(
        job, loaded.exports,
        fmt::format("rivet apply {} -e {}", shell_quoted(args.run.config), shell_quoted(loaded.artifact.export_name)),
        handle, stop);
  }};
}

/// The others of the configuration, and its gates, are not in the plan.
Result<void> require_no_dependencies(const LoadedPlan& loaded, bool no_deps) {
  const auto& entry = loaded.config.exports.front();
  if (no_deps || !entry.depends_on) return {};
  return fail(ErrorKind::config,
              fmt::format("export '{}' depends on {}, and a sealed plan is carried out without looking at others",
                          entry.name, fmt::join(entry.depends_on->of, ", ")),
              "apply the configuration, or carry the plan out all the same with --no-deps");
}

}  // namespace

Result<void> apply_plan(const ApplyArguments& args, Context& context) {
  if (args.split || args.run.parallel_processes) {
    return fail(ErrorKind::config,
                "a sealed plan says itself how its exports are cut, and is carried out by one process",
                "leave --split and --parallel-export-processes out, or apply the configuration");
  }
  Services services(context.clock);
  std::vector<std::unique_ptr<LoadedPlan>> loaded;
  for (auto& artifact : TRY(selected_artifacts(args))) {
    loaded.push_back(TRY(load_plan(std::move(artifact), args, services, context)));
    TRY(require_no_dependencies(*loaded.back(), args.run.no_deps));
  }
  Selection selected;
  for (const auto& one : loaded) selected.push_back(&one->config.exports.front());
  TRY(require_one_stream(selected));
  const int at_once = std::max({args.pool, args.run.max_parallel, 1});
  base::ByteBudget budget(shared_byte_budget(selected, at_once));
  return run_and_report({.args = args.run,
                         .config = loaded.front()->config,
                         .store = loaded.front()->store,
                         .context = context,
                         .exports = selected.size(),
                         .data_on_stdout = std::any_of(selected.begin(), selected.end(), writes_to_stdout),
                         .parallel_mode = at_once > 1 ? "pool" : "sequential"},
                        [&](report::ProgressListener& progress, const run::OutcomeHandler& show) {
                          std::vector<run::WorkItem> items;
                          for (const auto& one : loaded)
                            items.push_back(item_of(*one, args, progress, context, budget));
                          return run::work_off(items, at_once, context.stop, show);
                        });
}

}  // namespace rivet::cli
