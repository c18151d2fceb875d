// SPDX-License-Identifier: Apache-2.0
// Record batches into one Parquet file (https://parquet.apache.org/docs/file-format/).
#pragma once

#include <memory>

#include <arrow/util/type_fwd.h>

#include "format/encoder.hpp"
#include "format/parquet/format.hpp"

namespace rivet::format::parquet {

/// Arrow's name for a codec.
arrow::Compression::type arrow_codec(config::Compression compression);

/// An encoder of one file. Up to two row groups are encoded on threads of their own while the next one fills; the
/// sink is called from the caller's thread only. Columns that do not repeat in the first row group get no dictionary.
Result<std::unique_ptr<Encoder>> make_parquet_encoder(const model::Columns& columns, const ParquetOptions& options,
                                                      ByteSink sink);

}  // namespace rivet::format::parquet
