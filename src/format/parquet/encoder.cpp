// SPDX-License-Identifier: Apache-2.0
// Parquet C++ with row groups bounded by bytes, and a sink that never commits on destruction.
#include "format/parquet/encoder.hpp"

#include <utility>

#include <arrow/array/data.h>
#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/util/compression.h>
#include <arrow/util/thread_pool.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

namespace rivet::format::parquet {
namespace {

// Columns that do not repeat give up the dictionary early: smaller files and less work than Parquet's 1 MB.
constexpr std::int64_t kDictionaryLimit = 128 * 1024;
constexpr std::int64_t kPageSize = 256 * 1024;
// A constant, so that equal rows give equal bytes whatever the version of the program or of Arrow.
constexpr const char* kCreatedBy = "rivet";

/// Arrow's output stream over our sink. Keeps the sink's own error, which says more than Arrow's text.
class SinkStream final : public arrow::io::OutputStream {
 public:
  explicit SinkStream(ByteSink sink) : sink_(std::move(sink)) {}

  arrow::Status Write(const void* bytes, std::int64_t size) override {
    if (error_) return arrow::Status::IOError("the sink has failed");
    auto written = sink_(bytes, size);
    if (!written) {
      error_ = std::move(written).error();
      return arrow::Status::IOError(error_->message);
    }
    position_ += size;
    return arrow::Status::OK();
  }
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<std::int64_t> Tell() const override { return position_; }

  std::int64_t position() const { return position_; }
  Error explain(const arrow::Status& status) const { return error_ ? *error_ : batch::from_arrow(status); }

 private:
  ByteSink sink_;
  std::int64_t position_ = 0;
  bool closed_ = false;
  std::optional<Error> error_;
};

std::shared_ptr<::parquet::WriterProperties> writer_properties(const ParquetOptions& options) {
  ::parquet::WriterProperties::Builder builder;
  builder.memory_pool(batch::memory_pool())
      ->created_by(kCreatedBy)
      ->version(::parquet::ParquetVersion::PARQUET_2_6)
      ->compression(arrow_codec(options.compression))
      ->dictionary_pagesize_limit(kDictionaryLimit)
      ->data_pagesize(kPageSize)
      ->max_row_group_length(options.row_group_rows);
  const bool has_levels =
      options.compression == config::Compression::zstd || options.compression == config::Compression::gzip;
  if (has_levels) builder.compression_level(options.level.value_or(options.compression == config::Compression::zstd ? 3 : 6));
  return builder.build();
}

std::shared_ptr<::parquet::ArrowWriterProperties> arrow_properties() {
  return ::parquet::ArrowWriterProperties::Builder().store_schema()->set_use_threads(true)->build();
}

class ParquetEncoder final : public Encoder {
 public:
  ParquetEncoder(std::shared_ptr<SinkStream> stream, std::shared_ptr<arrow::Schema> schema,
                 std::unique_ptr<::parquet::arrow::FileWriter> writer, const ParquetOptions& options)
      : stream_(std::move(stream)), schema_(std::move(schema)), writer_(std::move(writer)), options_(options) {}

  Result<void> write(const batch::Batch& rows) override {
    if (group_bytes_ >= options_.row_group_bytes) TRY(start_row_group());
    const auto status = writer_->WriteRecordBatch(*with_file_types(*rows));
    if (!status.ok()) return fail(stream_->explain(status));
    group_bytes_ += batch::byte_size(*rows);
    rows_ += rows->num_rows();
    return {};
  }

  /// The open row group is encoded in memory: it counts with the ratio that the closed ones reached.
  std::int64_t bytes_so_far() const override {
    const double ratio = closed_bytes_ == 0 ? 1.0 : static_cast<double>(stream_->position()) / static_cast<double>(closed_bytes_);
    return stream_->position() + static_cast<std::int64_t>(ratio * static_cast<double>(group_bytes_));
  }

  Result<EncodedFile> finish() override {
    const auto status = writer_->Close();
    if (!status.ok()) return fail(stream_->explain(status));
    return EncodedFile{.rows = rows_, .bytes = stream_->position()};
  }

 private:
  Result<void> start_row_group() {
    const auto status = writer_->NewBufferedRowGroup();
    if (!status.ok()) return fail(stream_->explain(status));
    closed_bytes_ += std::exchange(group_bytes_, 0);
    return {};
  }

  /// The same buffers under the types the file declares.
  std::shared_ptr<arrow::RecordBatch> with_file_types(const arrow::RecordBatch& rows) const {
    arrow::ArrayDataVector columns = rows.column_data();
    for (int i = 0; i < schema_->num_fields(); ++i) {
      auto& column = columns[static_cast<std::size_t>(i)];
      if (column->type->Equals(schema_->field(i)->type())) continue;
      column = retyped(*column, schema_->field(i)->type());
    }
    return arrow::RecordBatch::Make(schema_, rows.num_rows(), std::move(columns));
  }

  static std::shared_ptr<arrow::ArrayData> retyped(const arrow::ArrayData& data,
                                                   const std::shared_ptr<arrow::DataType>& type) {
    auto copy = data.Copy();
    copy->type = type;
    if (type->id() == arrow::Type::LIST) {
      copy->child_data[0] = retyped(*copy->child_data[0], type->field(0)->type());
    }
    return copy;
  }

  std::shared_ptr<SinkStream> stream_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<::parquet::arrow::FileWriter> writer_;
  ParquetOptions options_;
  std::int64_t group_bytes_ = 0;   // of Arrow data in the open row group
  std::int64_t closed_bytes_ = 0;  // and in those before
  std::int64_t rows_ = 0;
};

}  // namespace

arrow::Compression::type arrow_codec(config::Compression compression) {
  switch (compression) {
    case config::Compression::zstd: return arrow::Compression::ZSTD;
    case config::Compression::snappy: return arrow::Compression::SNAPPY;
    case config::Compression::gzip: return arrow::Compression::GZIP;
    case config::Compression::lz4: return arrow::Compression::LZ4;  // Parquet's LZ4_RAW
    case config::Compression::none: return arrow::Compression::UNCOMPRESSED;
  }
  return arrow::Compression::UNCOMPRESSED;
}

Result<std::unique_ptr<Encoder>> make_parquet_encoder(const model::Columns& columns, const ParquetOptions& options,
                                                      ByteSink sink) {
  auto stream = std::make_shared<SinkStream>(std::move(sink));
  auto schema = batch::file_schema(columns);
  auto writer = ::parquet::arrow::FileWriter::Open(*schema, batch::memory_pool(), stream, writer_properties(options),
                                                   arrow_properties());
  if (!writer.ok()) return fail(stream->explain(writer.status()));
  return std::make_unique<ParquetEncoder>(std::move(stream), std::move(schema), std::move(*writer), options);
}

}  // namespace rivet::format::parquet
