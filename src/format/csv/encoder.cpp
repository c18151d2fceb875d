// SPDX-License-Identifier: Apache-2.0
// Rows as lines, handed to the sink in blocks.
#include "format/csv/encoder.hpp"

#include "batch/cell_text.hpp"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

namespace rivet::format::csv {
namespace {

using Kind = model::LogicalKind;

constexpr std::size_t kBlockBytes = 256 << 10;

/// PostgreSQL before version 18 takes a line of only this for the end of a CSV file.
constexpr std::string_view kEndOfCopy = "\\.";

/// Without an early exit, so that the compiler can compare many bytes at once.
bool needs_quotes(std::string_view text) {
  unsigned found = 0;
  for (const char c : text) {
    found |= static_cast<unsigned>(c == ',') | static_cast<unsigned>(c == '"') | static_cast<unsigned>(c == '\n') |
             static_cast<unsigned>(c == '\r');
  }
  return found != 0 || text == kEndOfCopy;
}

void append_quoted(std::string_view text, std::string& out) {
  out += '"';
  for (;;) {
    const auto quote = text.find('"');
    out += text.substr(0, quote);
    if (quote == std::string_view::npos) break;
    out += "\"\"";
    text.remove_prefix(quote + 1);
  }
  out += '"';
}

void append_text(std::string_view text, std::string& out) {
  if (text.empty() || needs_quotes(text)) {
    append_quoted(text, out);
  } else {
    out += text;
  }
}

/// Whether a cell's text may hold the characters that need quotes.
bool is_free_text(Kind kind) {
  switch (kind) {
    case Kind::text:
    case Kind::json:
    case Kind::interval:
    case Kind::enumeration:
    case Kind::list: return true;
    default: return false;
  }
}

class CsvEncoder final : public Encoder {
 public:
  CsvEncoder(const model::Columns& columns, ByteSink sink)
      : schema_(batch::batch_schema(columns)), sink_(std::move(sink)) {
    block_.reserve(kBlockBytes + kBlockBytes / 4);
    for (const auto& column : columns) {
      fields_.push_back({batch::CellWriter(column.type), is_free_text(column.type.kind)});
      if (fields_.size() > 1) block_ += ',';
      append_text(column.name, block_);
    }
    block_ += '\n';
  }

  Result<void> write(const batch::Batch& rows) override {
    if (!rows->schema()->Equals(*schema_)) {
      return fail(ErrorKind::internal, "a batch does not have the columns its CSV file was begun with");
    }
    const auto& columns = rows->columns();
    for (std::int64_t row = 0; row < rows->num_rows(); ++row) {
      append_row(columns, row);
      if (block_.size() >= kBlockBytes) TRY(hand_over());
    }
    rows_ += rows->num_rows();
    return {};
  }

  std::int64_t bytes_so_far() const override { return handed_over_ + static_cast<std::int64_t>(block_.size()); }

  Result<EncodedFile> finish() override {
    TRY(hand_over());
    return EncodedFile{.rows = rows_, .bytes = handed_over_};
  }

 private:
  struct Field {
    batch::CellWriter writer;
    bool is_free_text;
  };

  void append_row(const arrow::ArrayVector& columns, std::int64_t row) {
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      if (i > 0) block_ += ',';
      if (!columns[i]->IsNull(row)) append_cell(fields_[i], *columns[i], row);
    }
    block_ += '\n';
  }

  void append_cell(const Field& field, const arrow::Array& cells, std::int64_t row) {
    const auto start = block_.size();
    field.writer.append(cells, row, block_);
    const auto text = std::string_view(block_).substr(start);
    if (!text.empty() && !(field.is_free_text && needs_quotes(text))) return;
    unquoted_.assign(text);
    block_.resize(start);
    append_quoted(unquoted_, block_);
  }

  Result<void> hand_over() {
    TRY(sink_(block_.data(), static_cast<std::int64_t>(block_.size())));
    handed_over_ += static_cast<std::int64_t>(block_.size());
    block_.clear();
    return {};
  }

  const std::shared_ptr<arrow::Schema> schema_;
  const ByteSink sink_;
  std::vector<Field> fields_;
  std::string block_;
  std::string unquoted_;  // keeps its memory between cells
  std::int64_t handed_over_ = 0;
  std::int64_t rows_ = 0;
};

}  // namespace

Result<std::unique_ptr<Encoder>> make_encoder(const model::Columns& columns, ByteSink sink) {
  if (!columns.empty()) return std::make_unique<CsvEncoder>(columns, std::move(sink));
  return fail({.kind = ErrorKind::config,
               .message = "CSV cannot hold rows without columns",
               .hint = "use `format: parquet` for a relation without columns"});
}

}  // namespace rivet::format::csv
