// SPDX-License-Identifier: Apache-2.0
// Logical types to Arrow types.
#include "batch/schema.hpp"

#include <arrow/array.h>
#include <arrow/extension/json.h>
#include <arrow/extension/uuid.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/status.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <arrow/util/key_value_metadata.h>

namespace rivet::batch {
namespace {

using Kind = model::LogicalKind;

arrow::TimeUnit::type arrow_unit(const model::LogicalType& type) {
  return type.unit == model::TimeUnit::micro ? arrow::TimeUnit::MICRO : arrow::TimeUnit::NANO;
}

std::shared_ptr<arrow::DataType> decimal_type(const model::LogicalType& type) {
  if (type.precision <= 38) return arrow::decimal128(type.precision, type.scale);
  return arrow::decimal256(type.precision, type.scale);
}

template <class TypeOf>
std::shared_ptr<arrow::Schema> make_schema(const model::Columns& columns, TypeOf&& type_of) {
  arrow::FieldVector fields;
  fields.reserve(columns.size());
  for (const auto& column : columns) {
    auto metadata = arrow::key_value_metadata(
        {"rivet.native_type", "rivet.logical_type", "rivet.fidelity"},
        {column.native_type, model::to_string(column.type), std::string(model::name_of(column.fidelity))});
    fields.push_back(arrow::field(column.name, type_of(column.type), column.nullable, std::move(metadata)));
  }
  return arrow::schema(std::move(fields));
}

}  // namespace

std::shared_ptr<arrow::DataType> storage_type(const model::LogicalType& type) {
  switch (type.kind) {
    case Kind::boolean: return arrow::boolean();
    case Kind::int16: return arrow::int16();
    case Kind::int32: return arrow::int32();
    case Kind::int64: return arrow::int64();
    case Kind::uint64: return arrow::uint64();
    case Kind::float32: return arrow::float32();
    case Kind::float64: return arrow::float64();
    case Kind::decimal: return decimal_type(type);
    case Kind::date: return arrow::date32();
    case Kind::time: return arrow::time64(arrow::TimeUnit::MICRO);
    case Kind::timestamp: return arrow::timestamp(arrow_unit(type));
    case Kind::timestamp_tz: return arrow::timestamp(arrow_unit(type), "UTC");
    case Kind::binary: return arrow::binary();
    case Kind::uuid: return arrow::fixed_size_binary(16);
    case Kind::list: return arrow::list(arrow::field("item", storage_type(*type.element)));
    case Kind::text:
    case Kind::json:
    case Kind::interval:
    case Kind::enumeration: return arrow::utf8();
  }
  return arrow::utf8();
}

std::shared_ptr<arrow::DataType> file_type(const model::LogicalType& type) {
  switch (type.kind) {
    case Kind::uuid: return arrow::extension::uuid();
    case Kind::json: return arrow::extension::json();
    case Kind::list: return arrow::list(arrow::field("item", file_type(*type.element)));
    default: return storage_type(type);
  }
}

std::shared_ptr<arrow::Schema> batch_schema(const model::Columns& columns) {
  return make_schema(columns, storage_type);
}

std::shared_ptr<arrow::Schema> file_schema(const model::Columns& columns) { return make_schema(columns, file_type); }

std::int64_t byte_size(const arrow::RecordBatch& batch) { return arrow::util::TotalBufferSize(batch); }

arrow::MemoryPool* memory_pool() {
  // jemalloc gives pages back early: a third off the peak of the default allocator (design 12).
  static arrow::MemoryPool* const pool = [] {
    arrow::MemoryPool* chosen = nullptr;
    if (!arrow::jemalloc_memory_pool(&chosen).ok()) return arrow::default_memory_pool();
    (void)arrow::jemalloc_set_decay_ms(100);  // Arrow's second of grace is 100 MB of churn here
    return chosen;
  }();
  return pool;
}

Error from_arrow(const arrow::Status& status, ErrorKind kind) {
  if (status.IsOutOfMemory()) kind = ErrorKind::overloaded;
  return Error{.kind = kind, .message = status.message(), .vendor_code = status.CodeAsString()};
}

}  // namespace rivet::batch
