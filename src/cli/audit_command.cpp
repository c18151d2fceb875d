// SPDX-License-Identifier: Apache-2.0
// `rivet audit`: nodes, edges, groups and events held against each other.
#include "cli/commands.hpp"

#include <array>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cascade/reconcilers.hpp"
#include "cli/cascade_access.hpp"
#include "cli/options.hpp"
#include "report/cascade.hpp"

namespace rivet::cli {
namespace {

using cascade::Check;

constexpr std::array kChecks{Check::nodes, Check::edges, Check::groups, Check::verdicts};
constexpr int kStretch = 2'000;

struct Arguments {
  std::string config, run_id;
  std::int64_t settled_ms = 10'000;
  bool repair = false, json = false;
};

struct Found {
  Check check = Check::nodes;
  cascade::Finding finding;
};

/// Only ends have a while to be passed on; everything else holds after every transaction.
std::chrono::microseconds settled(const Arguments& args, Check check) {
  return std::chrono::milliseconds(check == Check::edges ? args.settled_ms : 0);
}

Result<std::vector<Found>> look(cascade::Store& store, const Arguments& args, const Context& context,
                                std::int64_t& scanned) {
  std::vector<Found> out;
  for (const auto check : kChecks) {
    cascade::StoredNode after = 0;
    do {
      if (context.stop.stop_requested()) return fail(ErrorKind::cancelled, "interrupted");
      auto examined = TRY(store.examine(
          check, {.after = after, .limit = kStretch, .open_runs_only = false, .settled = settled(args, check)}));
      scanned += examined.scanned;
      after = examined.last;
      for (auto& finding : examined.findings) {
        if (args.run_id.empty() || finding.run_id == args.run_id) out.push_back({check, std::move(finding)});
      }
    } while (after != 0);
  }
  return out;
}

Result<report::Audited> examine(cascade::Store& store, const Arguments& args, const Context& context) {
  report::Audited audited{.repairs = args.repair};
  for (auto& [check, finding] : TRY(look(store, args, context, audited.scanned))) {
    const bool repaired = args.repair && TRY(cascade::repair(store, check, finding));
    audited.findings.push_back({.finding = std::move(finding), .repaired = repaired});
  }
  if (!args.repair || audited.findings.empty()) return audited;
  std::int64_t again = 0;
  for (auto& [check, finding] : TRY(look(store, args, context, again))) audited.left.push_back(std::move(finding));
  return audited;
}

Result<void> verdict_of(const report::Audited& audited, const Arguments& args) {
  if (audited.findings.empty()) return {};
  const auto found = audited.findings.size();
  Error error{.kind = ErrorKind::data,
              .message = fmt::format("the audit found {} {}", found, found == 1 ? "thing" : "things"),
              .code = "RIVET_AUDIT_FINDINGS",
              .hint = fmt::format("rivet audit{}{} --repair", args.run_id.empty() ? "" : " ", args.run_id)};
  if (args.repair && audited.left.empty()) {
    error.message += ", and all of it is repaired";
    error.hint = "`rivet events` shows the alarms; a healthy cascade has none, so look for what wrote to the store";
  } else if (args.repair) {
    error.message += fmt::format(", and {} could not be repaired", audited.left.size());
    error.hint = "what is left cannot be told from what the store says: cancel the run and submit it again";
  }
  return fail(std::move(error));
}

Result<void> audit(const Arguments& args, Context& context) {
  const auto store = TRY(open_known_cascade(args.config));
  if (!args.run_id.empty()) TRY(find_run(*store, args.run_id));
  const auto audited = TRY(examine(*store, args, context));
  TRY(args.json ? context.print_json(report::audit_json(audited))
                : context.print(report::audit_text(audited, {.colour = report::detect_terminal(1).colour})));
  return verdict_of(audited, args);
}

}  // namespace

void add_audit(CLI::App& app, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command =
      app.add_subcommand("audit", "Check that nodes, edges, groups and events of runs agree with each other");
  command->add_option("run", args->run_id, "Only this run");
  add_state_place(*command, args->config);
  command->add_flag("--repair", args->repair, "Repair what can be, and leave an alarm for each");
  command
      ->add_option("--settled-ms", args->settled_ms,
                   "The end of a node should be known to all who wait for it after so long")
      ->check(CLI::Range(0, 86'400'000))
      ->capture_default_str();
  command->add_flag("--json", args->json, "Print a JSON object");
  command->callback([args, &chosen] { chosen = [args](Context& context) { return audit(*args, context); }; });
}

}  // namespace rivet::cli
