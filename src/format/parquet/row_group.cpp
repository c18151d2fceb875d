// SPDX-License-Identifier: Apache-2.0
// Encodes one row group into memory with Parquet C++.
#include "format/parquet/row_group.hpp"

#include <algorithm>
#include <utility>

#include <arrow/io/memory.h>
#include <arrow/status.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <parquet/arrow/writer.h>
#include <parquet/metadata.h>

#include "batch/schema.hpp"

namespace rivet::format::parquet {
namespace {

bool has_rows(const arrow::ChunkedArrayVector& columns) { return !columns.empty() && columns.front()->length() > 0; }

std::int64_t raw_bytes(const arrow::ChunkedArrayVector& columns) {
  std::int64_t total = 0;
  for (const auto& column : columns) total += arrow::util::TotalBufferSize(*column);
  return total;
}

arrow::Status write_columns(::parquet::arrow::FileWriter& writer, arrow::ChunkedArrayVector columns) {
  ARROW_RETURN_NOT_OK(writer.NewRowGroup());
  for (auto& column : columns) {
    ARROW_RETURN_NOT_OK(writer.WriteColumnChunk(column));
    column.reset();
  }
  return arrow::Status::OK();
}

arrow::Result<EncodedRowGroup> encode(const arrow::Schema& schema, arrow::ChunkedArrayVector columns,
                                      const std::shared_ptr<::parquet::WriterProperties>& properties) {
  constexpr std::int64_t kFirstBuffer = 64 * 1024;
  const auto capacity = std::max(kFirstBuffer, raw_bytes(columns) / 2);
  ARROW_ASSIGN_OR_RAISE(auto stream, arrow::io::BufferOutputStream::Create(capacity, batch::memory_pool()));
  const auto arrow_properties = ::parquet::ArrowWriterProperties::Builder().store_schema()->build();
  ARROW_ASSIGN_OR_RAISE(auto writer, ::parquet::arrow::FileWriter::Open(schema, batch::memory_pool(), stream,
                                                                        properties, arrow_properties));
  if (has_rows(columns)) ARROW_RETURN_NOT_OK(write_columns(*writer, std::move(columns)));
  ARROW_RETURN_NOT_OK(writer->Close());
  ARROW_ASSIGN_OR_RAISE(auto file, stream->Finish());
  return EncodedRowGroup{.file = std::move(file), .metadata = writer->metadata()};
}

}  // namespace

Result<EncodedRowGroup> encode_row_group(const arrow::Schema& schema, arrow::ChunkedArrayVector columns,
                                         const std::shared_ptr<::parquet::WriterProperties>& properties) {
  auto encoded = encode(schema, std::move(columns), properties);
  if (!encoded.ok()) return fail(batch::from_arrow(encoded.status()));
  return std::move(*encoded);
}

}  // namespace rivet::format::parquet
