// SPDX-License-Identifier: Apache-2.0
// Fields into Arrow builders, a bounded batch at a time.
#include "format/csv/decoder.hpp"

#include "batch/value_parser.hpp"
#include "format/csv/record_reader.hpp"

#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <vector>

namespace rivet::format::csv {
namespace {

constexpr std::int64_t kBatchRows = 16 << 10;
constexpr std::size_t kBatchBytes = 1 << 20;
constexpr std::size_t kShownBytes = 60;

/// In quotes, with everything escaped that is not printable: the bytes may be anything.
std::string shown(std::string_view text) {
  if (text.size() <= kShownBytes) return fmt::format("{:?}", text);
  return fmt::format("{:?}... ({} bytes)", text.substr(0, kShownBytes), text.size());
}

class CsvDecoder final : public Decoder {
 public:
  CsvDecoder(const model::Columns& columns, std::shared_ptr<arrow::io::RandomAccessFile> file)
      : columns_(columns), schema_(batch::batch_schema(columns)), reader_(std::move(file)) {}

  Result<void> open() {
    TRY(check_header());
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      auto builder = arrow::MakeBuilder(schema_->field(static_cast<int>(i))->type(), batch::memory_pool());
      if (!builder.ok()) return fail(batch::from_arrow(builder.status()));
      appenders_.push_back(batch::make_text_appender(columns_[i].type, **builder));
      builders_.push_back(*std::move(builder));
    }
    return {};
  }

  Result<std::optional<batch::Batch>> next() override {
    std::int64_t rows = 0;
    std::size_t bytes = 0;
    while (rows < kBatchRows && bytes < kBatchBytes && TRY(reader_.next(record_))) {
      TRY(append_record());
      bytes += record_.bytes();
      ++rows;
    }
    if (rows == 0) return std::nullopt;
    return TRY(finish_batch(rows));
  }

 private:
  Result<void> check_header() {
    if (!TRY(reader_.next(record_))) return fail(ErrorKind::data, "the CSV file is empty: even its header is missing");
    TRY(check_field_count());
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (record_.text(i) == columns_[i].name) continue;
      return fail(ErrorKind::data, fmt::format("column {} of the CSV file is {} instead of \"{}\"", i + 1,
                                               shown(record_.text(i)), columns_[i].name));
    }
    return {};
  }

  Result<void> check_field_count() const {
    if (record_.size() == columns_.size()) return {};
    return fail(ErrorKind::data, fmt::format("CSV record {} has {} fields instead of {}", reader_.number(),
                                             record_.size(), columns_.size()));
  }

  Result<void> append_record() {
    TRY(check_field_count());
    for (std::size_t i = 0; i < columns_.size(); ++i) TRY(append_field(i));
    return {};
  }

  Result<void> append_field(std::size_t i) {
    const auto text = record_.text(i);
    if (text.empty() && !record_.is_quoted(i)) return append_null(i);
    switch (appenders_[i]->append(text)) {
      case batch::Appended::yes: return {};
      case batch::Appended::no_memory: return fail(ErrorKind::overloaded, "out of memory while reading a CSV file");
      case batch::Appended::misfit: break;
    }
    return fail(ErrorKind::data,
                fmt::format("CSV record {}, column \"{}\": {} is not a value of type {}", reader_.number(),
                            columns_[i].name, shown(text), model::to_string(columns_[i].type)));
  }

  Result<void> append_null(std::size_t i) {
    if (!columns_[i].nullable) {
      return fail(ErrorKind::data, fmt::format("CSV record {}, column \"{}\": NULL in a column that is NOT NULL",
                                               reader_.number(), columns_[i].name));
    }
    if (auto status = builders_[i]->AppendNull(); !status.ok()) return fail(batch::from_arrow(status));
    return {};
  }

  Result<batch::Batch> finish_batch(std::int64_t rows) {
    arrow::ArrayVector arrays;
    for (const auto& builder : builders_) {
      auto array = builder->Finish();
      if (!array.ok()) return fail(batch::from_arrow(array.status()));
      arrays.push_back(*std::move(array));
    }
    return arrow::RecordBatch::Make(schema_, rows, std::move(arrays));
  }

  const model::Columns columns_;
  const std::shared_ptr<arrow::Schema> schema_;
  RecordReader reader_;
  Record record_;
  std::vector<std::unique_ptr<arrow::ArrayBuilder>> builders_;
  std::vector<std::unique_ptr<batch::TextAppender>> appenders_;
};

}  // namespace

Result<std::unique_ptr<Decoder>> make_decoder(const model::Columns& columns,
                                              std::shared_ptr<arrow::io::RandomAccessFile> file) {
  auto decoder = std::make_unique<CsvDecoder>(columns, std::move(file));
  TRY(decoder->open());
  return decoder;
}

}  // namespace rivet::format::csv
