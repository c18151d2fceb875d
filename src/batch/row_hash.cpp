// SPDX-License-Identifier: Apache-2.0
// Row hashes and the instant of the export as columns.
#include "batch/row_hash.hpp"

#include "base/text.hpp"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <set>

namespace rivet::batch {
namespace {

using Kind = model::LogicalKind;

model::Column added_column(std::string_view name, Kind kind) {
  return {.name = std::string(name), .native_type = "rivet", .type = {.kind = kind}, .nullable = false, .added = true};
}

Error unknown_column(const model::Columns& columns, const std::string& name) {
  std::vector<std::string_view> names;
  for (const auto& column : columns) names.push_back(column.name);
  const auto near = base::did_you_mean(name, names);
  return {.kind = ErrorKind::config,
          .message = fmt::format("meta_columns.row_hash names column \"{}\", which the export does not have", name),
          .hint = near ? fmt::format("did you mean \"{}\"?", *near) : ""};
}

Result<int> index_of(const model::Columns& columns, const std::string& name) {
  const auto found = std::find_if(columns.begin(), columns.end(), [&](const auto& c) { return c.name == name; });
  if (found == columns.end()) return fail(unknown_column(columns, name));
  return static_cast<int>(found - columns.begin());
}

Result<void> check_hashable(const model::Column& column) {
  if (column.type.kind != Kind::list) return {};
  return fail({.kind = ErrorKind::config,
               .message = fmt::format("meta_columns.row_hash cannot cover column \"{}\" of type {}: nested values have "
                                      "no hash",
                                      column.name, model::to_string(column.type)),
               .hint = "list the columns to cover, as in `row_hash: [id, name]`"});
}

std::vector<std::string> all_names(const model::Columns& columns) {
  std::vector<std::string> names;
  for (const auto& column : columns) names.push_back(column.name);
  return names;
}

/// Appends a cell's text after its tag and length, as row hashes see it.
void append_field(const CellWriter& writer, const arrow::Array& cells, std::int64_t row, std::string& out) {
  if (cells.IsNull(row)) {
    out += '\0';
    return;
  }
  out += '\1';
  const auto length_at = out.size();
  out.append(4, '\0');
  writer.append(cells, row, out);
  const auto length = static_cast<std::uint32_t>(out.size() - length_at - 4);
  for (int byte = 0; byte < 4; ++byte) out[length_at + byte] = static_cast<char>(length >> (8 * byte));
}

Result<std::shared_ptr<arrow::Array>> repeated(base::Timestamp at, std::int64_t rows) {
  arrow::TimestampBuilder builder(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), memory_pool());
  if (auto status = builder.Reserve(rows); !status.ok()) return fail(from_arrow(status));
  for (std::int64_t row = 0; row < rows; ++row) builder.UnsafeAppend(at.time_since_epoch().count());
  auto array = builder.Finish();
  if (!array.ok()) return fail(from_arrow(array.status()));
  return *array;
}

Result<void> check_no_clash(const model::Columns& source, std::string_view name) {
  const auto clash = std::any_of(source.begin(), source.end(), [&](const auto& c) { return c.name == name; });
  if (!clash) return {};
  return fail({.kind = ErrorKind::config,
               .message = fmt::format("the source already has a column \"{}\", which meta_columns would add", name),
               .hint = "switch it off under meta_columns, or rename the source's column in a query"});
}

}  // namespace

Result<RowHasher> RowHasher::make(const model::Columns& columns, const std::vector<std::string>& covered) {
  RowHasher hasher;
  hasher.covered_ = covered.empty() ? all_names(columns) : covered;
  std::set<int> seen;
  for (const auto& name : hasher.covered_) {
    const int index = TRY(index_of(columns, name));
    if (!seen.insert(index).second) {
      return fail(ErrorKind::config, fmt::format("meta_columns.row_hash names column \"{}\" twice", name));
    }
    TRY(check_hashable(columns[index]));
    hasher.fields_.push_back({index, CellWriter(columns[index].type)});
  }
  return hasher;
}

Result<std::shared_ptr<arrow::Array>> RowHasher::hash(const arrow::RecordBatch& rows) const {
  arrow::Int64Builder builder(memory_pool());
  if (auto status = builder.Reserve(rows.num_rows()); !status.ok()) return fail(from_arrow(status));
  std::vector<std::shared_ptr<arrow::Array>> cells;
  for (const auto& field : fields_) cells.push_back(rows.column(field.index));
  std::string text;
  for (std::int64_t row = 0; row < rows.num_rows(); ++row) {
    text.clear();
    for (std::size_t i = 0; i < fields_.size(); ++i) append_field(fields_[i].writer, *cells[i], row, text);
    builder.UnsafeAppend(static_cast<std::int64_t>(XXH3_128bits(text.data(), text.size()).low64));
  }
  auto array = builder.Finish();
  if (!array.ok()) return fail(from_arrow(array.status()));
  return *array;
}

Result<MetaColumns> MetaColumns::make(const model::Columns& source, const MetaColumnOptions& options,
                                      base::Timestamp exported_at) {
  MetaColumns meta;
  meta.columns_ = source;
  if (options.exported_at) {
    TRY(check_no_clash(source, kExportedAtColumn));
    meta.columns_.push_back(added_column(kExportedAtColumn, Kind::timestamp_tz));
    meta.exported_at_ = exported_at;
  }
  if (options.row_hash) {
    TRY(check_no_clash(source, kRowHashColumn));
    meta.columns_.push_back(added_column(kRowHashColumn, Kind::int64));
    meta.hasher_ = TRY(RowHasher::make(source, options.row_hash_columns));
  }
  meta.schema_ = batch_schema(meta.columns_);
  return meta;
}

std::vector<std::string> MetaColumns::row_hash_covered() const {
  return hasher_ ? hasher_->covered() : std::vector<std::string>{};
}

Result<Batch> MetaColumns::append(const Batch& rows) const {
  if (!exported_at_ && !hasher_) return rows;
  auto arrays = rows->columns();
  if (exported_at_) arrays.push_back(TRY(repeated(*exported_at_, rows->num_rows())));
  if (hasher_) arrays.push_back(TRY(hasher_->hash(*rows)));
  return arrow::RecordBatch::Make(schema_, rows->num_rows(), std::move(arrays));
}

}  // namespace rivet::batch
