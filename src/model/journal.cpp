// SPDX-License-Identifier: Apache-2.0
// The questions a journal answers.
#include "model/journal.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace rivet::model::journal {
namespace {

template <class E>
std::vector<const E*> all_of_type(const Journal& journal) {
  std::vector<const E*> found;
  for (const auto& entry : journal.entries) {
    if (const auto* event = std::get_if<E>(&entry.event)) found.push_back(event);
  }
  return found;
}

template <class... Es>
std::vector<const Entry*> entries_of_types(const Journal& journal) {
  std::vector<const Entry*> found;
  for (const auto& entry : journal.entries) {
    if ((std::holds_alternative<Es>(entry.event) || ...)) found.push_back(&entry);
  }
  return found;
}

}  // namespace

const PlanResolved* planned(const Journal& journal) {
  const auto found = all_of_type<PlanResolved>(journal);
  return found.empty() ? nullptr : found.front();
}

std::vector<const FileWritten*> files(const Journal& journal) { return all_of_type<FileWritten>(journal); }

std::vector<const RetryAttempted*> retries(const Journal& journal) { return all_of_type<RetryAttempted>(journal); }

std::vector<const Entry*> chunk_events(const Journal& journal) {
  return entries_of_types<ChunkStarted, ChunkCompleted, ChunkFailed>(journal);
}

std::vector<const Entry*> degraded(const Journal& journal) {
  return entries_of_types<QualityIssue, SchemaChanged, PlanWarning, Warning>(journal);
}

const RunCompleted* outcome(const Journal& journal) {
  const auto found = all_of_type<RunCompleted>(journal);
  return found.empty() ? nullptr : found.back();
}

void LongestUnit::observe(const Entry& entry) {
  if (const auto* start = std::get_if<ChunkStarted>(&entry.event)) {
    started_[start->chunk_index] = entry.recorded_at;
    return;
  }
  const auto* end = std::get_if<ChunkCompleted>(&entry.event);
  if (end == nullptr) return;
  const auto start = started_.extract(end->chunk_index);
  if (start.empty()) return;
  const auto gap = entry.recorded_at - start.mapped();
  if (gap.count() >= 0) longest_ = std::max(longest_.value_or(gap), gap);
}

std::vector<std::string> to_lines(const SchemaChanged& change) {
  std::vector<std::string> lines;
  for (const auto& column : change.added) lines.push_back("added " + column);
  for (const auto& column : change.removed) lines.push_back("removed " + column);
  for (const auto& [column, before, after] : change.type_changed) {
    lines.push_back(fmt::format("{} changed from {} to {}", column, before, after));
  }
  return lines;
}

std::string to_text(const SchemaChanged& change) { return fmt::format("{}", fmt::join(to_lines(change), "; ")); }

std::optional<std::chrono::microseconds> longest_unit(const Journal& journal) {
  LongestUnit longest;
  for (const auto& entry : journal.entries) longest.observe(entry);
  return longest.longest();
}

}  // namespace rivet::model::journal
