// SPDX-License-Identifier: Apache-2.0
// The hot path: one unit from the source's batches through digests and gates into parts.
#include "run/extract.hpp"

#include <utility>

#include <arrow/record_batch.h>

#include "base/fault_point.hpp"
#include "run/read_ahead.hpp"

namespace rivet::run {
namespace {

/// A stop source of our own that also stops when `outer` does.
class LinkedStop {
 public:
  explicit LinkedStop(const std::stop_token& outer) : link_(outer, Forward{source_}) {}
  const std::stop_source& source() const { return source_; }

 private:
  struct Forward {
    std::stop_source target;
    void operator()() { target.request_stop(); }
  };
  std::stop_source source_;
  std::stop_callback<Forward> link_;
};

Extracted summed(std::vector<model::Part> parts, source::ReadInstant instant, std::int64_t bytes_read,
                 std::size_t source_columns) {
  Extracted result{.bytes_read = bytes_read, .instant = std::move(instant)};
  result.digest.columns.resize(source_columns);
  for (const auto& part : parts) {
    result.rows += part.rows;
    result.digest += part.digest;
  }
  result.parts = std::move(parts);
  return result;
}

}  // namespace

Result<Extracted> extract(const ExtractJob& job, Gates& gates, std::stop_token stop) {
  const LinkedStop abort(stop);
  auto session = TRY(job.source.open(job.session, abort.source().get_token()));
  auto stream = TRY(session->read(job.request));
  PartWriter writer(job.destination, job.format, job.parts);
  std::int64_t rows_total = 0, bytes_read = 0;
  {
    ReadAhead batches(*stream, job.budget, abort.source());
    while (auto item = TRY(batches.next())) {
      gates.observe(*item->rows);
      TRY(writer.write(TRY(job.meta_columns.append(item->rows))));
      rows_total += item->rows->num_rows();
      bytes_read = item->bytes_read;
      TRY(job.observe(*item->rows, rows_total, bytes_read));
      base::fault_point("batch_written");
    }
    if (stop.stop_requested()) return fail(ErrorKind::cancelled, "interrupted");
  }
  auto parts = TRY(writer.commit(job.clock));
  base::fault_point("parts_committed");
  return summed(std::move(parts), stream->instant(), bytes_read, job.request.columns.size());
}

}  // namespace rivet::run
