// SPDX-License-Identifier: Apache-2.0
// `rivet validate`: holds what lies at a destination against its manifest, without source and state.
#include "cli/commands.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/configuration.hpp"
#include "cli/options.hpp"
#include "cli/printed_report.hpp"
#include "cli/registry.hpp"
#include "cli/verification.hpp"
#include "plan/partitions.hpp"
#include "report/validation.hpp"

namespace rivet::cli {
namespace {

struct Arguments {
  std::string config, format = "pretty", depth = "full", output, date, run_id, prefix;
  std::vector<std::string> exports, params;
};

/// The instant whose day fills `{date}`.
Result<base::Timestamp> placeholder_time(const Arguments& args, const Context& context) {
  if (args.date.empty()) return context.clock.now();
  const auto parsed = base::parse_rfc3339(args.date + "T00:00:00Z");
  if (parsed && base::to_date(*parsed) == args.date) return *parsed;
  return fail(ErrorKind::config, fmt::format("--date {}: not a day", args.date), "write it as 2026-04-18");
}

Result<void> require_one_export(const Arguments& args, std::size_t selected) {
  if (args.prefix.empty() || selected == 1) return {};
  return fail(ErrorKind::config, fmt::format("--prefix needs exactly one export, and {} are selected", selected),
              "choose one with -e");
}

bool can_be_read_back(const config::Export& entry) {
  return entry.destination.type != config::DestinationType::stdout_;
}

Result<void> verify_export(const config::Export& entry, base::Timestamp at, const Arguments& args,
                           report::ExportVerification& one) {
  if (!can_be_read_back(entry)) {
    return fail(ErrorKind::config, "its destination is stdout: there is nothing to read back");
  }
  const auto opened = TRY(open_destination(entry, at));
  one.resolved_prefix = opened.place.prefix;
  const VerificationRequest request{.depth = *model::parse_verify_depth(args.depth),
                                    .run_id = args.run_id,
                                    .manifest_required = !args.prefix.empty() || !args.run_id.empty()};
  one.verification = TRY(verify_output(*opened.destination, entry, request));
  return {};
}

/// The partitions that have a manifest below the folder which holds them all.
Result<std::vector<config::Export>> landed_partitions(const config::Export& entry, base::Timestamp at) {
  auto family = entry;
  auto& path = family.destination.path;
  const auto token = path.find("{partition}");
  const auto folder_end = path.rfind('/', token);
  path = folder_end == std::string::npos ? "." : path.substr(0, folder_end + 1);
  const auto opened = TRY(open_destination(family, at));
  std::vector<config::Export> found;
  for (const auto& object : TRY(opened.destination->list())) {
    const auto name = std::string_view(object.key).substr(object.key.rfind('/') + 1);
    if (!name.starts_with("manifest.") || !name.ends_with(".json")) continue;
    auto partition = plan::partition_of(entry, name.substr(9, name.size() - 14));
    if (partition) found.push_back(std::move(*partition));
  }
  return found;
}

/// What is to be verified in the entry's place: itself, or its partitions.
Result<std::vector<config::Export>> expand(const config::Export& entry, base::Timestamp at, const Arguments& args) {
  if (entry.keys.partition_by.empty() || !args.prefix.empty() || !can_be_read_back(entry)) return std::vector{entry};
  auto found = TRY(landed_partitions(entry, at));
  if (!found.empty()) return found;
  return fail(Error{.kind = ErrorKind::data,
                    .message = fmt::format("no partition of export '{}' has a manifest", entry.name),
                    .code = "RIVET_VERIFY_MANIFEST_REQUIRED",
                    .hint = "run the export first; --date names the day that fills {date}"});
}

report::ExportVerification validate_export(config::Export entry, base::Timestamp at, const Arguments& args) {
  if (!args.prefix.empty()) entry.destination.path = args.prefix;
  report::ExportVerification one{.export_name = entry.name, .resolved_prefix = entry.destination.path};
  auto verified = verify_export(entry, at, args, one);
  if (!verified) one.error = std::move(verified).error();
  return one;
}

Error failed_verification(const std::vector<const report::ExportVerification*>& failed) {
  const auto is_real = [](const model::Finding& finding) { return !model::is_advisory(finding.kind); };
  std::vector<std::string> names;
  for (const auto* one : failed) names.push_back(one->export_name);
  const auto& findings = failed.front()->verification->findings;
  const auto first = std::find_if(findings.begin(), findings.end(), is_real);
  return {.kind = ErrorKind::data,
          .message = fmt::format("validation failed: {}", fmt::join(names, ", ")),
          .code = std::string(model::code_of(first->kind)),
          .hint = "the report names each object and what is wrong with it"};
}

/// Integrity first; "could not verify" keeps its own kind.
Result<void> verdict_of(const std::vector<report::ExportVerification>& all) {
  std::vector<const report::ExportVerification*> failed;
  std::optional<Error> worst;
  for (const auto& one : all) {
    if (one.verification && !one.verification->passed()) failed.push_back(&one);
    if (!one.error || (worst && base::worse_of(worst->kind, one.error->kind) == worst->kind)) continue;
    worst = one.error;
    worst->context.push_back(fmt::format("export '{}'", one.export_name));
  }
  if (worst && worst->kind == ErrorKind::cancelled) return fail(*worst);
  if (!failed.empty()) return fail(failed_verification(failed));
  return worst ? Result<void>(fail(*worst)) : Result<void>{};
}

Result<void> validate(const Arguments& args, Context& context) {
  const auto at = TRY(placeholder_time(args, context));
  const auto config = TRY(load_configuration(args.config, args.params, context));
  const auto selected = TRY(select_exports(config, args.exports));
  TRY(require_one_export(args, selected.size()));
  std::vector<report::ExportVerification> all;
  for (const auto* entry : selected) {
    if (args.exports.empty() && !can_be_read_back(*entry)) continue;
    if (context.stop.stop_requested()) return fail(ErrorKind::cancelled, "interrupted");
    const auto parts = expand(*entry, at, args);
    if (!parts) all.push_back({.export_name = entry->name, .error = parts.error()});
    if (!parts) continue;
    for (const auto& part : *parts) all.push_back(validate_export(part, at, args));
  }
  auto printed = print_report({.json = [&] { return report::validation_json(all); },
                               .text = [&](const report::Style& style) { return report::validation_text(all, style); }},
                              args.format, args.output, context);
  TRY(verdict_of(all));
  return printed;
}

}  // namespace

void add_validate(CLI::App& app, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = app.add_subcommand("validate", "Verify the files at a destination against their manifest");
  add_config(*command, args->config);
  add_exports(*command, args->exports);
  add_params(*command, args->params);
  command->add_option("--depth", args->depth, "light: manifest; sample: and a listing; full: and every byte")
      ->check(CLI::IsMember({"light", "sample", "full"}))
      ->capture_default_str();
  add_report_options(*command, args->format, args->output);
  auto* date = command->add_option("--date", args->date, "Day that fills {date} in the path (default: today, UTC)");
  auto* run_id =
      command->add_option("--run-id", args->run_id, "Verify what this run wrote instead of the current output");
  command->add_option("--prefix", args->prefix, "Look here instead; needs one export and a manifest")
      ->excludes(date)
      ->excludes(run_id);
  command->callback([args, &chosen] { chosen = [args](Context& context) { return validate(*args, context); }; });
}

}  // namespace rivet::cli
