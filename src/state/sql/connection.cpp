// SPDX-License-Identifier: Apache-2.0
// Reading rows column by column, and transactions that end.
#include "state/sql/connection.hpp"

#include <fmt/format.h>

#include "base/fault_point.hpp"

namespace rivet::state::sql {

std::string Numbers::joined() const { return fmt::format("{}", fmt::join(of, ",")); }

Result<bool> Execution::next() {
  TRY(finish());
  column_ = 0;
  return cursor_->next().context(query_);
}

Result<void> Execution::run() {
  while (TRY(next())) {
  }
  return {};
}

Result<void> Execution::finish() const {
  if (problem_.empty()) return {};
  return fail(ErrorKind::data,
              fmt::format("the state store {} holds a row that cannot be read: {} ({})", location_, problem_, query_),
              "it was written by a newer version, or is damaged: use that version, or restore a copy");
}

void Execution::refuse(std::string_view what) {
  if (problem_.empty()) problem_ = what;
}

bool Execution::skip_null() {
  if (!cursor_->is_null(column_)) return false;
  ++column_;
  return true;
}

std::string Execution::text() { return std::string(cursor_->text(column_++)); }

std::optional<std::string> Execution::optional_text() {
  if (skip_null()) return std::nullopt;
  return text();
}

std::string Execution::blob() { return cursor_->blob(column_++); }

std::int64_t Execution::integer() { return cursor_->integer(column_++); }

std::optional<std::int64_t> Execution::optional_integer() {
  if (skip_null()) return std::nullopt;
  return integer();
}

int Execution::small_integer() {
  const auto value = integer();
  if (!std::in_range<int>(value)) refuse("a number is out of range");
  return static_cast<int>(value);
}

std::optional<bool> Execution::optional_boolean() {
  if (skip_null()) return std::nullopt;
  return boolean();
}

base::Timestamp Execution::time() {
  const auto parsed = base::parse_rfc3339(text());
  if (parsed.has_value()) return *parsed;
  refuse("a time is not RFC 3339");
  return {};
}

std::optional<base::Timestamp> Execution::optional_time() {
  if (skip_null()) return std::nullopt;
  return time();
}

Transaction::~Transaction() {
  if (connection_ != nullptr && connection_->in_transaction()) connection_->rollback();
}

Result<void> Transaction::commit() {
  if (writes_) base::fault_point("before_commit");
  TRY(connection_->commit());
  connection_ = nullptr;
  if (writes_) base::fault_point("committed");
  return {};
}

Result<void> Connection::post(const Query& query, std::vector<Value> values) {
  return start_with(query, std::move(values)).run();
}

Result<Transaction> Connection::begin_write() {
  TRY(open_write());
  return Transaction(this, true);
}

Result<Transaction> Connection::begin_read() {
  TRY(open_read());
  return Transaction(this, false);
}

}  // namespace rivet::state::sql
