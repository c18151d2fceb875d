// SPDX-License-Identifier: Apache-2.0
// Columns of text into columns of typed values, exactly: the way back from cell_text.hpp.
#pragma once

#include "model/column.hpp"

#include <arrow/type_fwd.h>

#include <memory>
#include <string_view>

namespace rivet::batch {

/// What became of one value given to a TextAppender.
enum class Appended {
  yes,
  misfit,     ///< the text is not a value of the type; nothing was appended
  no_memory,  ///< Arrow could not grow the builder; nothing was appended
};

/// Appends text to one Arrow builder as values of one type. NULLs go to the builder directly. Not thread safe.
class TextAppender {
 public:
  virtual ~TextAppender() = default;
  /// Reads `text` in the form cell_text.hpp writes (and the variants value_parser.hpp names). Kinds carried as text
  /// (text, json, interval, enumeration) must be valid UTF-8 and are not looked into. A list is a JSON array
  /// whose elements are bare or quoted; `null` is NULL.
  virtual Appended append(std::string_view text) = 0;
};

/// The appender of `type`. `builder` must build storage_type(type) and outlive the appender.
std::unique_ptr<TextAppender> make_text_appender(const model::LogicalType& type, arrow::ArrayBuilder& builder);

}  // namespace rivet::batch
