// SPDX-License-Identifier: Apache-2.0
// SQLite's literals, written and read back strictly.
#include "source/sqlite/key_value.hpp"

#include "batch/value_parser.hpp"
#include "source/sqlite/cells.hpp"

#include <arrow/util/utf8.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

namespace rivet::source::sqlite {
namespace {

constexpr std::string_view kInfinity = "9e999";
constexpr std::string_view kRawBegin = "CAST(";
constexpr std::string_view kRawEnd = " AS TEXT)";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A year of four or more digits, perhaps negative, then month and day: what no number looks like.
bool is_plain_date(std::string_view text) {
  if (!text.empty() && text.front() == '-') text.remove_prefix(1);
  if (text.size() < 10 || !std::all_of(text.begin(), text.end() - 6, is_digit)) return false;
  const auto tail = text.substr(text.size() - 6);
  return tail[0] == '-' && is_digit(tail[1]) && is_digit(tail[2]) && tail[3] == '-' && is_digit(tail[4]) &&
         is_digit(tail[5]);
}

bool is_clean(std::string_view text) {
  arrow::util::InitializeUTF8();
  return text.find('\0') == std::string_view::npos && arrow::util::ValidateUTF8(text);
}

std::string real_literal(double value) {
  if (std::isinf(value)) return (value < 0 ? "-" : "") + std::string(kInfinity);
  std::array<char, 40> buffer;
  return std::string(real_text(value, buffer));
}

std::string text_literal(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + '\'';
}

std::string blob_literal(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out = "X'";
  for (const char c : bytes) {
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
  return out + '\'';
}

Result<std::string> text_at_exactly(const Connection& connection, sqlite3_stmt* row, int index) {
  const std::string stored(blob_of(row, index));  // before the conversions below
  std::string_view text;
  const auto fault = read_text({.type = {}, .utf16 = connection.is_utf16()}, row, index, text);
  if (fault == Fault::no_memory) return fail(ErrorKind::overloaded, "out of memory for a key value");
  if (fault != Fault::none || !is_clean(text)) return fmt::format("{}{}{}", kRawBegin, blob_literal(stored), kRawEnd);
  return is_plain_date(text) ? std::string(text) : text_literal(text);
}

std::optional<KeyValue> parse_number(std::string_view text) {
  const auto digits = text.substr(text.front() == '-' ? 1 : 0);
  if (digits.empty() || !is_digit(digits.front())) return std::nullopt;
  if (digits == kInfinity) return (text.size() > digits.size() ? -1 : 1) * std::numeric_limits<double>::infinity();
  const auto* end = text.data() + text.size();
  const auto parse = [&](auto number) -> std::optional<KeyValue> {
    const auto parsed = std::from_chars(text.data(), end, number);
    return parsed.ec == std::errc() && parsed.ptr == end ? std::optional<KeyValue>(number) : std::nullopt;
  };
  return std::all_of(digits.begin(), digits.end(), is_digit) ? parse(std::int64_t{0}) : parse(0.0);
}

std::optional<std::string> parse_blob(std::string_view text) {
  if (text.size() < 3 || !text.starts_with("X'") || text.back() != '\'') return std::nullopt;
  std::string bytes;
  if (!batch::parse_hex(text.substr(2, text.size() - 3), bytes)) return std::nullopt;
  return bytes;
}

std::optional<KeyValue> parse_quoted(std::string_view text) {
  if (text.size() < 2 || text.back() != '\'') return std::nullopt;
  const auto inner = text.substr(1, text.size() - 2);
  TextValue out;
  for (std::size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] == '\'' && (++i == inner.size() || inner[i] != '\'')) return std::nullopt;
    out.bytes += inner[i];
  }
  if (!is_clean(out.bytes)) return std::nullopt;
  return out;
}

std::optional<KeyValue> parse_raw(std::string_view text) {
  if (!text.ends_with(kRawEnd)) return std::nullopt;
  text.remove_prefix(kRawBegin.size());
  text.remove_suffix(kRawEnd.size());
  const auto bytes = parse_blob(text);
  if (!bytes) return std::nullopt;
  return TextValue{*bytes, true};
}

std::optional<KeyValue> parse(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (text.front() == '\'') return parse_quoted(text);
  if (is_plain_date(text)) return TextValue{std::string(text)};
  if (text.size() >= kRawBegin.size() + kRawEnd.size() && text.starts_with(kRawBegin)) return parse_raw(text);
  if (text.front() != 'X') return parse_number(text);
  const auto bytes = parse_blob(text);
  if (!bytes) return std::nullopt;
  return BlobValue{*bytes};
}

struct Bind {
  const Connection& connection;
  sqlite3_stmt* statement;
  int index;

  int operator()(std::int64_t number) const { return sqlite3_bind_int64(statement, index, number); }
  int operator()(double number) const { return sqlite3_bind_double(statement, index, number); }
  int operator()(const BlobValue& blob) const {
    return sqlite3_bind_blob64(statement, index, blob.bytes.data(), blob.bytes.size(), SQLITE_TRANSIENT);
  }
  int operator()(const TextValue& text) const {
    const int encoding = text.raw ? connection.text_encoding() : SQLITE_UTF8;
    return sqlite3_bind_text64(statement, index, text.bytes.data(), text.bytes.size(), SQLITE_TRANSIENT,
                               static_cast<unsigned char>(encoding));
  }
};

}  // namespace

Result<std::string> key_text(const Connection& connection, sqlite3_stmt* row, int index) {
  switch (sqlite3_column_type(row, index)) {
    case SQLITE_INTEGER: return fmt::format("{}", sqlite3_column_int64(row, index));
    case SQLITE_FLOAT: return real_literal(sqlite3_column_double(row, index));
    case SQLITE_TEXT: return text_at_exactly(connection, row, index);
    case SQLITE_BLOB: return blob_literal(blob_of(row, index));
    default: return fail(ErrorKind::internal, "NULL is no key value");
  }
}

Result<KeyValue> parse_key_value(std::string_view text) {
  if (auto value = parse(text)) return std::move(*value);
  return fail(ErrorKind::data, fmt::format("{} is no key value of SQLite", text));
}

Result<void> bind_key_value(const Connection& connection, sqlite3_stmt* statement, int index, const KeyValue& value) {
  const int code = std::visit(Bind{connection, statement, index}, value);
  if (code != SQLITE_OK) return fail(connection.failure(code));
  return {};
}

}  // namespace rivet::source::sqlite
