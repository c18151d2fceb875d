// SPDX-License-Identifier: Apache-2.0
// The hot path: one unit from the source's batches through digests and gates into parts.
#include "run/extract.hpp"

#include <utility>

#include <arrow/record_batch.h>

#include "base/fault_point.hpp"
#include "run/read_ahead.hpp"

namespace rivet::run {
namespace {

Extracted summed(std::vector<model::Part> parts, UnfinishedUnit unit) {
  Extracted result{.bytes_read = unit.bytes_read, .instant = std::move(unit.instant)};
  result.digest.columns.resize(unit.source_columns);
  for (const auto& part : parts) {
    result.rows += part.rows;
    result.digest += part.digest;
  }
  result.parts = std::move(parts);
  return result;
}

}  // namespace

Result<UnfinishedUnit> read_all(const ExtractJob& job, SlotSession& slot, Gates& gates) {
  auto stream = TRY(slot.session().read(job.request));
  auto writer = std::make_unique<PartWriter>(job.destination, job.format, job.parts);
  std::int64_t rows_total = 0, bytes_read = 0;
  {
    ReadAhead batches(*stream, job.budget, slot.abort());
    while (auto item = TRY(batches.next())) {
      const auto rows = job.memory == nullptr ? item->rows : TRY(job.memory->admit(item->rows));
      gates.observe(*rows);
      if (rows->num_rows() > 0) TRY(writer->write(TRY(job.meta_columns.append(rows))));
      rows_total += rows->num_rows();
      bytes_read = item->bytes_read;
      TRY(job.observe(*rows, rows_total, bytes_read));
      base::fault_point("batch_written");
    }
    if (slot.abort().stop_requested()) return fail(ErrorKind::cancelled, "interrupted");
  }
  return UnfinishedUnit{.writer = std::move(writer),
                        .bytes_read = bytes_read,
                        .instant = stream->instant(),
                        .source_columns = job.request.columns.size()};
}

Result<Extracted> finish_parts(UnfinishedUnit unit, const base::Clock& clock) {
  auto parts = TRY(unit.writer->commit(clock));
  base::fault_point("parts_committed");
  return summed(std::move(parts), std::move(unit));
}

}  // namespace rivet::run
