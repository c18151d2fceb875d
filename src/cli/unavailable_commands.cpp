// SPDX-License-Identifier: Apache-2.0
// Commands of later versions: a script that calls one hears so instead of a usage error.
#include "cli/commands.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/command_line_model.hpp"

namespace rivet::cli {
namespace {

tl::unexpected<Error> refusal(const std::string& command, CLI::App& anywhere) {
  auto* root = &anywhere;
  while (root->get_parent() != nullptr) root = root->get_parent();
  std::vector<std::string> names;
  for (const auto& below : command_line_model(*root).commands) {
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

std::string full_name(const CLI::App& parent, const std::string& name) {
  return parent.get_parent() == nullptr ? name : parent.get_name() + " " + name;
}

}  // namespace

void add_unavailable(CLI::App& parent, const std::string& name, const std::string& purpose, Action& chosen) {
  auto* command = parent.add_subcommand(name, purpose + " (not available in this version)");
  command->group(kUnavailableGroup);
  accept_any_arguments(*command);
  command->callback([&chosen, &parent, command_name = full_name(parent, name)] {
    chosen = [command_name, &parent](Context&) -> Result<void> { return refusal(command_name, parent); };
  });
}

void add_unavailable(CLI::App& app, Action& chosen) {
  add_unavailable(app, "reconcile", "Compare what was exported with the source", chosen);
  add_unavailable(app, "repair", "Export again what does not match", chosen);
  add_unavailable(app, "cdc", "Capture changes", chosen);
  add_unavailable(app, "load", "Load exported files into a warehouse", chosen);
}

}  // namespace rivet::cli
