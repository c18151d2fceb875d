// SPDX-License-Identifier: Apache-2.0
// Binary cells of COPY and of arrays into columns (the server's `*_send` formats).
#pragma once

#include <memory>
#include <string>

#include <arrow/type_fwd.h>

#include "base/result.hpp"
#include "model/column.hpp"
#include "source/postgres/types.hpp"

namespace rivet::source::postgres {

/// Decodes the cells of one column. Not thread safe.
class CellDecoder {
 public:
  virtual ~CellDecoder() = default;
  /// Makes room for `rows` more cells. REQUIRES: before the first append of a batch, and no more appends than that.
  virtual arrow::Status reserve(std::int64_t rows) = 0;
  /// Appends one cell. False when the type cannot hold it: problem() says why, nothing was appended.
  virtual bool append(const char* bytes, std::int32_t size) = 0;
  virtual void append_null() = 0;
  /// The column so far, as storage type; starts the next one.
  virtual arrow::Result<std::shared_ptr<arrow::ArrayData>> finish() = 0;

  const std::string& problem() const { return problem_; }

 protected:
  bool refuse(std::string why) {
    problem_ = std::move(why);
    return false;
  }

 private:
  std::string problem_;
};

/// The decoder of a transport. `validate_utf8`: the server does not vouch for its text (SQL_ASCII).
std::unique_ptr<CellDecoder> make_cell_decoder(const Transport& transport, bool validate_utf8);

/// A raw cell for messages: numbers and text as such, anything else in hex, at most 80 characters.
std::string render_cell(Wire wire, const char* bytes, std::int32_t size);

}  // namespace rivet::source::postgres
