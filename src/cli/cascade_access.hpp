// SPDX-License-Identifier: Apache-2.0
// What the commands of the cascade share: opening it, naming runs and nodes in it, saying whose rows are meant.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "base/result.hpp"
#include "cascade/store.hpp"

namespace rivet::cli {

/// A worker that was heard of within this time counts as being there.
inline constexpr std::chrono::minutes kSeenLately{2};

/// The cascade at the place that `config` or RIVET_STATE_URL names; it is not created: kind config when nothing is
/// there.
Result<std::unique_ptr<cascade::Store>> open_known_cascade(const std::string& config);

/// `RUN`, required.
void add_run_id(CLI::App& command, std::string& run_id);

/// The run, or what is_unknown_name() knows.
Result<cascade::RunRecord> find_run(cascade::Store& store, const std::string& run_id);
/// The node among those of the run, or likewise.
Result<cascade::NodeRecord> find_node(const std::vector<cascade::NodeRecord>& nodes, const std::string& run_id,
                                      const std::string& name);
/// Whether the command line names a run or a node that does not exist: a wrong command line.
bool is_unknown_name(const Error& error);

/// Whose rows, as the command line says it.
struct ScopeArguments {
  std::string name_space;
  std::vector<std::string> tags;
};

/// `--namespace N` and `--<tag> K=V`, any number of times; `what` are the rows that this is about.
void add_scope(CLI::App& command, ScopeArguments& args, const std::string& what, const std::string& tag = "--tag");
/// Kind config for a tag that is not KEY=VALUE, or a key that is given twice.
Result<cascade::Scope> scope_of(const ScopeArguments& args);

}  // namespace rivet::cli
