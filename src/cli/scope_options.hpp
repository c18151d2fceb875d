// SPDX-License-Identifier: Apache-2.0
// `--namespace` and tags: whose rows a command of the cascade serves.
#pragma once

#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "base/result.hpp"
#include "cascade/records.hpp"

namespace rivet::cli {

/// As they are typed.
struct ScopeArguments {
  std::string name_space;
  std::vector<std::string> tags;
};

/// Adds `--namespace` and, under the name `tag`, an option KEY=VALUE that may be repeated.
void add_scope(CLI::App& command, ScopeArguments& args, const std::string& tag);

/// Kind config for a tag that is not KEY=VALUE.
Result<cascade::Scope> scope_of(const ScopeArguments& args);

}  // namespace rivet::cli
