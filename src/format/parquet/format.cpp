// SPDX-License-Identifier: Apache-2.0
// Options and the two halves: encoder and decoder.
#include "format/parquet/format.hpp"

#include <algorithm>
#include <utility>

#include <arrow/util/compression.h>
#include <fmt/format.h>

#include "format/parquet/decoder.hpp"
#include "format/parquet/encoder.hpp"

namespace rivet::format::parquet {
namespace {

class ParquetFormat final : public Format {
 public:
  explicit ParquetFormat(ParquetOptions options) : options_(options) {}

  std::string_view extension() const override { return "parquet"; }
  Result<std::unique_ptr<Encoder>> encoder(const model::Columns& columns, ByteSink sink) const override {
    return make_parquet_encoder(columns, options_, std::move(sink));
  }
  Result<std::unique_ptr<Decoder>> decoder(const model::Columns& columns,
                                           std::shared_ptr<arrow::io::RandomAccessFile> file) const override {
    return make_parquet_decoder(columns, std::move(file));
  }

 private:
  ParquetOptions options_;
};

}  // namespace

ParquetOptions parquet_options(const config::Export& entry) {
  constexpr std::int64_t kMegabyte = 1LL << 20, kUnbounded = 1LL << 40;
  ParquetOptions options{.compression = entry.compression, .level = entry.compression_level};
  if (entry.keys.parallel > 1) {  // the units are what the other cores work on
    options.groups_at_once = 1;
    options.row_group_bytes = kMegabyte * 8;
  }
  // A file is only as exact in size as its row groups are small.
  if (entry.max_file_size) {
    options.row_group_bytes = std::clamp(*entry.max_file_size / 4, std::int64_t{64} << 10, options.row_group_bytes);
  }
  if (!entry.parquet) return options;
  const auto& block = *entry.parquet;
  options.column_chunk_bytes = kUnbounded;
  switch (block.strategy) {
    case config::RowGroupStrategy::fixed_rows:
      options.row_group_rows = block.row_group_rows.value_or(options.row_group_rows);
      options.row_group_bytes = kUnbounded;
      break;
    case config::RowGroupStrategy::auto_:
    case config::RowGroupStrategy::fixed_memory:
      options.row_group_rows = 10'000'000;
      options.row_group_bytes = block.target_row_group_mb * kMegabyte;
      break;
  }
  if (block.max_row_group_mb) {
    options.row_group_bytes = std::min(options.row_group_bytes, *block.max_row_group_mb * kMegabyte);
  }
  return options;
}

Result<std::unique_ptr<Format>> make_parquet_format(const ParquetOptions& options) {
  if (!arrow::util::Codec::IsAvailable(arrow_codec(options.compression))) {
    return fail(ErrorKind::config,
                fmt::format("compression: {} is not available in this build", config::name_of(options.compression)));
  }
  return std::make_unique<ParquetFormat>(options);
}

}  // namespace rivet::format::parquet
