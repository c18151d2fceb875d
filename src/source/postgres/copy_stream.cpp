// SPDX-License-Identifier: Apache-2.0
// COPY binary (https://www.postgresql.org/docs/15/sql-copy.html, "Binary Format"): a header, rows of counted
// fields, a trailer. Blocks need not end where rows do.
#include "source/postgres/copy_stream.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include <arrow/array/data.h>
#include <arrow/record_batch.h>
#include <fmt/format.h>

#include "source/postgres/cast_failures.hpp"
#include "source/postgres/horizon.hpp"
#include "source/postgres/predicate.hpp"
#include "source/postgres/wire.hpp"
#include "source/unrepresentable.hpp"

namespace rivet::source::postgres {
namespace {

using batch::Batch;

constexpr std::string_view kSignature("PGCOPY\n\377\r\n\0", 11);
constexpr std::size_t kHeaderSize = 19;  // signature, flags, length of the extension
constexpr std::int16_t kTrailer = -1;

/// One field of the row being decoded.
struct Field {
  const char* bytes = nullptr;
  std::int32_t size = -1;  // -1: NULL
};

Error broken_protocol(std::string_view what) {
  return {.kind = ErrorKind::unavailable, .message = fmt::format("the COPY stream is damaged: {}", what)};
}

class CopyStream final : public BatchStream {
 public:
  CopyStream(Transaction& transaction, CopyPlan plan);
  ~CopyStream() override;

  Result<std::optional<Batch>> next() override;
  std::int64_t bytes_read() const override { return bytes_read_; }
  const ReadInstant& instant() const override { return plan_.instant; }

 private:
  Result<void> reserve();
  bool batch_is_full() const;
  Result<bool> read_row();
  Result<std::string_view> more(std::string_view left);
  Result<bool> split_row(std::string_view& bytes);
  Result<void> append_row();
  Error unrepresentable(std::size_t column) const;
  std::string row_key() const;
  template <class T>
  Result<T> located(Result<T> result) const;
  Result<std::optional<Batch>> finish_batch();
  Result<void> finish_stream();

