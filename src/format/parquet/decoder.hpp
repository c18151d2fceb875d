// SPDX-License-Identifier: Apache-2.0
// A Parquet file back into batches, for verification.
#pragma once

#include <memory>

#include "format/encoder.hpp"

namespace rivet::format::parquet {

/// Reads row group by row group in bounded memory. Kind data when the file is damaged or its columns are not
/// these; it never trusts a length it has not checked.
Result<std::unique_ptr<Decoder>> make_parquet_decoder(const model::Columns& columns,
                                                      std::shared_ptr<arrow::io::RandomAccessFile> file);

}  // namespace rivet::format::parquet
