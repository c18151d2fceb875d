// SPDX-License-Identifier: Apache-2.0
// Order at the end (contract I8): verification is part of each run, then the report, then notifications.
#include "cli/reported_run.hpp"

#include <chrono>
#include <memory>
#include <unistd.h>
#include <utility>

#include "cli/notification.hpp"
#include "cli/run_report.hpp"
#include "report/card.hpp"
#include "report/terminal_progress.hpp"

namespace rivet::cli {
namespace {

std::unique_ptr<report::ProgressListener> make_progress(const ReportedRun& job) {
  // Live lines would be drawn through data that goes to the same terminal.
  if (job.data_on_stdout && ::isatty(STDOUT_FILENO) == 1) return std::make_unique<report::SilentProgress>();
  return std::make_unique<report::TerminalProgress>(job.context.screen);
}

/// The totals of a command that begins now, ends with finish() and knows its own time.
class Totals {
 public:
  explicit Totals(const ReportedRun& job) : context_(job.context), since_(std::chrono::steady_clock::now()) {
    aggregate_.started_at = job.context.clock.now();
    aggregate_.id = report::aggregate_id(aggregate_.started_at, ::getpid());
    aggregate_.config_path = job.args.config;
    aggregate_.parallel_mode = job.parallel_mode;
  }

  report::Aggregate finish(std::vector<report::RunOutcome> runs) && {
    const auto spent = std::chrono::steady_clock::now() - since_;
    aggregate_.runs = std::move(runs);
    aggregate_.finished_at = context_.clock.now();
    aggregate_.duration_ms = std::chrono::duration_cast<std::chrono::milliseconds>(spent).count();
    return std::move(aggregate_);
  }

 private:
  const Context& context_;
  const std::chrono::steady_clock::time_point since_;
  report::Aggregate aggregate_;
};

}  // namespace

Result<void> run_and_report(const ReportedRun& job, const RunThem& run_them) {
  auto& context = job.context;
  Totals totals(job);
  const auto progress = make_progress(job);
  const auto show = [&](const report::RunOutcome& outcome) {
    if (job.exports > 1) context.screen.print(report::run_line(outcome, context.screen.style()));
  };
  const auto aggregate = std::move(totals).finish(run_them(*progress, show));
  auto reported = report_runs(
      aggregate, {.selected = job.exports, .json = job.args.json, .summary_output = job.args.summary_output}, job.store,
      context);
  notify_receivers(job.config, job.args.config, aggregate.runs, context);
  TRY(verdict(aggregate, job.exports));
  return reported;
}

}  // namespace rivet::cli