  Transaction& transaction_;
  Connection& connection_;
  CopyPlan plan_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::unique_ptr<CellDecoder>> decoders_;
  std::vector<Field> row_;
  CopyBlock block_;    // the block that `unread_` points into, unless that points into carry_
  std::string carry_;  // a row that did not end with its block, and the block after it
  std::string_view unread_;
  bool header_seen_ = false;
  bool trailer_seen_ = false;
  bool complete_ = false;
  std::int64_t batch_room_ = 0, batch_rows_ = 0, batch_bytes_ = 0;
  std::int64_t total_rows_ = 0, row_bytes_ = 0, bytes_read_ = 0;
};

CopyStream::CopyStream(Transaction& transaction, CopyPlan plan)
    : transaction_(transaction),
      connection_(transaction.connection()),
      plan_(std::move(plan)),
      schema_(batch::batch_schema(plan_.request.columns)),
      row_(plan_.request.columns.size()) {
  const bool validate_utf8 = connection_.parameter("server_encoding") == "SQL_ASCII";
  for (const auto& transport : plan_.description.transports) {
    decoders_.push_back(make_cell_decoder(transport, validate_utf8));
  }
}

CopyStream::~CopyStream() {
  if (!complete_) connection_.cancel();
}

Result<std::optional<Batch>> CopyStream::next() {
  if (complete_) return std::nullopt;
  TRY(reserve());
  while (!batch_is_full()) {
    if (!TRY(read_row())) {
      TRY(finish_stream());
      break;
    }
  }
  if (batch_rows_ == 0) return std::nullopt;
  return finish_batch();
}

/// Room for a batch, judged by the width of the rows so far: room that stays empty is memory all the same.
Result<void> CopyStream::reserve() {
  constexpr std::int64_t kFirstBatch = 256;
  const auto& limits = plan_.request.limits;
  const auto expected =
      total_rows_ == 0 ? kFirstBatch : limits.bytes * total_rows_ / std::max<std::int64_t>(row_bytes_, 1);
  batch_room_ = std::clamp<std::int64_t>(expected + expected / 16, 1, limits.rows);
  for (auto& decoder : decoders_) {
    if (const auto status = decoder->reserve(batch_room_); !status.ok()) {
      return fail(batch::from_arrow(status));
    }
  }
  return {};
}

bool CopyStream::batch_is_full() const {
  return batch_rows_ >= batch_room_ || batch_bytes_ >= plan_.request.limits.bytes;
}

/// One row into the builders; false at the trailer.
Result<bool> CopyStream::read_row() {
  for (;;) {
    auto bytes = unread_;
    if (!bytes.empty()) {
      if (TRY(split_row(bytes))) {
        const auto size = static_cast<std::int64_t>(unread_.size() - bytes.size());
        if (trailer_seen_) return false;
        TRY(append_row());
        unread_ = bytes;
        batch_bytes_ += size;
        row_bytes_ += size;
        return true;
      }
    }
    unread_ = TRY(more(unread_));
  }
}

/// The unread rest followed by the next block.
Result<std::string_view> CopyStream::more(std::string_view left) {
  std::string kept(left);
  block_ = TRY(located(connection_.copy_block(transaction_.limit())));
  if (block_.bytes == nullptr) {
    TRY(located(connection_.finish_copy(transaction_.limit())));  // says why, when the server knows
    return fail(broken_protocol("it ended without its trailer"));
  }
  bytes_read_ += block_.size;
  const std::string_view fresh(block_.bytes.get(), static_cast<std::size_t>(block_.size));
  if (kept.empty()) return fresh;
  carry_ = std::move(kept);
  carry_.append(fresh);
  return std::string_view(carry_);
}

/// Finds the fields of the row at the start of `bytes` and moves `bytes` behind it. False when it is not whole.
Result<bool> CopyStream::split_row(std::string_view& bytes) {
  auto rest = bytes;
  if (!header_seen_) {
    if (rest.size() < kHeaderSize) return false;
    const auto extension = wire::read_u32(rest.data() + 15);
    if (!rest.starts_with(kSignature)) return fail(broken_protocol("wrong signature"));
    if (rest.size() < kHeaderSize + extension + 2) return false;
    rest.remove_prefix(kHeaderSize + extension);
  }
  if (rest.size() < 2) return false;
  const auto count = wire::read_i16(rest.data());
  rest.remove_prefix(2);
  if (count == kTrailer) {
    trailer_seen_ = true;
    bytes = rest;
    return true;
  }
  if (static_cast<std::size_t>(count) != row_.size()) return fail(broken_protocol("a row of another width"));
  for (auto& field : row_) {
    if (rest.size() < 4) return false;
    field.size = wire::read_i32(rest.data());
    rest.remove_prefix(4);
    if (field.size < 0) continue;
    if (rest.size() < static_cast<std::size_t>(field.size)) return false;
    field.bytes = rest.data();
    rest.remove_prefix(static_cast<std::size_t>(field.size));
  }
  header_seen_ = true;
  bytes = rest;
  return true;
}

Result<void> CopyStream::append_row() {
  for (std::size_t i = 0; i < row_.size(); ++i) {
    const auto& field = row_[i];
    if (field.size < 0) {
      decoders_[i]->append_null();
    } else if (field.size > plan_.request.limits.value_bytes) {
      return fail(Error{.kind = ErrorKind::permanent,
                        .message = fmt::format("{}, column \"{}\", {}: a value of {} bytes is over max_value_mb",
                                               model::display_name(plan_.request.relation),
                                               plan_.request.columns[i].name, row_key(), field.size),
                        .code = "RIVET_VALUE_TOO_LARGE",
                        .hint = "raise tuning.max_value_mb, or leave the column out with a query"});
    } else if (!decoders_[i]->append(field.bytes, field.size)) {
      return fail(unrepresentable(i));
    }
  }
  ++batch_rows_;
  ++total_rows_;
  return {};
}

Error CopyStream::unrepresentable(std::size_t column) const {
  const auto& name = plan_.request.columns[column].name;
  return {.kind = ErrorKind::permanent,
          .message = fmt::format("{}, column \"{}\", {}: no {} holds this value: {}",
                                 model::display_name(plan_.request.relation), name, row_key(),
                                 model::to_string(plan_.request.columns[column].type), decoders_[column]->problem()),
          .code = kUnrepresentable,
          .hint = fmt::format("carry the column as exact text with  columns: {{ {}: text }}", name)};
}

/// `key id=42` by the relation's first key, or the row's number when it has none.
std::string CopyStream::row_key() const {
  std::string text;
  const auto& keys = plan_.description.inventory.keys;
  for (const auto& key : keys.empty() ? std::vector<std::string>() : keys.front().columns) {
    for (std::size_t i = 0; i < row_.size(); ++i) {
      if (plan_.request.columns[i].name != key || row_[i].size < 0) continue;
      text += fmt::format("{}{}={}", text.empty() ? "key " : ", ", key,
                          render_cell(plan_.description.transports[i].wire, row_[i].bytes, row_[i].size));
    }
  }
  return text.empty() ? fmt::format("row {}", total_rows_ + 1) : text;
}

/// The result; an error says what was being read, and how far.
template <class T>
Result<T> CopyStream::located(Result<T> result) const {
  if (result) return result;
  name_column_of_cast(result.error(), plan_);
  return std::move(result).context(
      fmt::format("reading {} (after {} rows)", model::display_name(plan_.request.relation), total_rows_));
}

Result<std::optional<Batch>> CopyStream::finish_batch() {
  arrow::ArrayDataVector columns;
  columns.reserve(decoders_.size());
  for (auto& decoder : decoders_) {
    auto column = decoder->finish();
    if (!column.ok()) return fail(batch::from_arrow(column.status()));
    columns.push_back(std::move(*column));
  }
  batch_bytes_ = 0;
  return arrow::RecordBatch::Make(schema_, std::exchange(batch_rows_, 0), std::move(columns));
}

Result<void> CopyStream::finish_stream() {
  const auto end = TRY(located(connection_.copy_block(transaction_.limit())));
  if (end.bytes != nullptr) return fail(broken_protocol("data after the trailer"));
  const auto reported = TRY(located(connection_.finish_copy(transaction_.limit())));
  if (reported != total_rows_) {
    return fail(broken_protocol(fmt::format("{} rows arrived, the server sent {}", total_rows_, reported)));
  }
  TRY(located(transaction_.verify_tables()));
  TRY(transaction_.end_and_reset());
  complete_ = true;
  return {};
}

/// A column as it is asked for. A value that its cast would change is cast with a word before it, which no type reads.
std::string selected(const Transport& transport, const std::string& name) {
  const auto& cast = transport.cast;
  if (cast.empty()) return "_rivet." + name;
  if (transport.keeps.empty()) return fmt::format("_rivet.{}::{} AS {}", name, cast, name);
  const auto text = fmt::format("_rivet.{}::text", name);
  return fmt::format("CASE WHEN {} THEN {}::{} ELSE ('more than {}: ' || {})::{} END AS {}",
                     fmt::format(fmt::runtime(transport.keeps), text), text, cast, cast, text, cast, name);
}

/// The FROM clause of the read.
Result<std::string> rows_of(const Quoting& quoting, const CopyPlan& plan) {
  const auto& [request, description, instant] = plan;
  PredicateScope scope{.quoting = quoting,
                       .relation = request.relation,
                       .fields = description.fields,
                       .keys = description.inventory.keys,
                       .coalesced = description.coalesced};
  if (description.inventory.row_versions) scope.next_version = TRY(next_version(instant.snapshot));
  return from_clause(scope, request.predicate);
}

}  // namespace

Result<std::string> count_statement(const Quoting& quoting, const CopyPlan& plan) {
  return "SELECT count(*) " + TRY(rows_of(quoting, plan));
}

Result<std::string> select_statement(const Quoting& quoting, const CopyPlan& plan) {
  const auto& [request, description, instant] = plan;
  std::string list;
  for (std::size_t i = 0; i < request.columns.size(); ++i) {
    if (i > 0) list += ", ";
    list += selected(description.transports[i], quoting.identifier(request.columns[i].name));
  }
  return fmt::format("SELECT {} {}", list, TRY(rows_of(quoting, plan)));
}

Result<std::string> copy_statement(const Quoting& quoting, const CopyPlan& plan) {
  return fmt::format("COPY ({}) TO STDOUT (FORMAT binary)", TRY(select_statement(quoting, plan)));
}

Result<std::unique_ptr<BatchStream>> open_copy_stream(Transaction& transaction, CopyPlan plan) {
  const auto doing = "reading " + model::display_name(plan.request.relation);
  auto& connection = transaction.connection();
  const auto statement = TRY(copy_statement(connection.quoting(), plan).context(doing));
  auto begun = connection.begin_copy(statement, transaction.limit());
  if (!begun) name_column_of_cast(begun.error(), plan);
  TRY(std::move(begun).context(doing));
  return std::make_unique<CopyStream>(transaction, std::move(plan));
}

}  // namespace rivet::source::postgres
