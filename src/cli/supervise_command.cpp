// SPDX-License-Identifier: Apache-2.0
// `rivet supervise`: the reconcilers, tick by tick, until a signal.
#include "cli/commands.hpp"

#include <algorithm>
#include <map>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/linked_stop.hpp"
#include "cascade/reconcilers.hpp"
#include "cli/cascade_access.hpp"
#include "cli/durations.hpp"
#include "cli/options.hpp"
#include "cli/registry.hpp"
#include "report/cascade.hpp"

namespace rivet::cli {
namespace {

using namespace std::chrono_literals;
using cascade::Reconciler;
using cascade::TickReport;

constexpr auto kSayAgain = 30s;

struct Arguments {
  std::string config;
  std::vector<std::string> only;
  ScopeArguments scope;
  std::chrono::milliseconds grace{30'000};
  bool once = false, json = false;
};

Result<std::vector<Reconciler>> chosen_of(const Arguments& args) {
  if (args.only.empty()) return std::vector(cascade::kReconcilers.begin(), cascade::kReconcilers.end());
  std::vector<Reconciler> out;
  for (const auto one : cascade::kReconcilers) {
    if (std::find(args.only.begin(), args.only.end(), cascade::name_of(one)) != args.only.end()) out.push_back(one);
  }
  return out;
}

/// Writes a line for each tick; stops everything when nobody can read them.
class Teller {
 public:
  Teller(const Context& context, bool json) : context_(context), json_(json), stop_(context.stop) {}

  void operator()(const TickReport& tick) {
    errors_ += tick.errors;
    if (tick.errors > 0) last_error_ = tick.last_error;
    if (is_repeated(tick)) return;
    const auto done = json_ ? context_.print(report::dump_line(report::tick_json(tick)) + "\n")
                            : context_.print(report::tick_text(tick));
    if (done) return;
    written_ = done;
    stop_.request_stop();
  }

  std::stop_token stop() const { return stop_.token(); }
  Result<void> written() const { return written_; }
  std::int64_t errors() const { return errors_; }
  const std::string& last_error() const { return last_error_; }

 private:
  /// A store that is out of reach makes every tick fail: that is said now and then.
  bool is_repeated(const TickReport& tick) {
    if (tick.errors == 0 || tick.advanced > 0) {
      told_.erase(tick.reconciler);
      return false;
    }
    const auto now = std::chrono::steady_clock::now();
    auto& [error, at] = told_[tick.reconciler];
    if (error == tick.last_error && now - at < kSayAgain) return true;
    error = tick.last_error;
    at = now;
    return false;
  }

  const Context& context_;
  const bool json_;
  base::LinkedStop stop_;
  Result<void> written_;
  std::int64_t errors_ = 0;
  std::string last_error_;
  std::map<Reconciler, std::pair<std::string, std::chrono::steady_clock::time_point>> told_;
};

Result<void> supervise(const Arguments& args, Context& context) {
  const auto place = TRY(state_place_of(args.config));
  cascade::ReconcileOptions options{.grace = args.grace};
  options.scope = TRY(scope_of(args.scope));
  const auto chosen = TRY(chosen_of(args));
  const auto store = TRY(open_cascade(place));
  const auto hints = args.once ? std::make_unique<cascade::Unhinted>() : TRY(open_hints(place));
  Teller teller(context, args.json);
  cascade::Supervisor supervisor(*store, *hints, options, chosen, std::ref(teller));
  if (!args.once) {
    supervisor.run(teller.stop());
    return teller.written();
  }
  supervisor.run_once();
  TRY(teller.written());
  if (teller.errors() == 0) return {};
  return fail(ErrorKind::unavailable,
              fmt::format("{} things could not be done: {}", teller.errors(), teller.last_error()),
              "they stay due: run it again");
}

}  // namespace

void add_supervise(CLI::App& app, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = app.add_subcommand("supervise", "Keep submitted runs going, whatever died, until a signal");
  add_state_place(*command, args->config);
  command->add_flag("--once", args->once, "Everything once, then end");
  command->add_option("--only", args->only, "Only these reconcilers, as R1,R5 (default: all)")
      ->delimiter(',')
      ->check(CLI::IsMember({"R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8"}));
  add_scope(*command, args->scope, "events (R1)");
  add_duration(*command, "--grace", args->grace, "What was asked to stop is ended after so long");
  command->add_flag("--json", args->json, "Print a JSON object a line for each tick that did something");
  command->callback([args, &chosen] { chosen = [args](Context& context) { return supervise(*args, context); }; });
}

}  // namespace rivet::cli
