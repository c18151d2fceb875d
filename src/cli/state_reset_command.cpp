// SPDX-License-Identifier: Apache-2.0
// `rivet state reset` and `rivet state reset-chunks`: forgetting, and never under a living process.
#include "cli/commands.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/configuration.hpp"
#include "cli/options.hpp"
#include "run/owner.hpp"
#include "run/unfinished.hpp"

namespace rivet::cli {
namespace {

struct Arguments {
  std::string config, export_name;
  bool stuck = false;
};

using Store = std::unique_ptr<state::StateStore>;

/// A run that is not finished, and who works on it.
struct Unfinished {
  state::RunView run;
  std::vector<state::UnitView> running;

  bool is_running() const { return run.stage == state::RunStage::running; }
};

Result<Store> open_to_reset(const Arguments& args) {
  auto store = TRY(open_history(args.config));
  if (store) return store;
  return fail(ErrorKind::config, fmt::format("there is no state beside {}", args.config),
              "nothing was run there yet, so there is nothing to reset");
}

Result<void> require_known(state::StateStore& store, const std::string& export_name) {
  const auto known = TRY(store.known_exports());
  if (std::find(known.begin(), known.end(), export_name) != known.end()) return {};
  return fail(state::unknown_export(store.location(), export_name, known));
}

Result<std::vector<Unfinished>> find_unfinished(state::StateStore& store, const std::string& export_name) {
  std::vector<Unfinished> found;
  for (auto& run : TRY(store.unfinished_runs(export_name))) {
    auto units = TRY(store.units(run.run_id));
    std::erase_if(units, [](const auto& unit) { return unit.status != model::UnitStatus::running; });
    found.push_back({std::move(run), std::move(units)});
  }
  return found;
}

/// Whether the holder of the run, or a worker that joined it, may be alive.
bool is_worked_on(const Unfinished& unfinished, base::Timestamp now) {
  return run::is_held(unfinished.run, now) ||
         std::any_of(unfinished.running.begin(), unfinished.running.end(),
                     [&](const auto& unit) { return unit.lease_until > now && !run::is_certainly_dead(unit.owner); });
}

/// The owners whose processes are gone, whatever their leases say.
std::vector<state::Owner> dead_owners(const std::vector<Unfinished>& runs) {
  std::vector<state::Owner> dead;
  const auto add_if_dead = [&](const state::Owner& owner) {
    if (run::is_certainly_dead(owner)) dead.push_back(owner);
  };
  for (const auto& unfinished : runs) {
    add_if_dead(unfinished.run.owner);
    for (const auto& unit : unfinished.running) add_if_dead(unit.owner);
  }
  return dead;
}

std::string told_ended(const state::RunView& run) {
  return fmt::format("Run {} of export '{}', whose process died, is ended; the next run moves its files aside.\n",
                     run.run_id, run.export_name);
}

std::string told_sealed(const state::RunView& run) {
  return fmt::format(
      "Run {} of export '{}' is complete and only waits to be published: the next run does that first.\n", run.run_id,
      run.export_name);
}

Result<std::optional<std::string>> cursor_of(state::StateStore& store, const std::string& export_name) {
  for (const auto& row : TRY(store.exports())) {
    if (row.export_name == export_name) return row.last_cursor_value;
  }
  return std::nullopt;
}

Result<void> reset(const Arguments& args, Context& context) {
  const auto store = TRY(open_to_reset(args));
  const auto cursor = TRY(cursor_of(*store, args.export_name));
  const auto runs = TRY(find_unfinished(*store, args.export_name));
  TRY(store->apply(
      state::ExportReset{.export_name = args.export_name, .dead = dead_owners(runs), .at = context.clock.now()}));
  auto told = cursor ? fmt::format("Export '{}' forgot its cursor, which was {}.\n", args.export_name, *cursor)
                     : fmt::format("Export '{}' had no cursor to forget.\n", args.export_name);
  for (const auto& unfinished : runs) {
    told += unfinished.is_running() ? told_ended(unfinished.run) : told_sealed(unfinished.run);
  }
  return context.print(told + "The next run reads from the beginning. Files written so far stay where they are.\n");
}

/// Of these runs those that can be reset; what happens to the others is added to `told`.
std::vector<Unfinished> resettable(std::vector<Unfinished> runs, base::Timestamp now, bool spare_living,
                                   std::string& told) {
  std::vector<Unfinished> chosen;
  for (auto& unfinished : runs) {
    if (!unfinished.is_running()) {
      told += told_sealed(unfinished.run);
    } else if (spare_living && is_worked_on(unfinished, now)) {
      told += fmt::format("Run {} of export '{}' is in progress and is left alone.\n", unfinished.run.run_id,
                          unfinished.run.export_name);
    } else {
      chosen.push_back(std::move(unfinished));
    }
  }
  return chosen;
}

Result<void> reset_chunks(const Arguments& args, Context& context) {
  const auto store = TRY(open_to_reset(args));
  if (!args.stuck) TRY(require_known(*store, args.export_name));
  const auto now = context.clock.now();
  std::string told;
  const auto runs = resettable(TRY(find_unfinished(*store, args.export_name)), now, args.stuck, told);
  state::ChunksReset update{.run_ids = {}, .dead = dead_owners(runs), .at = now};
  for (const auto& unfinished : runs) {
    update.run_ids.push_back(unfinished.run.run_id);
    told += told_ended(unfinished.run);
  }
  if (runs.empty()) return context.print(told + "There is no unfinished run to reset.\n");
  TRY(store->apply(update));
  return context.print(told + "The next run starts anew.\n");
}

void add_reset(CLI::App& state, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = state.add_subcommand("reset", "Forget an export's cursor: its next run starts from the beginning");
  add_state_config(*command, args->config);
  command->add_option("-e,--export", args->export_name, "The export")->required();
  command->callback([args, &chosen] { chosen = [args](Context& context) { return reset(*args, context); }; });
}

void add_reset_chunks(CLI::App& state, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = state.add_subcommand("reset-chunks", "End runs whose process died: the next run starts anew");
  add_state_config(*command, args->config);
  auto* which = command->add_option_group("which", "Which runs");
  which->add_option("-e,--export", args->export_name, "Those of this export");
  which->add_flag("--stuck-checkpoints,--failed", args->stuck, "All of them, whatever the export");
  which->require_option(1);
  command->callback([args, &chosen] { chosen = [args](Context& context) { return reset_chunks(*args, context); }; });
}

}  // namespace

void add_state_resets(CLI::App& state, Action& chosen) {
  add_reset(state, chosen);
  add_reset_chunks(state, chosen);
}

}  // namespace rivet::cli
