// SPDX-License-Identifier: Apache-2.0
// One unit of the current output, held against the source value by value: digests first, then the rows that differ.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "destination/destination.hpp"
#include "format/encoder.hpp"
#include "model/part.hpp"
#include "model/reconciliation.hpp"
#include "source/source.hpp"
#include "verify/row_place.hpp"
#include "verify/source_reads.hpp"

namespace rivet::verify {

/// What is compared. Everything referred to must outlive the comparison.
struct UnitToCompare {
  source::ReadRequest request;            ///< with whatever predicate
  std::vector<SourceRead> reads;          ///< that give the unit's rows again
  model::Digest recorded;                 ///< when it was committed
  const std::vector<model::Part>& parts;  ///< that landed
  const model::Columns& landed_columns;   ///< of the parts
  const destination::Destination& destination;
  const format::Format& format;
  const RowPlace& place;
  std::optional<std::int64_t> settled;  ///< row versions below it were there when the unit was read; nothing: unknown
};

/// Which row counts of the unit differ, and by how much: source and record, else record and landed. REQUIRES: all
/// three.
std::string count_note(const model::UnitReconciliation& found);

/// Compares, tells how many of the source's rows nobody remembers (see read_source()), and fills in digests, columns,
/// causes, counts, damaged parts and at most `limit` rows of `found`, whose match is then known. The session has no
/// open stream. Errors of the source and the destination; what is wrong with the output is no error. Starts a thread of
/// its own, which is gone when it returns.
Result<std::int64_t> compare_unit(source::Session& session, const UnitToCompare& unit, std::int64_t limit,
                                  const std::stop_token& stop, model::UnitReconciliation& found);

}  // namespace rivet::verify
