// SPDX-License-Identifier: Apache-2.0
// The steps of a run up to its first row.
#include "cli/planning.hpp"

#include <utility>

#include <fmt/format.h>

#include "cli/registry.hpp"
#include "inspect/partitions.hpp"
#include "plan/make_plan.hpp"
#include "run/accept.hpp"

namespace rivet::cli {
namespace {

Result<inspect::Resolved> plan_one(const config::Export& entry, const PlanningJob& job) {
  LookedAt looked;
  TRY(look_at(entry, job, looked));
  return std::move(*looked.resolved);
}

Result<PlannedEntry> plan_partitions(const config::Export& entry, const PlanningJob& job) {
  PlannedEntry out{.entry = &entry};
  TRY(plan::check_supported(entry));
  const auto parts = TRY(inspect::expand_partitions(job.access, entry));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool typical = i == parts.size() / 2;
    if (!typical && job.purpose != inspect::Purpose::plan) continue;
    auto resolved = TRY(plan_one(parts[i], job));
    if (typical) {
      out.preflight = TRY(inspect::preflight(parts[i], resolved, job.now));
      out.history = std::move(resolved.history);
    }
    out.plans.push_back(std::move(resolved.plan));
  }
  out.preflight.export_name = entry.name;
  return out;
}

}  // namespace

Result<void> look_at(const config::Export& entry, const PlanningJob& job, LookedAt& out) {
  TRY(plan::check_supported(entry));
  const auto opened = TRY(open_destination(entry, job.now));
  const auto format = TRY(make_format(entry));
  auto& resolved = out.resolved.emplace(TRY(inspect::resolve(job.access, job.config, entry, opened.place, job.now)));
  TRY(run::require_writable_columns(*format, resolved.plan.columns));
  TRY(run::accept_schema(job.access.store, entry, resolved.plan, out.change));
  TRY(run::require_same_format(job.access.store, resolved.plan));
  TRY(inspect::cut_into_units(job.access, job.purpose, resolved));
  inspect::add_prediction(job.access, entry, resolved);
  return {};
}

Result<PlannedEntry> plan_entry(const config::Export& entry, const PlanningJob& job) {
  return plan_partitions(entry, job).context(fmt::format("export '{}'", entry.name));
}

plan::Campaign campaign_of(const std::vector<PlannedEntry>& planned) {
  std::vector<plan::Candidate> candidates;
  for (const auto& one : planned) candidates.push_back({*one.entry, one.preflight, one.history});
  return plan::prioritize(candidates);
}

}  // namespace rivet::cli
