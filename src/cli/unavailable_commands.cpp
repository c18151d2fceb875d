// SPDX-License-Identifier: Apache-2.0
// Commands of later versions: a script that calls one hears so instead of a usage error.
#include "cli/commands.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/command_line_model.hpp"

namespace rivet::cli {
namespace {

tl::unexpected<Error> refusal(const std::string& command, CLI::App& app) {
  std::vector<std::string> names;
  for (const auto& below : command_line_model(app).commands) {
    if (below.available) names.push_back(below.name);
  }
  return fail(ErrorKind::config, fmt::format("`rivet {}` is not available in this version", command),
              fmt::format("available commands: {}", fmt::join(names, ", ")));
}

// Options that only a later version declares must not be refused before the command itself is.
void accept_any_arguments(CLI::App& command) {
  command.allow_extras();
  command.preparse_callback([&command](std::size_t) {
    for (auto* parent = command.get_parent(); parent != nullptr; parent = parent->get_parent()) parent->allow_extras();
  });
}

/// Listed, and refused when used, whatever its arguments.
void add_refused(CLI::App& app, const std::string& name, const std::string& purpose, Action& chosen) {
  auto* command = app.add_subcommand(name, purpose + " (not available in this version)");
  command->group(kUnavailableGroup);
  accept_any_arguments(*command);
  command->callback(
      [&chosen, &app, name] { chosen = [name, &app](Context&) -> Result<void> { return refusal(name, app); }; });
}

}  // namespace

void add_unavailable(CLI::App& app, Action& chosen) {
  add_refused(app, "cdc", "Capture changes", chosen);
  add_refused(app, "load", "Load exported files into a warehouse", chosen);
}

}  // namespace rivet::cli
