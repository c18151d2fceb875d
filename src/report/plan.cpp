// SPDX-License-Identifier: Apache-2.0
// What will be read and why, what it will take, and what speaks against it.
#include "report/plan.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "report/labels.hpp"
#include "report/prediction.hpp"

namespace rivet::report {
namespace {

constexpr int kLabelColumns = 12;

/// The colons stand below each other.
std::string field(std::string_view label, std::string_view text) {
  return labelled(pad_right(label, kLabelColumns), text, kLabelColumns + 2);
}

std::string minute_of(base::Timestamp at) {
  auto text = base::to_rfc3339(at).substr(0, 19);
  text[10] = ' ';
  return text + " UTC";
}

std::string expected(const model::Plan& plan) {
  if (!plan.prediction) return "";
  const auto& p = *plan.prediction;
  const auto line = [](std::string_view label, std::string_view what, const model::Interval& interval) {
    return field(fmt::format("  {}", label), interval_text(what, interval));
  };
  return field("Expected", fmt::format("by {}", p.basis)) + line("rows", "rows", p.rows) +
         line("bytes out", "bytes_written", p.bytes_written) + line("duration", "duration_ms", p.duration_ms) +
         line("statements", "statements", p.statements) + line("peak rss", "peak_rss_mb", p.peak_rss_mb);
}

std::string units_text(const model::Plan& plan) {
  auto text = fmt::format("{}", plan.units.size());
  if (plan.units.size() < 2) return text;
  const auto& first = plan.units.front();
  return text + fmt::format(" (the first: {} to {})", first.start_key.empty() ? "the beginning" : first.start_key,
                            first.end_key.empty() ? "the end" : first.end_key);
}

}  // namespace

std::string plan_text(const PlanReview& review, const Style& style) {
  const auto& [plan, preflight] = std::tie(review.plan, review.preflight);
  auto text = "\n" + field("Plan ID", review.plan_id) + field("Created", minute_of(review.created_at)) +
              field("Expires", minute_of(review.expires_at)) + field("Export", style.strong(review.export_name)) +
              field("Strategy", preflight.strategy) + field("Fingerprint", plan.fingerprint);
  if (review.partitions > 0)
    text += field("Partitions", fmt::format("{} (details: {})", review.partitions, plan.export_name));
  text += field("Chunks", units_text(plan));
  if (preflight.row_estimate) {
    text +=
        field("Row est.", fmt::format("~{} ({})", base::with_thousands(*preflight.row_estimate), preflight.row_source));
  }
  text += field("Verdict", verdict_text(preflight.verdict, style)) + field("Profile", preflight.recommended_profile);
  text += field("Why", preflight.rationale) + field("Proof", plan.tiling) + expected(plan);
  for (const auto& [severity, message] : preflight.warnings) {
    text += field("Warning", fmt::format("[{}] {}", model::name_of(severity), style.doubt(message)));
  }
  if (!preflight.suggestion.empty()) text += field("Suggestion", preflight.suggestion);
  if (review.priority) {
    text += field("Priority", review.priority->score);
    for (const auto& reason : review.priority->reasons) text += "    " + reason + "\n";
  }
  text +=
      field("Tuning", review.tuning) +
      field("Consistency", plan.consistency == "snapshot" ? "one instant for all units" : "each unit its own instant");
  return text + field("Output", plan.destination_uri) + field("Format", plan.format + " + " + plan.compression);
}

}  // namespace rivet::report
