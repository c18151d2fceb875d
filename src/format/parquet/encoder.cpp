// SPDX-License-Identifier: Apache-2.0
// Cuts batches into row groups, encodes several at once, and lands them in order.
#include "format/parquet/encoder.hpp"

#include <algorithm>
#include <deque>
#include <future>
#include <optional>
#include <utility>
#include <vector>

#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/chunked_array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <arrow/util/compression.h>
#include <parquet/properties.h>

#include "batch/schema.hpp"
#include "format/parquet/dictionary_choice.hpp"
#include "format/parquet/file_assembler.hpp"
#include "format/parquet/row_group.hpp"

namespace rivet::format::parquet {
namespace {

constexpr std::int64_t kDictionaryLimit = 512 * 1024;
// Zstandard finds a tenth more in pages of this size than in those of a quarter of it.
constexpr std::int64_t kPageSize = 1 << 20;
// A column chunk smaller than this is mostly page header and footer.
constexpr std::int64_t kBytesPerColumnChunk = 64 * 1024;
// A constant, so that equal rows give equal bytes whatever the version of the program or of Arrow.
constexpr const char* kCreatedBy = "rivet";

std::shared_ptr<::parquet::WriterProperties> writer_properties(const ParquetOptions& options,
                                                               const arrow::Schema& schema,
                                                               const std::vector<bool>& repeats) {
  ::parquet::WriterProperties::Builder builder;
  builder.memory_pool(batch::memory_pool())
      ->created_by(kCreatedBy)
      ->version(::parquet::ParquetVersion::PARQUET_2_6)
      ->enable_store_decimal_as_integer()  // up to 18 digits; half the work of fixed-length bytes
      ->compression(arrow_codec(options.compression))
      ->dictionary_pagesize_limit(kDictionaryLimit)
      ->data_pagesize(kPageSize)
      ->max_row_group_length(options.row_group_rows);
  const bool has_levels =
      options.compression == config::Compression::zstd || options.compression == config::Compression::gzip;
  if (has_levels)
    builder.compression_level(options.level.value_or(options.compression == config::Compression::zstd ? 3 : 6));
  for (int i = 0; i < schema.num_fields(); ++i) {
    if (!repeats[static_cast<std::size_t>(i)]) builder.disable_dictionary(schema.field(i)->name());
  }
  return builder.build();
}

class ParquetEncoder final : public Encoder {
 public:
  ParquetEncoder(std::shared_ptr<arrow::Schema> storage_schema, std::shared_ptr<arrow::Schema> file_schema,
                 const ParquetOptions& options, ByteSink sink)
      : storage_schema_(std::move(storage_schema)),
        file_schema_(std::move(file_schema)),
        options_(options),
        group_bytes_limit_(std::max(options.row_group_bytes, kBytesPerColumnChunk * file_schema_->num_fields())),
        sink_(std::move(sink)) {}

  Result<void> write(const batch::Batch& rows) override {
    if (!rows->schema()->Equals(*storage_schema_, false)) return fail(ErrorKind::internal, "a batch of other columns");
    for (std::int64_t offset = 0; offset < rows->num_rows();) {
      const auto length = std::min(rows->num_rows() - offset, options_.row_group_rows - open_.rows);
      TRY(add_to_group(rows->Slice(offset, length)));
      offset += length;
      if (group_is_full()) TRY(close_group());
    }
    return {};
  }

  /// Groups not yet landed count with the ratio that the landed ones reached.
  std::int64_t bytes_so_far() const override {
    const auto landed = file_ ? file_->bytes() : 0;
    const double ratio =
        landed_raw_bytes_ == 0 ? 1.0 : static_cast<double>(landed) / static_cast<double>(landed_raw_bytes_);
    return landed + static_cast<std::int64_t>(ratio * static_cast<double>(encoding_raw_bytes_ + open_.bytes));
  }

  Result<EncodedFile> finish() override {
    if (open_.rows > 0 || !file_) TRY(close_group());
    while (!encoding_.empty()) TRY(land_oldest());
    TRY(file_->finish());
    return EncodedFile{.rows = rows_, .bytes = file_->bytes()};
  }

