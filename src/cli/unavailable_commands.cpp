// SPDX-License-Identifier: Apache-2.0
// Commands of later versions: a script that calls one hears so instead of a usage error.
#include "cli/commands.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace rivet::cli {
namespace {

constexpr const char* kAvailable = "init, run, validate, journal, metrics, state";

tl::unexpected<Error> refusal(const std::string& command) {
  return fail(ErrorKind::config, fmt::format("`rivet {}` is not available in this version", command),
              fmt::format("available commands: {}", kAvailable));
}

// Options that only a later version declares must not be refused before the command itself is.
void accept_any_arguments(CLI::App& command) {
  command.allow_extras();
  command.preparse_callback([&command](std::size_t) {
    for (auto* parent = command.get_parent(); parent != nullptr; parent = parent->get_parent()) parent->allow_extras();
  });
}

std::string full_name(const CLI::App& parent, const std::string& name) {
  return parent.get_parent() == nullptr ? name : parent.get_name() + " " + name;
}

}  // namespace

void add_unavailable(CLI::App& parent, const std::string& name, const std::string& purpose, Action& chosen) {
  auto* command = parent.add_subcommand(name, purpose + " (not available in this version)");
  accept_any_arguments(*command);
  command->callback([&chosen, command_name = full_name(parent, name)] {
    chosen = [command_name](Context&) -> Result<void> { return refusal(command_name); };
  });
}

void add_unavailable(CLI::App& app, Action& chosen) {
  add_unavailable(app, "check", "Look at the source before a run", chosen);
  add_unavailable(app, "doctor", "Test connections, credentials and destinations", chosen);
  add_unavailable(app, "plan", "Write a sealed plan", chosen);
  add_unavailable(app, "apply", "Execute a sealed plan or a configuration by waves", chosen);
  add_unavailable(app, "reconcile", "Compare what was exported with the source", chosen);
  add_unavailable(app, "repair", "Export again what does not match", chosen);
  add_unavailable(app, "cdc", "Capture changes", chosen);
  add_unavailable(app, "load", "Load exported files into a warehouse", chosen);
  add_unavailable(app, "schema", "Print the schema of the configuration or of the command line", chosen);
  add_unavailable(app, "completions", "Print shell completions", chosen);
}

}  // namespace rivet::cli
