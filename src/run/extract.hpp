// SPDX-License-Identifier: Apache-2.0
// The hot path: one unit from the source to committed parts.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "base/byte_budget.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "batch/known_rows.hpp"
#include "batch/row_hash.hpp"
#include "model/part.hpp"
#include "run/gates.hpp"
#include "run/part_writer.hpp"
#include "run/slot_session.hpp"
#include "source/source.hpp"

namespace rivet::run {

/// One unit to extract, and with what. Everything referred to must outlive the call.
struct ExtractJob {
  source::ReadRequest request;
  const batch::MetaColumns& meta_columns;
  const destination::Destination& destination;
  const format::Format& format;
  PartOptions parts;
  base::ByteBudget& budget;
  const base::Clock& clock;
  batch::RowMemory* memory = nullptr;  ///< decides which rows are new; none: all are
  /// Called after every batch with the unit's totals; false stops the unit.
  std::function<Result<void>(const arrow::RecordBatch& rows, std::int64_t rows_total, std::int64_t bytes_read)> observe;
};

/// A unit whose parts are durable at the destination, but not yet in the store.
struct Extracted {
  std::vector<model::Part> parts;
  std::int64_t rows = 0;
  std::int64_t bytes_read = 0;
  model::Digest digest;
  source::ReadInstant instant;
};

/// A unit whose rows have all been read and given to its parts. Dropping it abandons them.
struct UnfinishedUnit {
  std::unique_ptr<PartWriter> writer;
  std::int64_t bytes_read = 0;
  source::ReadInstant instant;
  std::size_t source_columns = 0;
};

/// Reads, gates, digests, encodes, uploads. Nothing of the unit is visible afterwards, and the slot's session is free
/// for the next one; after a failure it is of no more use.
Result<UnfinishedUnit> read_all(const ExtractJob& job, SlotSession& slot, Gates& gates);

/// Encodes what is left and makes the parts durable; on any thread. When it fails half way, what then stands is under
/// this epoch's names and outside every manifest.
Result<Extracted> finish_parts(UnfinishedUnit unit, const base::Clock& clock);

}  // namespace rivet::run
