// SPDX-License-Identifier: Apache-2.0
// One row group encoded in memory, so that several can be encoded at once and land in one file in order.
#pragma once

#include <memory>

#include <arrow/chunked_array.h>
#include <arrow/type_fwd.h>
#include <parquet/properties.h>
#include <parquet/type_fwd.h>

#include "base/result.hpp"

namespace rivet::format::parquet {

/// A Parquet file in memory that holds at most one row group.
struct EncodedRowGroup {
  std::shared_ptr<arrow::Buffer> file;
  std::shared_ptr<::parquet::FileMetaData> metadata;
};

/// Encodes columns of equal length under the names and types of `schema`; no rows give a file without row groups.
/// Each column's memory is given back once it is encoded, when nobody else holds it. Any thread may call it, also
/// several at once.
Result<EncodedRowGroup> encode_row_group(const arrow::Schema& schema, arrow::ChunkedArrayVector columns,
                                         const std::shared_ptr<::parquet::WriterProperties>& properties);

}  // namespace rivet::format::parquet
