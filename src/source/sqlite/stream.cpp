// SPDX-License-Identifier: Apache-2.0
// Steps through a statement and fills Arrow builders, one function call a cell.
#include "source/sqlite/stream.hpp"

#include "base/text.hpp"
#include "batch/schema.hpp"
#include "source/sqlite/cells.hpp"
#include "source/sqlite/predicate.hpp"
#include "source/sqlite/types.hpp"
#include "source/unrepresentable.hpp"

#include <arrow/array/builder_binary.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace rivet::source::sqlite {
namespace {

using Kind = model::LogicalKind;

/// One way in which a column is not the agreed one; empty when it is.
std::string difference(const ShapeColumn& now, const model::Column& agreed) {
  if (now.name != agreed.name) return fmt::format("column '{}' is now '{}'", agreed.name, now.name);
  const auto native = native_type_of(now);
  if (native != agreed.native_type) {
    return fmt::format("column '{}' is now declared {}, was {}", now.name, native, agreed.native_type);
  }
  if (now.nullable == agreed.nullable) return {};
  return fmt::format("column '{}' is now {}", now.name, now.nullable ? "nullable" : "NOT NULL");
}

Result<void> require_agreed(const model::Relation& relation, const model::Columns& agreed, const Shape& shape) {
  std::vector<std::string> found;
  if (shape.columns.size() != agreed.size()) {
    found.push_back(fmt::format("{} columns, were {}", shape.columns.size(), agreed.size()));
  }
  for (std::size_t i = 0; i < std::min(shape.columns.size(), agreed.size()); ++i) {
    if (auto text = difference(shape.columns[i], agreed[i]); !text.empty()) found.push_back(std::move(text));
  }
  if (found.empty()) return {};
  return fail(
      ErrorKind::drift,
      fmt::format("{} has changed since it was described: {}", model::display_name(relation), fmt::join(found, "; ")),
      "run again to take up the new columns");
}

CellRules rules_for(const Connection& connection, const ReadRequest& request, const ShapeColumn& from,
                    const model::Column& column) {
  const auto affinity = affinity_of(from.declared);
  // A column that holds text by declaration can only be binary by the user's wish: its text is hex then.
  const bool typed = affinity != Affinity::blob && affinity != Affinity::numeric;
  return {.type = column.type,
          .text_is_hex = typed,
          .utf16 = connection.is_utf16(),
          .value_bytes = request.limits.value_bytes};
}

/// Rows that a batch may have so that its fixed-width part alone stays within the limit.
std::int64_t row_capacity(const ReadRequest& request) {
  std::int64_t width = 0;
  for (const auto& column : request.columns) width += fixed_bytes(column.type);
  return std::clamp<std::int64_t>(request.limits.bytes / std::max<std::int64_t>(width, 1), 1,
                                  std::max<std::int64_t>(request.limits.rows, 1));
}

class SqliteStream final : public BatchStream {
 public:
  SqliteStream(Connection& connection, ReadTransaction transaction, ReadRequest request, Shape shape,
               ReadInstant instant)
      : connection_(connection),
        transaction_(std::move(transaction)),
        request_(std::move(request)),
        shape_(std::move(shape)),
        schema_(batch::batch_schema(request_.columns)),
        capacity_(row_capacity(request_)),
        instant_(std::move(instant)) {}

  Result<void> start() {
    for (std::size_t i = 0; i < request_.columns.size(); ++i) TRY(add_sink(i));
    last_sizes_.resize(sinks_.size());
    const auto sql = TRY(select_rows(shape_, request_.relation, request_.predicate, needs_rowid()));
    statement_ = TRY(prepare_bound(connection_, sql));
    return {};
  }

  Result<std::optional<batch::Batch>> next() override {
    if (complete_) return std::optional<batch::Batch>();
    if (statement_ == nullptr) return fail(ErrorKind::internal, "the stream has already failed");
    auto batch = read_batch();
    connection_.watch(nullptr);
    if (!batch) statement_.reset();
    return batch;
  }

  std::int64_t bytes_read() const override { return bytes_; }
  const ReadInstant& instant() const override { return instant_; }

