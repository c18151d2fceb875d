// SPDX-License-Identifier: Apache-2.0
// Reads those rows of the source that belong to a unit.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.hpp"
#include "batch/known_rows.hpp"
#include "model/predicate.hpp"
#include "source/source.hpp"

namespace rivet::verify {

/// A read of the source, and which of its rows count. A unit is one of them or several, of distinct rows.
struct SourceRead {
  model::Predicate predicate;
  std::optional<batch::RowMemory::Options> filter = {};  ///< none: all rows
};

/// Carries out the reads in their order, each with what `request` has besides a predicate, and shows the rows that
/// count. How many of them nobody remembers, where that is asked. Errors of the source; cancelled.
Result<std::int64_t> read_source(source::Session& session, const source::ReadRequest& request,
                                 const std::vector<SourceRead>& reads, const std::stop_token& stop,
                                 const std::function<void(const arrow::RecordBatch& rows)>& see);

/// Their number and that of those nobody remembers; the server counts where all rows count.
struct SourceCount {
  std::int64_t rows = 0, newcomers = 0;
};
Result<SourceCount> count_source(source::Session& session, const source::ReadRequest& request,
                                 const std::vector<SourceRead>& reads, const std::stop_token& stop);

}  // namespace rivet::verify
