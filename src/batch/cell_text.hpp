// SPDX-License-Identifier: Apache-2.0
// The canonical text of a cell: what CSV files carry and the row hash covers.
#pragma once

#include "model/column.hpp"

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace rivet::batch {

/// Writes cells of one column as text. A value; copies are cheap, any thread may call it.
///
/// - boolean `true`/`false`; integers decimal; floats the shortest text that reads back, `NaN`, `inf`, `-inf`
/// - decimal with exactly `scale` fraction digits
/// - date `YYYY-MM-DD`: at least four year digits, astronomical years (`0000` is 1 BC), `-` before negative ones
/// - time `HH:MM:SS.ffffff`; timestamp `<date>THH:MM:SS.ffffff`, nine digits for nanoseconds; instants end in `Z`
/// - binary lower-case hex; uuid hyphenated; text, json, interval and enumeration as they are
/// - list: a JSON array without blanks; booleans, finite numbers and decimals bare, NULL as `null`, everything else
///   (also json, whose text is kept exactly) as JSON strings of the forms above
class CellWriter {
 public:
  explicit CellWriter(const model::LogicalType& type);

  /// Appends the cell's text to `out`. REQUIRES: `array` has storage_type(type) and is not NULL at `row`.
  void append(const arrow::Array& array, std::int64_t row, std::string& out) const { append_(*this, array, row, out); }

 private:
  friend struct CellForms;
  using Append = void (*)(const CellWriter&, const arrow::Array&, std::int64_t, std::string&);

  Append append_;
  int scale_ = 0;
  bool bare_in_json_ = false;                  // a JSON number or literal inside a list
  std::shared_ptr<const CellWriter> element_;  // lists only
};

/// Days since 1970-01-01 as `YYYY-MM-DD`, the form described above.
void append_date(std::int64_t days, std::string& out);

/// `text` as a JSON string with its quotes. Bytes from 0x80 on pass as they are.
void append_json_string(std::string_view text, std::string& out);

}  // namespace rivet::batch
