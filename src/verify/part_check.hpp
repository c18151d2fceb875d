// SPDX-License-Identifier: Apache-2.0
// Reads one part back and holds it against what was recorded when it was written.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>

#include <arrow/type_fwd.h>

#include "base/result.hpp"
#include "batch/digest.hpp"
#include "destination/destination.hpp"
#include "format/encoder.hpp"
#include "model/column.hpp"
#include "model/part.hpp"
#include "model/verification.hpp"

namespace rivet::verify {

/// Sees a row of a part: the batch it is in, and what RowObserver sees.
using LandedRow = std::function<void(const arrow::RecordBatch& rows, std::int64_t row,
                                     std::span<const std::uint64_t> cells, const batch::RowHash& hash)>;

/// A part, read back.
struct PartReading {
  std::optional<model::Finding> damage = {};  ///< what does not hold; nothing when all of it does
  std::optional<model::Digest> digest = {};   ///< of its values; nothing when they could not be read to the end
};

/// Reads all of the part, also when its bytes are not those that were written; `see`, when given, is shown every row
/// that can be read. An error only when the destination cannot be read, or with kind cancelled when `stop` is
/// requested.
Result<PartReading> read_part(const destination::Destination& destination, const format::Format& format,
                              const model::Columns& columns, const model::Part& part, const LandedRow& see = {},
                              const std::stop_token& stop = {});

/// Shows `see` every row of the part that can be read, and asks nothing about its bytes. Errors as of read_part().
Result<void> scan_part(const destination::Destination& destination, const format::Format& format,
                       const model::Columns& columns, const model::Part& part, const LandedRow& see,
                       const std::stop_token& stop);

/// How many rows the landed part has; nothing when it is not there or cannot be read. An error only when the
/// destination cannot be read.
Result<std::optional<std::int64_t>> count_part(const destination::Destination& destination,
                                               const format::Format& format, const model::Columns& columns,
                                               const model::Part& part);

/// Names of the source columns whose sums differ, in their order. REQUIRES: digests over `columns`.
std::vector<std::string> differing_columns(const model::Columns& columns, const model::Digest& a,
                                           const model::Digest& b);

}  // namespace rivet::verify