 private:
  Result<void> add_sink(std::size_t i) {
    const auto& column = request_.columns[i];
    const auto functions = cell_functions(column.type);
    if (functions.append == nullptr) {
      return fail(ErrorKind::config,
                  fmt::format("column '{}' cannot be read as {}", column.name, to_string(column.type)));
    }
    auto builder = arrow::MakeBuilder(schema_->field(static_cast<int>(i))->type(), batch::memory_pool());
    if (!builder.ok()) return fail(batch::from_arrow(builder.status()));
    sinks_.push_back({.rules = rules_for(connection_, request_, shape_.columns[i], column),
                      .nullable = column.nullable,
                      .builder = builder.MoveValueUnsafe()});
    append_.push_back(functions.append);
    return {};
  }

  /// Whether only the rowid can name a row, and there is room for it behind the columns.
  bool needs_rowid() {
    const auto limit = static_cast<std::size_t>(sqlite3_limit(connection_.handle(), SQLITE_LIMIT_COLUMN, -1));
    selects_rowid_ = shape_.primary_key.empty() && !shape_.rowid.empty() && shape_.columns.size() < limit;
    return selects_rowid_;
  }

  Result<std::optional<batch::Batch>> read_batch() {
    if (connection_.stop_requested()) return fail(connection_.cancelled());
    connection_.watch(&rows_);
    TRY(reserve());
    const auto first_row = rows_;
    const auto last_byte = bytes_ + request_.limits.bytes;
    do {
      const int code = sqlite3_step(statement_.get());
      if (code == SQLITE_DONE) {
        complete_ = true;
        break;
      }
      if (code != SQLITE_ROW) return fail(connection_.failure(code));
      if (const auto at = append_row(); at >= 0) return fail(explain(at));
      ++rows_;
    } while (rows_ - first_row < capacity_ && bytes_ < last_byte);
    if (rows_ == first_row) return std::optional<batch::Batch>();
    return finish(rows_ - first_row);
  }

  /// The index of the first column whose value was not taken, with the reason in fault_; -1 when all were.
  int append_row() {
    const int columns = static_cast<int>(append_.size());
    for (int i = 0; i < columns; ++i) {
      const auto at = static_cast<std::size_t>(i);
      fault_ = append_[at](sinks_[at], statement_.get(), i, bytes_);
      if (fault_ != Fault::none) return i;
    }
    return -1;
  }

  Result<void> reserve() {
    for (std::size_t i = 0; i < sinks_.size(); ++i) {
      auto status = sinks_[i].builder->Reserve(capacity_);
      if (status.ok() && last_sizes_[i] > 0) {
        status = static_cast<arrow::BinaryBuilder&>(*sinks_[i].builder).ReserveData(last_sizes_[i]);
      }
      if (!status.ok()) return fail(batch::from_arrow(status));
    }
    return {};
  }

  Result<std::optional<batch::Batch>> finish(std::int64_t rows) {
    arrow::ArrayVector arrays(sinks_.size());
    for (std::size_t i = 0; i < sinks_.size(); ++i) {
      auto& builder = *sinks_[i].builder;
      const auto id = builder.type()->id();
      if (id == arrow::Type::STRING || id == arrow::Type::BINARY) {
        // One giant value must not make every later batch reserve as much.
        last_sizes_[i] =
            std::min(static_cast<arrow::BinaryBuilder&>(builder).value_data_length(), request_.limits.bytes);
      }
      if (const auto status = builder.Finish(&arrays[i]); !status.ok()) return fail(batch::from_arrow(status));
    }
    return std::optional<batch::Batch>(arrow::RecordBatch::Make(schema_, rows, std::move(arrays)));
  }

  /// `id = 5`, `rowid 5`, or the number of the row when nothing else names it.
  std::string row_name() const {
    std::string name;
    for (const auto& key : shape_.primary_key) {
      const auto column = std::find_if(shape_.columns.begin(), shape_.columns.end(),
                                       [&](const auto& candidate) { return candidate.name == key; });
      const auto value = display_value(statement_.get(), static_cast<int>(column - shape_.columns.begin()));
      name += fmt::format("{}{} = {}", name.empty() ? "" : ", ", key, value);
    }
    if (!name.empty()) return name;
    if (!selects_rowid_) return fmt::format("number {} of the result", rows_ + 1);
    return "rowid " + display_value(statement_.get(), static_cast<int>(shape_.columns.size()));
  }

  std::string place(const model::Column& column) const {
    return fmt::format("{}, column '{}', row {}", model::display_name(request_.relation), column.name, row_name());
  }

