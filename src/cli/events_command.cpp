// SPDX-License-Identifier: Apache-2.0
// `rivet events`: what happened in runs, and what happens.
#include "cli/commands.hpp"

#include <map>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/cascade_access.hpp"
#include "cli/durations.hpp"
#include "cli/options.hpp"
#include "cli/registry.hpp"
#include "report/cascade.hpp"

namespace rivet::cli {
namespace {

using namespace std::chrono_literals;
using cascade::Happening;
using cascade::Micros;

/// A transaction may be seen so long after the times that it wrote: longer than the store lets any of its statements
/// and pauses take.
constexpr auto kLate = 90s;
constexpr auto kPoll = 1s;
constexpr int kPage = 5'000;

struct Arguments {
  std::string config, run_id;
  std::chrono::milliseconds since{3'600'000};
  bool follow = false, json = false;
};

/// Reads what happened, each thing once, also what is committed after what happened later.
class Reader {
 public:
  Reader(cascade::Store& store, std::optional<std::string> run_id, Micros since)
      : store_(store), run_id_(std::move(run_id)), since_(since) {}

  /// What is new, in its order in time.
  Result<std::vector<Happening>> next() {
    const auto horizon = TRY(store_.now()) - std::chrono::microseconds(kLate).count();
    std::vector<Happening> out;
    int limit = kPage;
    for (auto from = since_;;) {
      auto page = TRY(store_.happenings(run_id_, from, limit));
      const bool full = std::ssize(page) == limit;
      const auto last = page.empty() ? from : page.back().at;
      for (auto& one : page) {
        if (seen_.emplace(key_of(one), one.at).second) out.push_back(std::move(one));
      }
      if (!full) break;
      if (last == from) limit *= 2;  // more than a page at one instant
      from = last;
    }
    forget_before(std::max(since_, horizon));
    return out;
  }

 private:
  using Key = std::tuple<std::string, std::int64_t, std::string, std::string>;

  static Key key_of(const Happening& one) { return {one.kind, one.sequence, one.run_id, one.node}; }

  void forget_before(Micros at) {
    since_ = at;
    std::erase_if(seen_, [at](const auto& one) { return one.second < at; });
  }

  cascade::Store& store_;
  const std::optional<std::string> run_id_;
  Micros since_;
  std::map<Key, Micros> seen_;
};

Result<void> print(const std::vector<Happening>& happenings, bool json, const Context& context) {
  std::string text;
  for (const auto& one : happenings) {
    text += json ? report::dump_line(report::redacted(report::happening_json(one), context.redactor)) + "\n"
                 : context.redactor.clean(report::happening_text(one));
  }
  return text.empty() ? Result<void>() : report::write_descriptor(1, text);
}

Result<void> events(const Arguments& args, Context& context) {
  const auto store = TRY(open_known_cascade(args.config));
  std::optional<std::string> run_id;
  if (!args.run_id.empty()) run_id = TRY(find_run(*store, args.run_id)).run_id;
  const auto since = TRY(store->now()) - std::chrono::microseconds(args.since).count();
  Reader reader(*store, run_id, since);
  TRY(print(TRY(reader.next()), args.json, context));
  if (!args.follow) return {};
  const auto hints = TRY(open_hints(TRY(state_place_of(args.config))));
  while (!context.stop.stop_requested()) {
    hints->wait(kPoll);
    TRY(print(TRY(reader.next()), args.json, context));
  }
  return {};
}

}  // namespace

void add_events(CLI::App& app, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = app.add_subcommand("events", "List when nodes began and ended, and alarms, in their order in time");
  command->add_option("run", args->run_id, "Only this run");
  add_state_place(*command, args->config);
  command->add_flag("-f,--follow", args->follow, "Go on with what happens, until a signal");
  add_duration(*command, "--since", args->since, "Begin so long ago");
  command->add_flag("--json", args->json, "Print a JSON object a line");
  command->callback([args, &chosen] { chosen = [args](Context& context) { return events(*args, context); }; });
}

}  // namespace rivet::cli
