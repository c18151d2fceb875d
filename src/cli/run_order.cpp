// SPDX-License-Identifier: Apache-2.0
// The graph of the file, cut down to what was selected.
#include "cli/run_order.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "cli/gates.hpp"
#include "run/outcome.hpp"

namespace rivet::cli {
namespace {

using Nodes = std::vector<cascade::NodeSpec>;

/// Follows the dependencies of the selected exports over gates.
class Needed {
 public:
  Needed(const config::Config& config, const Selection& selected) : config_(config) {
    for (const auto* entry : selected) exports_.insert(entry->name);
  }

  /// The gates that `node` waits for, and those that these wait for.
  Result<void> follow(std::string_view what, const std::string& name,
                      const std::optional<cascade::Dependencies>& wanted) {
    for (const auto& up : wanted ? wanted->of : std::vector<std::string>()) {
      if (exports_.contains(up)) continue;
      const auto gate =
          std::find_if(config_.gates.begin(), config_.gates.end(), [&](const auto& one) { return one.name == up; });
      if (gate == config_.gates.end()) return not_selected(what, name, up);
      if (gates.insert(up).second) TRY(follow("gate", up, gate->depends_on));
    }
    return {};
  }

  std::set<std::string> gates;

 private:
  static tl::unexpected<Error> not_selected(std::string_view what, const std::string& name, const std::string& up) {
    return fail(ErrorKind::config, fmt::format("{} '{}' depends on export '{}', which is not selected", what, name, up),
                fmt::format("add -e {}, or run without regard to dependencies with --no-deps", shell_quoted(up)));
  }

  const config::Config& config_;
  std::set<std::string> exports_;
};

/// REQUIRES: nothing in `nodes` depends on what is not in it.
Order ordered(const config::Config& config, const Nodes& nodes) {
  Order out{.steps = {}, .agenda = run::Agenda(std::move(*cascade::Graph::make(nodes)))};
  std::map<std::string_view, Step> steps;
  for (const auto& entry : config.exports) steps[entry.name].entry = &entry;
  for (const auto& gate : config.gates) steps[gate.name].gate = &gate;
  for (cascade::NodeId id = 0; id < out.agenda.graph().size(); ++id) {
    auto step = steps.at(out.agenda.graph()[id].name);
    step.node = id;
    out.steps.push_back(step);
  }
  return out;
}

}  // namespace

Result<std::vector<cascade::NodeSpec>> selected_nodes(const config::Config& config, const Selection& selected,
                                                      const RunArguments& args) {
  Needed needed(config, selected);
  Nodes exports;
  for (const auto* entry : selected) {
    exports.push_back({.name = entry->name, .kind = cascade::NodeKind::export_});
    if (args.no_deps) continue;
    exports.back().depends_on = entry->depends_on;
    TRY(needed.follow("export", entry->name, entry->depends_on));
  }
  Nodes nodes;
  for (const auto& gate : config.gates) {
    const bool wanted = args.exports.empty() ? !args.no_deps : needed.gates.contains(gate.name);
    if (wanted) nodes.push_back({.name = gate.name, .kind = cascade::NodeKind::gate, .depends_on = gate.depends_on});
  }
  nodes.insert(nodes.end(), exports.begin(), exports.end());
  return nodes;
}

Result<Order> order_of(const config::Config& config, const Selection& selected, const RunArguments& args) {
  return ordered(config, TRY(selected_nodes(config, selected, args)));
}

report::RunOutcome left_out(const RunJob& job, const Step& step, const std::string& why) {
  auto outcome = step.gate != nullptr ? expected_outcome(job, *step.gate)
                                      : run::expected_outcome(job.config, *step.entry, job.context.clock.now());
  outcome.finished_at = outcome.started_at;
  outcome.status = "skipped";
  outcome.skip_reason = why;
  return outcome;
}

run::WorkItem item_of(const RunJob& job, const Step& step) {
  run::WorkItem item{.node = step.node,
                     .leave_out = [&job, step](const std::string& why) { return left_out(job, step, why); }};
  if (step.gate == nullptr) {
    item.run = [&job, entry = step.entry](const run::OutcomeHandler& told, const std::stop_token& stop) {
      return run_one(job, *entry, told, stop);
    };
  } else {
    item.run = [&job, gate = step.gate](const run::OutcomeHandler& told, const std::stop_token& stop) {
      std::vector<report::RunOutcome> outcomes{look_at_gate(job, *gate, stop)};
      told(outcomes.front());
      return outcomes;
    };
  }
  return item;
}

}  // namespace rivet::cli
