// SPDX-License-Identifier: Apache-2.0
// `rivet man`: the manual page, so that it never differs from the program.
#include "cli/commands.hpp"

#include <CLI/CLI.hpp>

#include "cli/manual.hpp"

namespace rivet::cli {

void add_man(CLI::App& app, Action& chosen) {
  app.add_subcommand("man", "Print the manual page; read it with: rivet man | man -l -")->callback([&app, &chosen] {
    chosen = [&app](Context& context) { return context.print(manual_page(command_line_model(app))); };
  });
}

}  // namespace rivet::cli