 private:
  /// The row group being filled.
  struct OpenGroup {
    std::vector<batch::Batch> batches;
    std::int64_t rows = 0;
    std::int64_t bytes = 0;               ///< of Arrow data
    std::vector<std::int64_t> by_column;  ///< the same, each column's
  };
  struct EncodingGroup {
    std::int64_t raw_bytes = 0;
    std::future<Result<EncodedRowGroup>> result;
  };

  Result<void> add_to_group(batch::Batch rows) {
    open_.rows += rows->num_rows();
    open_.by_column.resize(static_cast<std::size_t>(rows->num_columns()));
    for (int i = 0; i < rows->num_columns(); ++i) {
      const auto size = arrow::util::ReferencedBufferSize(*rows->column(i));  // a slice counts as what it shows
      if (!size.ok()) return fail(batch::from_arrow(size.status()));
      const auto bytes = *size;
      open_.bytes += bytes;
      open_.by_column[static_cast<std::size_t>(i)] += bytes;
    }
    rows_ += rows->num_rows();
    open_.batches.push_back(std::move(rows));
    return {};
  }

  /// A column is what memory is given back by while a group is encoded: one that outweighs the others ends it early.
  bool group_is_full() const {
    if (open_.rows >= options_.row_group_rows || open_.bytes >= group_bytes_limit_) return true;
    return !open_.by_column.empty() && std::ranges::max(open_.by_column) >= options_.column_chunk_bytes;
  }

  Result<void> close_group() {
    auto group = std::exchange(open_, {});
    if (!file_) begin_file(group);
    while (encoding_.size() >= options_.groups_at_once) TRY(land_oldest());
    encoding_raw_bytes_ += group.bytes;
    auto encode = [schema = file_schema_, columns = columns_of(group, *file_schema_),
                   properties = properties_]() mutable {
      return encode_row_group(*schema, std::move(columns), properties);
    };
    encoding_.push_back({.raw_bytes = group.bytes, .result = std::async(std::launch::async, std::move(encode))});
    return {};
  }

  void begin_file(const OpenGroup& first) {
    properties_ = writer_properties(options_, *file_schema_, repeating_columns(columns_of(first, *storage_schema_)));
    file_.emplace(properties_, sink_);
  }

  Result<void> land_oldest() {
    auto group = std::move(encoding_.front());
    encoding_.pop_front();
    encoding_raw_bytes_ -= group.raw_bytes;
    landed_raw_bytes_ += group.raw_bytes;
    return file_->append(TRY(group.result.get()));
  }

  /// The group's columns under the types that `schema` declares.
  static arrow::ChunkedArrayVector columns_of(const OpenGroup& group, const arrow::Schema& schema) {
    arrow::ChunkedArrayVector columns;
    for (int i = 0; i < schema.num_fields(); ++i) {
      const auto& type = schema.field(i)->type();
      arrow::ArrayVector chunks;
      for (const auto& rows : group.batches) chunks.push_back(arrow::MakeArray(retyped(*rows->column_data(i), type)));
      columns.push_back(std::make_shared<arrow::ChunkedArray>(std::move(chunks), type));
    }
    return columns;
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

  std::shared_ptr<arrow::Schema> storage_schema_, file_schema_;
  ParquetOptions options_;
  std::int64_t group_bytes_limit_;
  ByteSink sink_;
  OpenGroup open_;
  std::shared_ptr<::parquet::WriterProperties> properties_;  ///< known once the first row group is
  std::optional<FileAssembler> file_;
  std::deque<EncodingGroup> encoding_;
  std::int64_t rows_ = 0, encoding_raw_bytes_ = 0, landed_raw_bytes_ = 0;
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
  return std::make_unique<ParquetEncoder>(batch::batch_schema(columns), batch::file_schema(columns), options,
                                          std::move(sink));
}

}  // namespace rivet::format::parquet
