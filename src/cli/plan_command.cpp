// SPDX-License-Identifier: Apache-2.0
// `rivet plan`: what a run would do, for review and as sealed files that `rivet apply` carries out.
#include "cli/commands.hpp"

#include <filesystem>
#include <random>
#include <unistd.h>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/configuration.hpp"
#include "cli/options.hpp"
#include "cli/planning.hpp"
#include "cli/registry.hpp"
#include "cli/wave_hints.hpp"
#include "plan/artifact.hpp"
#include "report/plan.hpp"

namespace rivet::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string config, output, format = "pretty";
  std::vector<std::string> exports, params;
  bool annotate = false, no_annotate = false;
};

/// An export with the document that seals its plan.
struct Sealed {
  plan::Artifact artifact;
  std::string document;
};

std::string make_plan_id() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

/// The source is defined without its password; here it could only stand in the export, as in a query over a link.
Result<void> require_no_secret(const plan::Artifact& artifact, Context& context) {
  const auto& entry = artifact.definition.exports.front();
  if (context.redactor.finds_secret(entry)) {
    return fail(ErrorKind::config,
                fmt::format("the source's password occurs in export '{}', which a plan file would give away",
                            artifact.export_name),
                "keep it out of the query; a password that is a plain word of the configuration had better be changed");
  }
  if (context.redactor.clean(entry) != entry) {
    context.screen.print(
        fmt::format("warning: something in export '{}' looks like a password or token, and stands in the "
                    "plan file",
                    artifact.export_name));
  }
  return {};
}

Result<Sealed> seal(const PlannedEntry& planned, const plan::Campaign& campaign, const config::Config& config,
                    const Arguments& args, Context& context, base::Timestamp now) {
  const auto& entry = *planned.entry;
  if (planned.plans.empty()) {
    return fail(ErrorKind::config, fmt::format("export '{}': there is no partition to plan", entry.name),
                "run it without a plan: rivet run -e " + entry.name);
  }
  Sealed out{.artifact = {.rivet_version = RIVET_VERSION,
                          .plan_id = make_plan_id(),
                          .created_at = now,
                          .expires_at = now + plan::kPlanLifetime,
                          .export_name = entry.name,
                          .config_path = args.config,
                          .definition = {.source = config.source_definition,
                                         .exports = {entry.definition},
                                         .notifications = config.notifications_definition,
                                         .file = config.file},
                          .needs_file = config::left_out_password(config.source_definition, config.source),
                          .plans = planned.plans},
             .document = {}};
  TRY(require_no_secret(out.artifact, context));
  const auto* found = campaign.find(entry.name);
  out.document = plan::seal(
      out.artifact,
      {.entry = entry, .preflight = planned.preflight, .recommendation = found ? std::optional(*found) : std::nullopt});
  return out;
}

report::PriorityLines priority_of(const plan::Recommendation& one) {
  report::PriorityLines lines{
      .score = fmt::format("score {}: {} (wave {}), cost {}, risk {}", one.score, one.priority_class, one.wave,
                           plan::name_of(one.cost), one.risk_class),
      .reasons = {}};
  for (const auto& [kind, message] : one.reasons) lines.reasons.push_back(fmt::format("[{}] {}", kind, message));
  return lines;
}

std::string tuning_text(const config::Export& entry) {
  const auto& tuning = entry.tuning;
  auto text =
      fmt::format("{}, batches of {} rows, parallel {}", tuning.profile, tuning.batch_size, entry.keys.parallel);
  if (tuning.max_mb_per_s) text += fmt::format(", at most {} MB/s", *tuning.max_mb_per_s);
  if (tuning.throttle_given && tuning.throttle_ms > 0) text += fmt::format(", throttle {} ms", tuning.throttle_ms);
  return text;
}

std::string pretty(const PlannedEntry& planned, const Sealed& sealed, const plan::Campaign& campaign,
                   const report::Style& style) {
  const auto& plans = sealed.artifact.plans;
  const auto* found = campaign.find(planned.entry->name);
  const bool partitioned = !planned.entry->keys.partition_by.empty();
  return report::plan_text({.plan_id = sealed.artifact.plan_id,
                            .created_at = sealed.artifact.created_at,
                            .expires_at = sealed.artifact.expires_at,
                            .export_name = planned.entry->name,
                            .partitions = partitioned ? static_cast<std::int64_t>(plans.size()) : 0,
                            .plan = plans[plans.size() / 2],
                            .preflight = planned.preflight,
                            .priority = found ? std::optional(priority_of(*found)) : std::nullopt,
                            .tuning = tuning_text(*planned.entry)},
                           style);
}

