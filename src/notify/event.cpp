// SPDX-License-Identifier: Apache-2.0
// The rules by which a run is a failure, a success or a degraded one.
#include "notify/event.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace rivet::notify {
namespace {

using config::Occasion;
using report::RunOutcome;

constexpr std::array<std::string_view, 4> kGravity{"failed", "interrupted", "success", "skipped"};

std::size_t gravity_of(const RunOutcome& run) {
  return static_cast<std::size_t>(std::find(kGravity.begin(), kGravity.end(), run.status) - kGravity.begin());
}

bool is_failure(const RunOutcome& run) { return run.status == "failed" || run.status == "interrupted"; }

bool repeats_the_schema_change(const RunOutcome& run, const std::string& warning) {
  return run.schema_changed && !run.schema_changes.empty() &&
         warning.find(run.schema_changes.front()) != std::string::npos;
}

void add_once(std::vector<std::string>& list, std::string line) {
  if (std::find(list.begin(), list.end(), line) == list.end()) list.push_back(std::move(line));
}

void add_reasons(const RunOutcome& run, std::vector<std::string>& reasons) {
  if (is_failure(run)) return;
  if (run.took_over) add_once(reasons, "it continued the run of a process that had died");
  if (run.retries > 0)
    add_once(reasons, fmt::format("it needed {} {}", run.retries, run.retries == 1 ? "retry" : "retries"));
  for (const auto& warning : run.warnings) {
    if (!repeats_the_schema_change(run, warning)) add_once(reasons, warning);
  }
}

/// Failed before interrupted, and of the failed ones the most stop-worthy error.
bool is_graver(const RunOutcome& a, const RunOutcome& b) {
  if (gravity_of(a) != gravity_of(b)) return gravity_of(a) < gravity_of(b);
  if (!a.error || !b.error || a.error->kind == b.error->kind) return false;
  return base::worse_of(a.error->kind, b.error->kind) == a.error->kind;
}

}  // namespace

Event make_event(std::string export_name, std::vector<RunOutcome> runs) {
  Event out{
      .export_name = std::move(export_name), .occasions = {}, .status = {}, .degraded = {}, .runs = std::move(runs)};
  bool schema_changed = false;
  for (std::size_t i = 0; i < out.runs.size(); ++i) {
    if (is_graver(out.runs[i], out.runs[out.telling])) out.telling = i;
    schema_changed = schema_changed || out.runs[i].schema_changed;
    add_reasons(out.runs[i], out.degraded);
  }
  out.status = out.telling_run().status;
  const bool failed = is_failure(out.telling_run());
  if (failed) out.occasions.push_back(Occasion::failure);
  if (schema_changed) out.occasions.push_back(Occasion::schema_change);
  if (!failed && !out.degraded.empty()) out.occasions.push_back(Occasion::degraded);
  if (!failed) out.occasions.push_back(Occasion::success);
  return out;
}

Sums sum(const Event& event) {
  const auto& first = event.runs.front();
  Sums out{.started_at = first.started_at, .finished_at = first.finished_at};
  for (const auto& run : event.runs) {
    out.rows += run.rows;
    out.files += run.files;
    out.bytes_written += run.bytes_written;
    out.bytes_read += run.bytes_read;
    out.started_at = std::min(out.started_at, run.started_at);
    out.finished_at = std::max(out.finished_at, run.finished_at);
  }
  const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(out.finished_at - out.started_at).count();
  out.duration_ms = event.runs.size() == 1 ? first.duration_ms : spent;
  return out;
}

std::vector<std::string> schema_changes_of(const Event& event) {
  std::vector<std::string> out;
  for (const auto& run : event.runs) {
    for (const auto& change : run.schema_changes) add_once(out, change);
  }
  return out;
}

std::vector<std::string> warnings_of(const Event& event) {
  std::vector<std::string> out;
  for (const auto& run : event.runs) {
    for (const auto& [rule, message] : run.plan_warnings) add_once(out, fmt::format("{} ({})", message, rule));
    for (const auto& warning : run.warnings) add_once(out, warning);
  }
  return out;
}

}  // namespace rivet::notify
