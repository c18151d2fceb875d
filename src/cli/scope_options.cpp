// SPDX-License-Identifier: Apache-2.0
// Tags are told apart at their first equals sign.
#include "cli/scope_options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace rivet::cli {

void add_scope(CLI::App& command, ScopeArguments& args, const std::string& tag) {
  command.add_option("--namespace", args.name_space, "Only this namespace (default: all)");
  command.add_option(tag, args.tags, "KEY=VALUE that must be among the tags (repeatable)")->allow_extra_args(false);
}

Result<cascade::Scope> scope_of(const ScopeArguments& args) {
  cascade::Scope scope{.name_space = args.name_space, .tags = {}};
  for (const auto& tag : args.tags) {
    const auto equals = tag.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(ErrorKind::config, fmt::format("the tag '{}' is not of the form KEY=VALUE", tag));
    }
    scope.tags[tag.substr(0, equals)] = tag.substr(equals + 1);
  }
  return scope;
}

}  // namespace rivet::cli
