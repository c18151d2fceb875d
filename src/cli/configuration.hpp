// SPDX-License-Identifier: Apache-2.0
// From `-c`, `-e` and `-p` to a loaded configuration, its exports and its state store.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "cli/context.hpp"
#include "config/config.hpp"
#include "config/load.hpp"
#include "state/store.hpp"

namespace rivet::cli {

/// What loading may look at: `K=V` parameters and the environment. Error kind config for a parameter of another form.
Result<config::LoadOptions> load_options(const std::vector<std::string>& params);

/// Loads the file with `K=V` parameters and prints the configuration's warnings. Error kind config.
Result<config::Config> load_configuration(const std::string& file, const std::vector<std::string>& params,
                                          Context& context);

/// The exports of these names, in the order of the file; all of them when none is named. Error kind
/// config for a name that does not exist.
Result<std::vector<const config::Export*>> select_exports(const config::Config& config,
                                                          const std::vector<std::string>& names);

/// The folder that holds a configuration file's state. Error kind config when there is no such file.
Result<std::filesystem::path> state_folder(const std::string& config_file);

/// Opens the store that commands read history from; null when nothing was ever run there, because
/// looking must not create one. The configuration itself is not read.
Result<std::unique_ptr<state::StateStore>> open_history(const std::string& config_file);

/// Says on the screen that the records, null when there are none, know no export of that name, and which they know.
/// REQUIRES: a listing about that export is empty. An empty name stands for all exports: nothing is said.
Result<void> note_unknown_export(state::StateStore* records, const std::string& export_name, Context& context);

}  // namespace rivet::cli
