// SPDX-License-Identifier: Apache-2.0
// Columns as an Arrow schema: the one place that says which Arrow type carries which logical type.
#pragma once

#include <memory>

#include <arrow/type_fwd.h>

#include "model/column.hpp"

namespace rivet::batch {

/// Rows in flight.
using Batch = std::shared_ptr<arrow::RecordBatch>;

/// The Arrow storage type of a logical type (uuid: fixed_size_binary(16), json: utf8, list element `item`).
std::shared_ptr<arrow::DataType> storage_type(const model::LogicalType& type);

/// The Arrow type as files declare it: uuid and json as the canonical extension types, else storage_type.
std::shared_ptr<arrow::DataType> file_type(const model::LogicalType& type);

/// The schema batches carry: storage types, NOT NULL kept, metadata `rivet.native_type`,
/// `rivet.logical_type` and `rivet.fidelity` on every field.
std::shared_ptr<arrow::Schema> batch_schema(const model::Columns& columns);

/// Same with file types.
std::shared_ptr<arrow::Schema> file_schema(const model::Columns& columns);

/// Bytes the batch's buffers hold, counting slices once.
std::int64_t byte_size(const arrow::RecordBatch& batch);

/// The memory pool that batches and encoders allocate from.
arrow::MemoryPool* memory_pool();

/// An Arrow failure as ours: kind internal (out of memory: overloaded) unless `kind` says otherwise.
Error from_arrow(const arrow::Status& status, ErrorKind kind = ErrorKind::internal);

}  // namespace rivet::batch