  Error explain(int index) const {
    const auto& column = request_.columns[static_cast<std::size_t>(index)];
    switch (fault_) {
      case Fault::too_large: return too_large(column, index);
      case Fault::no_memory:
        return Error{.kind = ErrorKind::overloaded, .message = place(column) + ": out of memory for its value"};
      default: return unrepresentable(column, index);
    }
  }

  Error too_large(const model::Column& column, int index) const {
    const auto size = sqlite3_column_bytes(statement_.get(), index);
    return Error{.kind = ErrorKind::permanent,
                 .message = fmt::format("{}: the value has {}, the limit is {}", place(column), base::human_bytes(size),
                                        base::human_bytes(request_.limits.value_bytes)),
                 .code = "RIVET_VALUE_TOO_LARGE",
                 .hint = "raise tuning.max_value_mb, or leave the column out with a query"};
  }

  Error unrepresentable(const model::Column& column, int index) const {
    std::string why = fmt::format("is no {}", to_string(column.type));
    if (fault_ == Fault::bad_text) why = "is not valid Unicode text";
    if (fault_ == Fault::unexpected_null) why = "stands in a NOT NULL column";
    return Error{.kind = ErrorKind::permanent,
                 .message = fmt::format("{}: the {} {} {}", place(column), storage_class(statement_.get(), index),
                                        display_value(statement_.get(), index), why),
                 .code = kUnrepresentable,
                 .hint = way_out(column, index)};
  }

  std::string way_out(const model::Column& column, int index) const {
    const auto name = quote_identifier(column.name);
    const int storage = sqlite3_column_type(statement_.get(), index);
    if (fault_ == Fault::unexpected_null) return "the database is damaged: run PRAGMA integrity_check";
    if (fault_ == Fault::bad_text || storage == SQLITE_BLOB) {
      return fmt::format(
          "read it with a query: SELECT hex({0}) AS {0} ..., or CAST({0} AS BLOB) AS {0} with columns: "
          "{{{1}: binary}}",
          name, column.name);
    }
    if (column.type.kind == Kind::binary)
      return fmt::format("read it with a query: SELECT CAST({0} AS BLOB) AS {0} ...", name);
    return fmt::format("carry the column as exact text with columns: {{{}: text}}", column.name);
  }

  Connection& connection_;
  ReadTransaction transaction_;  // before the statement, which must end first
  const ReadRequest request_;
  const Shape shape_;
  const std::shared_ptr<arrow::Schema> schema_;
  const std::int64_t capacity_;
  const ReadInstant instant_;
  Statement statement_;
  std::vector<ColumnSink> sinks_;
  std::vector<AppendCell> append_;
  std::vector<std::int64_t> last_sizes_;  // bytes of text in the last batch, 0 for fixed widths
  bool selects_rowid_ = false;
  bool complete_ = false;
  Fault fault_ = Fault::none;
  std::int64_t rows_ = 0;
  std::int64_t bytes_ = 0;
};

}  // namespace

Result<std::unique_ptr<BatchStream>> open_stream(Connection& connection, const ReadRequest& request,
                                                 ReadInstant instant) {
  connection.watch(nullptr);
  auto transaction = TRY(ReadTransaction::begin(connection));
  auto shape = TRY(read_shape(connection, request.relation));
  TRY(require_agreed(request.relation, request.columns, shape));
  if (instant.snapshot.empty()) instant.snapshot = fmt::format("schema_version={}", transaction.schema_version());
  auto stream =
      std::make_unique<SqliteStream>(connection, std::move(transaction), request, std::move(shape), std::move(instant));
  TRY(stream->start());
  return stream;
}

Result<std::vector<std::int64_t>> count_rows(Connection& connection, const CountRequest& request) {
  connection.watch(nullptr);
  const auto transaction = TRY(ReadTransaction::begin(connection));
  const auto shape = TRY(read_shape(connection, request.relation));
  TRY(require_agreed(request.relation, request.columns, shape));
  std::vector<std::int64_t> counts;
  for (const auto& predicate : request.predicates) {
    auto sql = TRY(select_rows(shape, request.relation, predicate, false));
    sql.text = fmt::format("SELECT count(*) FROM ({})", sql.text);
    const auto statement = TRY(prepare_bound(connection, sql));
    TRY(connection.step(statement.get()));
    counts.push_back(sqlite3_column_int64(statement.get(), 0));
  }
  return counts;
}

}  // namespace rivet::source::sqlite
