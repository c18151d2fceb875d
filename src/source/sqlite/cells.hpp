// SPDX-License-Identifier: Apache-2.0
// One SQLite value into one Arrow builder: exactly, or not at all.
#pragma once

#include "base/result.hpp"
#include "model/column.hpp"

#include <arrow/array/builder_base.h>
#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace rivet::source::sqlite {

/// Why a value was not taken.
enum class Fault {
  none,
  misfit,           ///< not a value of the column's type
  bad_text,         ///< text that is not valid Unicode
  too_large,        ///< above the limit for one value
  unexpected_null,  ///< NULL in a column that promises none
  no_memory,
};

/// How the values of one column are converted.
struct CellRules {
  model::LogicalType type;
  bool text_is_hex = false;      ///< binary only: text holds hex digits; otherwise text is a misfit
  bool utf16 = false;            ///< the database stores UTF-16
  std::int64_t value_bytes = 0;  ///< the largest text or blob; 0: no limit
};

/// Where the values of one column go.
struct ColumnSink {
  CellRules rules;
  bool nullable = true;
  std::unique_ptr<arrow::ArrayBuilder> builder;
  std::string scratch = {};
};

/// Appends column `index` of the current row and adds its value's size to `bytes`; after a fault nothing was
/// appended. Builders of fixed width must have room reserved.
using AppendCell = Fault (*)(ColumnSink& sink, sqlite3_stmt* row, int index, std::int64_t& bytes);

/// Whether column `index` of the current row, which is not NULL, would be taken.
using FitCell = Fault (*)(const CellRules& rules, sqlite3_stmt* row, int index);

/// The conversion of a logical type. Both are null for lists, which SQLite does not have.
struct CellFunctions {
  AppendCell append = nullptr;
  FitCell fits = nullptr;
};
CellFunctions cell_functions(const model::LogicalType& type);

/// Bytes that one cell of the type takes in a batch before any text or blob.
std::int64_t fixed_bytes(const model::LogicalType& type);

/// The text of a cell of class text, valid until the next step. Of the rules only utf16 counts; text that is not valid
/// UTF-16 there is bad_text, UTF-8 is not checked.
Fault read_text(const CellRules& rules, sqlite3_stmt* row, int index, std::string_view& out);

/// The bytes of a cell of class blob, valid until the next step; of a text, as the database stores it.
std::string_view blob_of(sqlite3_stmt* row, int index);

/// Shortest text that reads back as the same double, with `.0` behind whole numbers as SQLite writes them.
std::string_view real_text(double value, std::array<char, 40>& buffer);

/// The value for messages: `'text'`, `12`, `x'00ff'`, at most 80 characters of it, odd bytes escaped.
std::string display_value(sqlite3_stmt* row, int index);

/// `integer`, `real`, `text`, `blob` or `null`.
std::string_view storage_class(sqlite3_stmt* row, int index);

}  // namespace rivet::source::sqlite
