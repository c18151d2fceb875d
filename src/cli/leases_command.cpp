// SPDX-License-Identifier: Apache-2.0
// `rivet leases`: who works on what, and for how long it is theirs.
#include "cli/commands.hpp"

#include <CLI/CLI.hpp>

#include "cli/cascade_access.hpp"
#include "cli/options.hpp"
#include "cli/registry.hpp"
#include "report/cascade.hpp"

namespace rivet::cli {
namespace {

struct Arguments {
  std::string config;
  std::int64_t limit = 100;
  bool json = false;
};

Result<std::vector<std::pair<std::string, state::UnitView>>> units_of(cascade::Store& store, state::StateStore& runs,
                                                                      cascade::StoredNode node) {
  std::vector<std::pair<std::string, state::UnitView>> out;
  for (const auto& [export_name, run_id] : TRY(store.attached(node))) {
    for (auto& unit : TRY(runs.units(run_id))) {
      if (unit.status == model::UnitStatus::running) out.emplace_back(run_id, std::move(unit));
    }
  }
  return out;
}

Result<void> leases(const Arguments& args, Context& context) {
  const auto store = TRY(open_known_cascade(args.config));
  const auto runs = TRY(open_store_at(TRY(state_place_of(args.config))));
  std::vector<report::HeldNode> held;
  for (auto& node : TRY(store->active(static_cast<int>(args.limit)))) {
    auto units = TRY(units_of(*store, *runs, node.node_id));
    held.push_back({.node = std::move(node), .units = std::move(units)});
  }
  const auto now = TRY(store->now());
  return args.json ? context.print_json(report::leases_json(held, now)) : context.print(report::leases_text(held, now));
}

}  // namespace

void add_leases(CLI::App& app, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command =
      app.add_subcommand("leases", "List the nodes that workers work on, the lease that ends first before others");
  add_state_place(*command, args->config);
  add_limit(*command, args->limit, "nodes");
  command->add_flag("--json", args->json, "Print a JSON array");
  command->callback([args, &chosen] { chosen = [args](Context& context) { return leases(*args, context); }; });
}

}  // namespace rivet::cli
