// SPDX-License-Identifier: Apache-2.0
// A read whose filter admits nothing is not carried out.
#include "verify/source_reads.hpp"

#include <arrow/record_batch.h>

namespace rivet::verify {
namespace {

bool admits_nothing(const SourceRead& read) { return read.filter && !read.filter->takes_new && !read.filter->owner; }

source::ReadRequest with_predicate(source::ReadRequest request, const model::Predicate& predicate) {
  request.predicate = predicate;
  return request;
}

}  // namespace

Result<std::int64_t> read_source(source::Session& session, const source::ReadRequest& request,
                                 const std::vector<SourceRead>& reads, const std::stop_token& stop,
                                 const std::function<void(const arrow::RecordBatch& rows)>& see) {
  std::int64_t newcomers = 0;
  for (const auto& read : reads) {
    if (admits_nothing(read)) continue;
    std::optional<batch::RowMemory> memory;
    if (read.filter) memory.emplace(*read.filter);
    auto stream = TRY(session.read(with_predicate(request, read.predicate)));
    while (auto rows = TRY(stream->next())) {
      if (stop.stop_requested()) return fail(ErrorKind::cancelled, "interrupted");
      see(memory ? *TRY(memory->admit(*rows)) : **rows);
    }
    if (memory) newcomers += memory->newcomers();
  }
  return newcomers;
}

Result<SourceCount> count_source(source::Session& session, const source::ReadRequest& request,
                                 const std::vector<SourceRead>& reads, const std::stop_token& stop) {
  SourceCount count;
  for (const auto& read : reads) {
    if (!read.filter) {
      count.rows += TRY(session.count({request.relation, request.columns, {read.predicate}})).front();
      continue;
    }
    count.newcomers += TRY(read_source(session, request, {read}, stop,
                                       [&](const arrow::RecordBatch& rows) { count.rows += rows.num_rows(); }));
  }
  return count;
}

}  // namespace rivet::verify
