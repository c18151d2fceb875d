// SPDX-License-Identifier: Apache-2.0
// Parquet C++ throws on some damaged files: everything it does is inside one guard.
#include "format/parquet/decoder.hpp"

#include <numeric>
#include <utility>
#include <vector>

#include <arrow/array.h>
#include <arrow/extension_type.h>
#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>

namespace rivet::format::parquet {
namespace {

constexpr std::int64_t kBatchRows = 16'384;

Error damaged(std::string_view what) {
  return {.kind = ErrorKind::data, .message = fmt::format("the Parquet file cannot be read back: {}", what)};
}

/// Runs `call`, which returns arrow::Result<T> and may throw.
template <class Call>
auto guarded(Call&& call) -> Result<std::decay_t<decltype(*call())>> {
  try {
    auto result = call();
    if (!result.ok()) return fail(damaged(result.status().message()));
    return std::move(*result);
  } catch (const std::exception& problem) {
    return fail(damaged(problem.what()));
  }
}

/// The array under its storage type: extension types unwrapped, also inside a list.
std::shared_ptr<arrow::Array> as_storage(const std::shared_ptr<arrow::Array>& column,
                                         const std::shared_ptr<arrow::DataType>& type) {
  auto data = column->data()->Copy();
  data->type = type;
  if (type->id() == arrow::Type::LIST) {
    data->child_data[0] = data->child_data[0]->Copy();
    data->child_data[0]->type = type->field(0)->type();
  }
  return arrow::MakeArray(std::move(data));
}

const arrow::DataType& storage_of(const arrow::DataType& type) {
  if (type.id() != arrow::Type::EXTENSION) return type;
  return *static_cast<const arrow::ExtensionType&>(type).storage_type();
}

bool same_storage(const arrow::DataType& found, const arrow::DataType& wanted) {
  if (wanted.id() != arrow::Type::LIST) return storage_of(found).Equals(wanted);
  return found.id() == arrow::Type::LIST && storage_of(*found.field(0)->type()).Equals(*wanted.field(0)->type());
}

class ParquetDecoder final : public Decoder {
 public:
  ParquetDecoder(std::shared_ptr<arrow::Schema> schema, std::unique_ptr<::parquet::arrow::FileReader> file,
                 std::unique_ptr<arrow::RecordBatchReader> rows)
      : schema_(std::move(schema)), file_(std::move(file)), rows_(std::move(rows)) {}

  Result<std::optional<batch::Batch>> next() override {
    auto rows = read_next();
    if (!rows) {
      if (const auto names = unreadable_columns(); !names.empty()) {
        rows.error().message += fmt::format("; column {} cannot be read", fmt::join(names, ", "));
      }
    }
    return rows;
  }

  std::optional<std::int64_t> stated_rows() const override { return file_->parquet_reader()->metadata()->num_rows(); }

 private:
  Result<std::optional<batch::Batch>> read_next() {
    auto rows = TRY(guarded([&] { return rows_->Next(); }));
    if (rows == nullptr) {
      if (read_ == stated_rows()) return std::nullopt;
      return fail(damaged(fmt::format("it ends after {} of {} rows", read_, *stated_rows())));
    }
    read_ += rows->num_rows();
    arrow::ArrayVector columns;
    for (int i = 0; i < schema_->num_fields(); ++i) {
      columns.push_back(as_storage(rows->column(i), schema_->field(i)->type()));
    }
    auto batch = arrow::RecordBatch::Make(schema_, rows->num_rows(), std::move(columns));
    if (const auto valid = batch->ValidateFull(); !valid.ok()) return fail(damaged(valid.message()));
    return batch;
  }

  /// Reads each column by itself: one that is damaged takes the others with it. Ours are one leaf each.
  std::vector<std::string> unreadable_columns() {
    std::vector<std::string> names;
    for (int i = 0; i < schema_->num_fields(); ++i) {
      const auto rows = guarded([&] { return rows_of_column(i); });
      if (!rows || *rows != stated_rows()) names.push_back(schema_->field(i)->name());
    }
    return names;
  }

  arrow::Result<std::int64_t> rows_of_column(int column) {
    std::vector<int> groups(static_cast<std::size_t>(file_->num_row_groups()));
    std::iota(groups.begin(), groups.end(), 0);
    ARROW_ASSIGN_OR_RAISE(const auto reader, file_->GetRecordBatchReader(groups, {column}));
    std::int64_t rows = 0;
    for (;;) {
      ARROW_ASSIGN_OR_RAISE(const auto batch, reader->Next());
      if (batch == nullptr) return rows;
      ARROW_RETURN_NOT_OK(batch->ValidateFull());
      rows += batch->num_rows();
    }
  }

  std::shared_ptr<arrow::Schema> schema_;
  std::unique_ptr<::parquet::arrow::FileReader> file_;
  std::unique_ptr<arrow::RecordBatchReader> rows_;
  std::int64_t read_ = 0;
};

Result<void> check_schema(const arrow::Schema& found, const arrow::Schema& wanted) {
  if (found.num_fields() != wanted.num_fields()) {
    return fail(damaged(fmt::format("it has {} columns instead of {}", found.num_fields(), wanted.num_fields())));
  }
  for (int i = 0; i < wanted.num_fields(); ++i) {
    const auto& have = *found.field(i);
    const auto& want = *wanted.field(i);
    if (have.name() == want.name() && same_storage(*have.type(), *want.type())) continue;
    return fail(damaged(fmt::format("column {} is {} {} instead of {} {}", i + 1, have.name(), have.type()->ToString(),
                                    want.name(), want.type()->ToString())));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Decoder>> make_parquet_decoder(const model::Columns& columns,
                                                      std::shared_ptr<arrow::io::RandomAccessFile> file) {
  auto schema = batch::batch_schema(columns);
  auto reader = TRY(guarded([&]() -> arrow::Result<std::unique_ptr<::parquet::arrow::FileReader>> {
    ::parquet::arrow::FileReaderBuilder builder;
    ARROW_RETURN_NOT_OK(builder.Open(std::move(file)));
    ::parquet::ArrowReaderProperties properties;
    properties.set_batch_size(kBatchRows);
    properties.set_pre_buffer(false);
    return builder.memory_pool(batch::memory_pool())->properties(properties)->Build();
  }));
  std::shared_ptr<arrow::Schema> found;
  auto rows = TRY(guarded([&]() -> arrow::Result<std::unique_ptr<arrow::RecordBatchReader>> {
    ARROW_RETURN_NOT_OK(reader->GetSchema(&found));
    return reader->GetRecordBatchReader();
  }));
  TRY(check_schema(*found, *schema));
  return std::make_unique<ParquetDecoder>(std::move(schema), std::move(reader), std::move(rows));
}

}  // namespace rivet::format::parquet
