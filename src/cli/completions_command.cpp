// SPDX-License-Identifier: Apache-2.0
// `rivet completions SHELL`, and the hidden command that its scripts ask for names.
#include "cli/commands.hpp"

#include <array>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/completion_scripts.hpp"
#include "config/export_names.hpp"

namespace rivet::cli {
namespace {

struct Shell {
  std::string_view name;
  std::string (*script)(const CommandModel&);
};

constexpr std::array<Shell, 3> kShells{
    {{"bash", bash_completions}, {"zsh", zsh_completions}, {"fish", fish_completions}}};

Result<void> completions(const std::string& shell, CLI::App& app, const Context& context) {
  for (const auto& [name, script] : kShells) {
    if (name == shell) return context.print(script(command_line_model(app)));
  }
  return fail(ErrorKind::config, fmt::format("there are no completions for '{}'", shell),
              "there are some for bash, zsh and fish");
}

/// Silent when there is nothing to offer: a half typed line is no error.
Result<void> complete_exports(const std::string& file, const Context& context) {
  std::string lines;
  for (const auto& name : config::export_names(file)) lines += name + "\n";
  return context.print(lines);
}

}  // namespace

void add_completions(CLI::App& app, Action& chosen) {
  auto shell = std::make_shared<std::string>();
  auto* command = app.add_subcommand("completions", "Print a completion script for a shell");
  command->add_option("shell", *shell, "bash, zsh or fish")->required()->type_name("{bash,zsh,fish}");
  command->callback([shell, &app, &chosen] {
    chosen = [shell, &app](Context& context) { return completions(*shell, app, context); };
  });
  auto file = std::make_shared<std::string>();
  auto* exports = app.add_subcommand(kExportNamesCommand, "List the names of a file's exports")->group("");
  exports->add_option("config", *file)->required();
  exports->callback(
      [file, &chosen] { chosen = [file](Context& context) { return complete_exports(*file, context); }; });
}

}  // namespace rivet::cli
