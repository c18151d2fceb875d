// SPDX-License-Identifier: Apache-2.0
// Joins row groups that were encoded apart into one Parquet file.
#pragma once

#include <cstdint>
#include <memory>

#include <parquet/metadata.h>
#include <parquet/properties.h>

#include "base/result.hpp"
#include "format/encoder.hpp"
#include "format/parquet/row_group.hpp"

namespace rivet::format::parquet {

/// Writes header, row groups and footer of one file. The column chunks' bytes are taken as they are; only their
/// offsets change (FileMetaData, https://github.com/apache/parquet-format). Not thread safe.
class FileAssembler {
 public:
  FileAssembler(std::shared_ptr<::parquet::WriterProperties> properties, ByteSink sink);

  /// Appends a row group, or none when `group` has none. All groups have the same schema. Errors are the sink's.
  Result<void> append(const EncodedRowGroup& group);

  /// Writes the footer. REQUIRES: append() was called at least once; no call may follow.
  Result<void> finish();

  /// Bytes given to the sink so far.
  std::int64_t bytes() const { return position_; }

 private:
  Result<void> write(const void* bytes, std::int64_t size);
  void begin(const ::parquet::FileMetaData& first);
  void append_metadata(const ::parquet::RowGroupMetaData& group, std::int64_t shift);

  std::shared_ptr<::parquet::WriterProperties> properties_;
  ByteSink sink_;
  std::int64_t position_ = 0;
  std::shared_ptr<::parquet::FileMetaData> first_;  ///< owns the schema that the builder points to
  std::unique_ptr<::parquet::FileMetaDataBuilder> builder_;
  std::int16_t row_groups_ = 0;
};

}  // namespace rivet::format::parquet
