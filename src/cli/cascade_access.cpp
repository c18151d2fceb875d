// SPDX-License-Identifier: Apache-2.0
// Names are checked before anything is done, so that a wrong one is told with what there is instead.
#include "cli/cascade_access.hpp"

#include <algorithm>
#include <filesystem>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/registry.hpp"

namespace rivet::cli {
namespace {

constexpr const char* kNoSuchRun = "RIVET_NO_SUCH_RUN";
constexpr const char* kNoSuchNode = "RIVET_NO_SUCH_NODE";

}  // namespace

Result<std::unique_ptr<cascade::Store>> open_known_cascade(const std::string& config) {
  const auto place = TRY(state_place_of(config));
  std::error_code failed;
  if (place.url || std::filesystem::exists(place.file, failed)) return open_cascade(place);
  return fail(ErrorKind::config, fmt::format("there is no state store at {}", place.location()),
              "rivet submit creates it with the first run");
}

void add_run_id(CLI::App& command, std::string& run_id) {
  command.add_option("run", run_id, "The run; `rivet status` lists them")->required();
}

Result<cascade::RunRecord> find_run(cascade::Store& store, const std::string& run_id) {
  auto run = TRY(store.run(run_id));
  if (run) return std::move(*run);
  return fail(Error{.kind = ErrorKind::config,
                    .message = fmt::format("there is no run '{}'", run_id),
                    .code = kNoSuchRun,
                    .hint = "`rivet status --all` lists them"});
}

Result<cascade::NodeRecord> find_node(const std::vector<cascade::NodeRecord>& nodes, const std::string& run_id,
                                      const std::string& name) {
  const auto found = std::find_if(nodes.begin(), nodes.end(), [&](const auto& node) { return node.name == name; });
  if (found != nodes.end()) return *found;
  std::vector<std::string_view> names;
  for (const auto& node : nodes) names.push_back(node.name);
  const auto likely = base::did_you_mean(name, names);
  return fail(Error{.kind = ErrorKind::config,
                    .message = fmt::format("run {} has no node '{}'{}", run_id, name,
                                           likely ? fmt::format(", did you mean '{}'?", *likely) : ""),
                    .code = kNoSuchNode,
                    .hint = fmt::format("`rivet status {}` lists its nodes", run_id)});
}

bool is_unknown_name(const Error& error) { return error.code == kNoSuchRun || error.code == kNoSuchNode; }

void add_scope(CLI::App& command, ScopeArguments& args, const std::string& what, const std::string& tag) {
  command.add_option("--namespace", args.name_space, fmt::format("Only {} of this namespace (default: all)", what));
  command.add_option(tag, args.tags, fmt::format("Only {} with this tag, KEY=VALUE (repeatable)", what))
      ->allow_extra_args(false);
}

Result<cascade::Scope> scope_of(const ScopeArguments& args) {
  cascade::Scope scope{.name_space = args.name_space};
  for (const auto& tag : args.tags) {
    const auto sign = tag.find('=');
    if (sign == std::string::npos || sign == 0) {
      return fail(ErrorKind::config, fmt::format("'{}' is not a tag", tag), "write KEY=VALUE");
    }
    if (!scope.tags.emplace(tag.substr(0, sign), tag.substr(sign + 1)).second) {
      return fail(ErrorKind::config, fmt::format("the tag '{}' is given twice", tag.substr(0, sign)));
    }
  }
  return scope;
}

}  // namespace rivet::cli
