// SPDX-License-Identifier: Apache-2.0
// CSV as a file format (RFC 4180, https://www.rfc-editor.org/rfc/rfc4180, with LF line ends).
#pragma once

#include "format/encoder.hpp"

#include <memory>

namespace rivet::format {

/// The one CSV dialect: UTF-8, comma, LF at the end of every line, a header line always; a field is quoted when it
/// holds a comma, a quote, CR or LF. NULL is an empty field and the empty value is `""`, so that both read back. Cells
/// have the text forms of batch/cell_text.hpp.
///
/// In a file of one column a NULL row is an empty line: our decoder and DuckDB read it as NULL, readers that skip
/// empty lines need that option switched off. A relation without columns is refused (kind config).
std::unique_ptr<Format> make_csv_format();

}  // namespace rivet::format
