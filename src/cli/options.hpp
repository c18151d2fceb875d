// SPDX-License-Identifier: Apache-2.0
// The arguments that commands share, declared once.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <CLI/App.hpp>

namespace rivet::cli {

/// `-c FILE`, required.
void add_config(CLI::App& command, std::string& file);

/// `-c FILE`, required, of a command that reads the state and not the configuration.
void add_state_config(CLI::App& command, std::string& file);

/// `-c FILE`, of a command that needs a state store and no configuration; see state_place_of().
void add_state_place(CLI::App& command, std::string& file);

/// `-e EXPORT`, any number of times.
void add_exports(CLI::App& command, std::vector<std::string>& names);

/// `--no-deps`.
void add_no_deps(CLI::App& command, bool& no_deps);

/// `-p KEY=VALUE`, any number of times.
void add_params(CLI::App& command, std::vector<std::string>& params);

/// `--format pretty|json` and `-o FILE` of a command that makes a report.
void add_report_options(CLI::App& command, std::string& format, std::string& output);

/// `-l N`, at least 1; `what` is what so many are listed of. The value that stands in `limit` is the default.
void add_limit(CLI::App& command, std::int64_t& limit, const std::string& what);

}  // namespace rivet::cli
