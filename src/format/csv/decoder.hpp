// SPDX-License-Identifier: Apache-2.0
// CSV back to batches.
#pragma once

#include "format/encoder.hpp"

namespace rivet::format::csv {

/// A decoder of the dialect in format.hpp. Kind data when the header does not name exactly the columns. Any bytes are
/// safe to read: what is not such a file ends in an error of kind data.
Result<std::unique_ptr<Decoder>> make_decoder(const model::Columns& columns,
                                              std::shared_ptr<arrow::io::RandomAccessFile> file);

}  // namespace rivet::format::csv
