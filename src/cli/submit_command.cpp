// SPDX-License-Identifier: Apache-2.0
// `rivet submit`: a configuration becomes a run that any number of workers share.
#include "cli/commands.hpp"

#include <algorithm>
#include <map>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/hash.hpp"
#include "cli/configuration.hpp"
#include "cli/durations.hpp"
#include "cli/options.hpp"
#include "cli/registry.hpp"
#include "cli/run_order.hpp"
#include "cli/submission.hpp"
#include "run/owner.hpp"

namespace rivet::cli {
namespace {

struct Arguments {
  RunArguments run;
  std::string run_key, attempt_limit;
  int max_attempts = 5;
  bool json = false;
};

/// What one process on one machine can do, and many cannot.
Result<void> require_submittable(const Selection& selected, const Payload& payload, Context& context) {
  const auto stream = std::find_if(selected.begin(), selected.end(), writes_to_stdout);
  if (stream != selected.end()) {
    return fail(ErrorKind::config,
                fmt::format("export '{}' writes to stdout, and workers have nobody there", (*stream)->name),
                "give it another destination, or leave it out with -e");
  }
  const auto text = to_json_text(payload);
  if (context.redactor.finds_secret(text)) {
    return fail(ErrorKind::config,
                "the source's password occurs in an export or a gate, which the store would give away",
                "keep it out of queries; a password that is a plain word of the configuration had better be changed");
  }
  if (payload.needs_file) {
    context.screen.print(fmt::format(
        "warning: the source's password stands in {}: only workers that can read that file can work on this "
        "run; url_env or password_env works everywhere",
        payload.definition.file.string()));
  }
  return {};
}

/// Where each node belongs, by its name.
std::map<std::string_view, const config::Placement*> placements_of(const config::Config& config) {
  std::map<std::string_view, const config::Placement*> out;
  for (const auto& entry : config.exports) out.emplace(entry.name, &entry.placement);
  for (const auto& gate : config.gates) out.emplace(gate.name, &gate.placement);
  return out;
}

Result<cascade::Submission> submission_of(const Arguments& args, const config::Config& config, Context& context) {
  const auto selected = TRY(select_exports(config, args.run.exports));
  std::error_code failed;
  auto payload = payload_of(config, std::filesystem::current_path(failed));
  payload.validate = args.run.validate || args.run.reconcile;
  payload.reconcile = args.run.reconcile;
  TRY(require_submittable(selected, payload, context));
  const auto placements = placements_of(config);
  cascade::Submission out{.run_id = fmt::format("{}-{}", base::to_run_stamp(context.clock.now()), run::make_nonce()),
                          .name_space = config.placement.name_space,
                          .tags = config.placement.tags,
                          .payload = to_json_text(payload),
                          .max_attempts = args.max_attempts};
  if (!args.run_key.empty()) out.run_key = args.run_key;
  if (!args.attempt_limit.empty())
    out.attempt_limit = TRY(parse_duration(args.attempt_limit).context("--attempt-limit"));
  std::string hashed = out.payload;
  for (auto& spec : TRY(selected_nodes(config, selected, args.run))) {
    hashed += '\0' + spec.name;
    const auto* placement = placements.at(spec.name);
    out.nodes.push_back({.spec = std::move(spec), .name_space = placement->name_space, .tags = placement->tags});
  }
  out.payload_hash = fmt::format("{:016x}", base::xxh3_64(hashed));
  return out;
}

Result<void> submit(const Arguments& args, Context& context) {
  const auto config = TRY(load_configuration(args.run.config, args.run.params, context));
  const auto submission = TRY(submission_of(args, config, context));
  const auto store = TRY(open_cascade(TRY(state_place(config.file.parent_path()))));
  const auto submitted = TRY(store->submit(submission));
  if (args.json) {
    return context.print_json(nlohmann::ordered_json{{"run_id", submitted.run_id}, {"is_new", submitted.is_new}});
  }
  TRY(context.print(submitted.run_id + "\n"));
  context.screen.print(
      submitted.is_new
          ? fmt::format("{} node(s) wait in {}; `rivet worker` works on them, `rivet status {}` shows them",
                        submission.nodes.size(), store->location(), submitted.run_id)
          : fmt::format("'{}' was submitted before: that run goes on", args.run_key));
  return {};
}

}  // namespace

void add_submit(CLI::App& app, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = app.add_subcommand("submit", "Store a run of the configuration for workers to share");
  add_config(*command, args->run.config);
  add_exports(*command, args->run.exports);
  add_params(*command, args->run.params);
  add_no_deps(*command, args->run.no_deps);
  command->add_flag("--validate", args->run.validate, "Read each result back and prove it");
  command->add_flag("--reconcile", args->run.reconcile, "Compare each result's rows with those of its source");
  command->add_option("--run-key", args->run_key,
                      "Submit at most once under this key; again, it prints the id of the run that is there");
  command->add_option("--max-attempts", args->max_attempts, "Attempts at each node before it has failed")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  command->add_option("--attempt-limit", args->attempt_limit,
                      "How long one attempt may take, such as 2h (default: any time)");
  command->add_flag("--json", args->json, "Print {\"run_id\": ...}");
  command->callback([args, &chosen] { chosen = [args](Context& context) { return submit(*args, context); }; });
}

}  // namespace rivet::cli
