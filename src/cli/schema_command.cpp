// SPDX-License-Identifier: Apache-2.0
// `rivet schema`: the configuration file and the command line, for programs.
#include "cli/commands.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command_line_model.hpp"
#include "config/schema.hpp"

namespace rivet::cli {

void add_schema(CLI::App& app, Action& chosen) {
  auto* schema = app.add_subcommand("schema", "Describe the configuration file or the command line as JSON");
  schema->require_subcommand(1);
  schema->add_subcommand("config", "Print the JSON Schema of the configuration file")->callback([&chosen] {
    chosen = [](Context& context) { return context.print_json(config::configuration_schema()); };
  });
  schema->add_subcommand("cli", "Print all commands and options as a JSON document")->callback([&app, &chosen] {
    chosen = [&app](Context& context) { return context.print_json(to_json(command_line_model(app))); };
  });
}

}  // namespace rivet::cli