/// `plan.json` and an export's name to `plan.<name>.json`.
fs::path beside(const fs::path& output, const std::string& name) {
  auto path = output;
  return path.replace_filename(fmt::format("{}.{}{}", output.stem().string(), name, output.extension().string()));
}

std::string whole_document(const std::vector<Sealed>& sealed, const plan::Campaign& campaign) {
  if (sealed.size() == 1) return sealed.front().document;
  std::vector<std::string> documents;
  for (const auto& one : sealed) documents.push_back(one.document);
  return plan::seal_bundle(documents, campaign);
}

Result<void> write_files(const std::vector<Sealed>& sealed, const plan::Campaign& campaign, const Arguments& args,
                         Context& context) {
  TRY(report::write_file(args.output, whole_document(sealed, campaign)));
  context.screen.print(fmt::format("plan written to {}", args.output));
  if (sealed.size() < 2) return {};
  for (const auto& one : sealed) {
    TRY(report::write_file(beside(args.output, one.artifact.export_name), one.document));
  }
  context.screen.print(
      fmt::format("and for each export: {}, ...", beside(args.output, sealed.front().artifact.export_name).string()));
  return {};
}

void print_group_warnings(const plan::Campaign& campaign, Context& context) {
  for (const auto& warning : campaign.source_group_warnings) {
    context.screen.print(
        fmt::format("warning: {}: {}", warning.message, fmt::format("{}", fmt::join(warning.exports, ", "))));
  }
}

Result<std::vector<PlannedEntry>> plan_all(const config::Config& config,
                                           const std::vector<const config::Export*>& selected, Context& context,
                                           base::Timestamp now) {
  const auto source = TRY(make_source(config.source, context.clock));
  const auto store = TRY(open_store_copy(config.file.parent_path()));
  const inspect::Access access{*source, *store, context.stop, nullptr};
  const PlanningJob job{config, access, inspect::Purpose::plan, now};
  std::vector<PlannedEntry> planned;
  for (const auto* entry : selected) planned.push_back(TRY(plan_entry(*entry, job)));
  return planned;
}

Result<void> plan(const Arguments& args, Context& context) {
  if (!args.output.empty()) TRY(report::require_writable(args.output));
  const auto config = TRY(load_configuration(args.config, args.params, context));
  const auto selected = TRY(select_exports(config, args.exports));
  const auto now = context.clock.now();
  const auto planned = TRY(plan_all(config, selected, context, now));
  const auto campaign = campaign_of(planned);
  std::vector<Sealed> sealed;
  for (const auto& one : planned) sealed.push_back(TRY(seal(one, campaign, config, args, context, now)));
  if (!args.output.empty()) TRY(write_files(sealed, campaign, args, context));
  if (args.format == "json") {
    if (args.output.empty()) TRY(report::write_descriptor(STDOUT_FILENO, whole_document(sealed, campaign)));
  } else {
    const report::Style style{.colour = report::detect_terminal(STDOUT_FILENO).colour};
    for (std::size_t i = 0; i < sealed.size(); ++i) {
      TRY(context.print(pretty(planned[i], sealed[i], campaign, style)));
    }
  }
  print_group_warnings(campaign, context);
  if (args.annotate || (!args.no_annotate && config.exports.size() > 1)) {
    TRY(write_wave_hints(config, campaign, args.annotate, context));
  }
  return {};
}

}  // namespace

void add_plan(CLI::App& app, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = app.add_subcommand("plan", "Show what a run would do, and seal it for `rivet apply`");
  add_config(*command, args->config);
  add_exports(*command, args->exports);
  add_params(*command, args->params);
  command->add_option(
      "-o,--output", args->output,
      "Write the sealed plan to this file; with several exports a bundle, and one file for each beside it");
  command->add_option("--format", args->format, "What to print")->check(CLI::IsMember({"pretty", "json"}));
  auto* annotate =
      command->add_flag("--annotate-waves", args->annotate,
                        "Write `wave` and `parallel_safe` into the configuration, also over those that stand there");
  command
      ->add_flag("--no-annotate", args->no_annotate,
                 "Leave the configuration alone; else absent hints are added when it has several exports")
      ->excludes(annotate);
  command->callback([args, &chosen] { chosen = [args](Context& context) { return plan(*args, context); }; });
}

}  // namespace rivet::cli
