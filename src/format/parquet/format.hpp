// SPDX-License-Identifier: Apache-2.0
// Parquet as a Format.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/result.hpp"
#include "config/config.hpp"
#include "format/encoder.hpp"

namespace rivet::format::parquet {

/// Options of the files to write. Row groups close at whichever bound is hit first.
struct ParquetOptions {
  config::Compression compression = config::Compression::zstd;
  std::optional<int> level;  ///< of the codec; its default when unset
  std::int64_t row_group_rows = 1'048'576;
  std::int64_t row_group_bytes = 13LL << 20;    ///< of Arrow data before encoding; more for many columns
  std::int64_t column_chunk_bytes = 4LL << 20;  ///< the same of its largest column
  std::size_t groups_at_once = 2;               ///< encoded side by side, each by a thread of its own
};

/// The options an export asks for (`compression*`, `parquet:`). Without a `parquet` block row groups are
/// bounded by bytes, which keeps memory small on tables of any width; with `parallel` units each gets less.
ParquetOptions parquet_options(const config::Export& entry);

/// Any thread may use the format; codecs that the build lacks are refused with kind config.
Result<std::unique_ptr<Format>> make_parquet_format(const ParquetOptions& options);

}  // namespace rivet::format::parquet
