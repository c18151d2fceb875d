// SPDX-License-Identifier: Apache-2.0
// Describing a relation takes the server about as long as counting a chunk of it: that is done once for many.
#include "verify/unit_counts.hpp"

#include "verify/part_check.hpp"

namespace rivet::verify {

Result<LandedCount> count_landed(const destination::Destination& destination, const format::Format& format,
                                 const Subject& subject) {
  LandedCount landed;
  for (const auto& part : subject.parts) {
    const auto rows = TRY(count_part(destination, format, subject.plan->columns, part));
    if (!rows) landed.damaged.push_back(part.path + ": it is not there, or cannot be read");
    landed.rows += rows.value_or(0);
  }
  return landed;
}

std::vector<std::optional<std::int64_t>> count_together(source::Session& session, const model::Relation& relation,
                                                        std::span<const Subject> subjects, const RowShares& shares) {
  source::CountRequest request{.relation = relation, .columns = {}, .predicates = {}};
  std::vector<std::size_t> asked;
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    const auto reads = shares.reads_of(subjects[i]);
    const bool same_columns = asked.empty() || request.columns == subjects[i].plan->source_columns;
    if (reads.size() != 1 || reads.front().filter || !same_columns) continue;
    request.columns = subjects[i].plan->source_columns;
    request.predicates.push_back(reads.front().predicate);
    asked.push_back(i);
  }
  std::vector<std::optional<std::int64_t>> counts(subjects.size());
  if (asked.size() < 2) return counts;
  const auto counted = session.count(request);
  for (std::size_t i = 0; counted && i < asked.size(); ++i) counts[asked[i]] = (*counted)[i];
  return counts;
}

}  // namespace rivet::verify
