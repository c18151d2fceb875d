// SPDX-License-Identifier: Apache-2.0
// Rows of units by number only: as the server counts them, and as landed files tell.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "destination/destination.hpp"
#include "format/encoder.hpp"
#include "model/relation.hpp"
#include "source/source.hpp"
#include "verify/current_output.hpp"
#include "verify/row_shares.hpp"

namespace rivet::verify {

/// Rows of a unit's parts.
struct LandedCount {
  std::int64_t rows = 0;
  std::vector<std::string> damaged = {};  ///< parts that are not there or cannot be read, one sentence each
};

/// Looks at the files, mostly at their ends only. An error only when the destination cannot be read.
Result<LandedCount> count_landed(const destination::Destination& destination, const format::Format& format,
                                 const Subject& subject);

/// Counts those of the units that are plain reads of the same columns, in one transaction. Nothing for the others, and
/// for all of them when one of the counts fails: alone, a unit fails by itself.
std::vector<std::optional<std::int64_t>> count_together(source::Session& session, const model::Relation& relation,
                                                        std::span<const Subject> subjects, const RowShares& shares);

}  // namespace rivet::verify
