// SPDX-License-Identifier: Apache-2.0
// `rivet cancel`: ends what has not begun, asks what runs to stop, and may see to it that it does.
#include "cli/commands.hpp"

#include <algorithm>
#include <set>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cascade/dispatch.hpp"
#include "cli/cascade_access.hpp"
#include "cli/durations.hpp"
#include "cli/options.hpp"

namespace rivet::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto kLook = 200ms;
constexpr int kRunsClosed = 256;

struct Arguments {
  std::string config, run_id, node;
  std::chrono::milliseconds grace{30'000};
  bool waits = false;
};

using Nodes = std::vector<cascade::NodeRecord>;
using Ids = std::vector<cascade::StoredNode>;

/// What the request is about: nodes that have not ended.
Result<Ids> open_nodes(cascade::Store& store, const Arguments& args) {
  const auto nodes = TRY(store.nodes(args.run_id));
  if (!args.node.empty()) TRY(find_node(nodes, args.run_id, args.node));
  Ids out;
  for (const auto& node : nodes) {
    const bool is_meant = args.node.empty() || node.name == args.node;
    if (is_meant && node.phase != cascade::Phase::terminal) out.push_back(node.node_id);
  }
  return out;
}

/// Those of them that somebody works on and that were asked to stop.
Result<Nodes> still_running(cascade::Store& store, const std::string& run_id, const Ids& asked) {
  auto nodes = TRY(store.nodes(run_id));
  std::erase_if(nodes, [&](const auto& node) {
    return node.phase != cascade::Phase::active || !node.cancel_requested_at ||
           !std::binary_search(asked.begin(), asked.end(), node.node_id);
  });
  return nodes;
}

std::string names_of(const Nodes& nodes) {
  std::vector<std::string> names;
  for (const auto& node : nodes) names.push_back(fmt::format("'{}' ({})", node.name, node.owner));
  return fmt::format("{}", fmt::join(names, ", "));
}

/// What ended here is told to those who wait for it, and the run is closed when that was all. What fails of this is
/// done by the next supervisor.
void settle(cascade::Store& store, const Ids& ended) {
  cascade::follow(store, ended).ignore("their events wait for a sweep");
  store.close_runs(kRunsClosed).ignore("a supervisor closes it");
}

/// Ends what did not stop in time, as its worker would have, in its epoch: who comes late finds it ended.
Result<Ids> end_overdue(cascade::Store& store, const Nodes& running, std::chrono::milliseconds grace) {
  const auto now = TRY(store.now());
  Ids ended;
  for (const auto& node : running) {
    if (now - *node.cancel_requested_at < std::chrono::microseconds(grace).count()) continue;
    const bool done = TRY(store.finish(node.node_id, node.epoch, cascade::Outcome::cancelled,
                                       "cancelled; its worker did not stop in time"));
    if (done) ended.push_back(node.node_id);
  }
  return ended;
}

Result<void> wait_until_over(cascade::Store& store, const Arguments& args, const Ids& asked, Context& context) {
  std::set<cascade::StoredNode> forced;
  for (;;) {
    const auto running = TRY(still_running(store, args.run_id, asked));
    const auto ended = TRY(end_overdue(store, running, args.grace));
    forced.insert(ended.begin(), ended.end());
    settle(store, ended);
    if (running.size() == ended.size()) break;
    if (context.stop.stop_requested()) {
      return fail(ErrorKind::cancelled, fmt::format("interrupted while waiting for {}", names_of(running)),
                  "they were asked to stop, and stay asked");
    }
    std::this_thread::sleep_for(kLook);
  }
  if (forced.empty()) return context.print("All of it has stopped.\n");
  return context.print(fmt::format("All of it is over. Ended because they did not stop in time: {}\n", forced.size()));
}

Result<void> cancel(const Arguments& args, Context& context) {
  const auto store = TRY(open_known_cascade(args.config));
  const auto run = TRY(find_run(*store, args.run_id));
  const auto asked = TRY(open_nodes(*store, args));
  const auto name = args.node.empty() ? std::optional<std::string>() : std::optional(args.node);
  TRY(store->cancel(args.run_id, name));
  settle(*store, asked);
  if (asked.empty()) {
    const auto what = args.node.empty() ? fmt::format("Run {}", args.run_id) : fmt::format("'{}'", args.node);
    return context.print(fmt::format("{} has nothing to stop: it has ended.\n", what));
  }
  const auto running = TRY(still_running(*store, args.run_id, asked));
  auto text = fmt::format("Cancelled before they began: {} nodes.\n", asked.size() - running.size());
  if (!running.empty()) text += fmt::format("Asked to stop: {}\n", names_of(running));
  TRY(context.print(text));
  if (!args.waits) return {};
  return wait_until_over(*store, args, asked, context);
}

}  // namespace

void add_cancel(CLI::App& app, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = app.add_subcommand("cancel", "End what has not begun of a run and ask what runs to stop");
  add_run_id(*command, args->run_id);
  add_state_place(*command, args->config);
  command->add_option("--node", args->node, "Only this node");
  auto* grace = add_duration(*command, "--grace", args->grace,
                             "Wait until all of it has stopped, and end what has not stopped after so long");
  grace->default_str("");
  command->callback([args, grace, &chosen] {
    args->waits = grace->count() > 0;
    chosen = [args](Context& context) { return cancel(*args, context); };
  });
}

}  // namespace rivet::cli
