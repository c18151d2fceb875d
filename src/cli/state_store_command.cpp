// SPDX-License-Identifier: Apache-2.0
// `rivet state migrate`, `check` and `copy`: the store itself rather than what it remembers.
#include "cli/commands.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/configuration.hpp"
#include "cli/options.hpp"
#include "cli/registry.hpp"
#include "cli/state_condition.hpp"
#include "state/schema.hpp"

namespace rivet::cli {
namespace {

struct Arguments {
  std::string config, from, to;
  bool json = false;
};

Result<void> migrate(const Arguments& args, Context& context) {
  const auto place = TRY(state_place_of(args.config));
  const int before = TRY(migrate_state(place));
  const int now = state::schema_version();
  if (before == now) return context.print(fmt::format("{} has version {} already.\n", place.location(), now));
  if (before == 0) return context.print(fmt::format("{} was created with version {}.\n", place.location(), now));
  return context.print(fmt::format("{} went from version {} to version {}.\n", place.location(), before, now));
}

nlohmann::ordered_json condition_json(const StatePlace& place, const StateCondition& condition, bool ok) {
  nlohmann::ordered_json json{{"location", place.location()},
                              {"version", condition.version},
                              {"program_version", state::schema_version()},
                              {"writable", condition.may_write},
                              {"ok", ok},
                              {"server", nullptr}};
  if (condition.server) {
    json["server"] = {{"version", condition.server->version},
                      {"through_pooler", condition.server->through_pooler},
                      {"clock_ahead_ms", condition.server->clock_ahead.count()}};
  }
  return json;
}

Result<void> check(const Arguments& args, Context& context) {
  const auto place = TRY(state_place_of(args.config));
  const auto condition = TRY(examine_state(place, context.clock));
  const auto verdict = judge_state(place, condition);
  TRY(args.json ? context.print_json(condition_json(place, condition, verdict.has_value()))
                : context.print(tell_condition(place, condition) + ".\n"));
  return verdict;
}

Result<StatePlace> named(const std::string& text, Context& context) {
  auto place = TRY(named_state_place(text));
  if (place.url) {
    for (const auto& secret : place.url->secrets) context.redactor.remember(secret);
  }
  return place;
}

Result<void> copy(const Arguments& args, Context& context) {
  const auto from = TRY(named(args.from, context).context("--from"));
  const auto to = TRY(named(args.to, context).context("--to"));
  const auto rows = TRY(copy_state(from, to));
  return context.print(fmt::format("{} rows were copied from {} to {}.\n", rows, from.location(), to.location()));
}

void add_store_migrate(CLI::App& state, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = state.add_subcommand("migrate", "Create the tables of the state store, or bring them up to date");
  add_state_place(*command, args->config);
  command->callback([args, &chosen] { chosen = [args](Context& context) { return migrate(*args, context); }; });
}

void add_store_check(CLI::App& state, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = state.add_subcommand("check", "Whether the state store can be worked with; changes nothing");
  add_state_place(*command, args->config);
  command->add_flag("--json", args->json, "Print a JSON object");
  command->callback([args, &chosen] { chosen = [args](Context& context) { return check(*args, context); }; });
}

void add_store_copy(CLI::App& state, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = state.add_subcommand("copy", "Copy a state store into an empty one, to or from PostgreSQL");
  command->add_option("--from", args->from, "A URL, a folder or configuration with a state file, or that file")
      ->required();
  command->add_option("--to", args->to, "Likewise; created when it is not there")->required();
  command->callback([args, &chosen] { chosen = [args](Context& context) { return copy(*args, context); }; });
}

}  // namespace

void add_state_stores(CLI::App& state, Action& chosen) {
  add_store_migrate(state, chosen);
  add_store_check(state, chosen);
  add_store_copy(state, chosen);
}

}  // namespace rivet::cli
