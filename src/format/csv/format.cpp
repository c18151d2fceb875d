// SPDX-License-Identifier: Apache-2.0
// The CSV format, put together.
#include "format/csv/format.hpp"

#include "format/csv/decoder.hpp"
#include "format/csv/encoder.hpp"

namespace rivet::format {
namespace {

class CsvFormat final : public Format {
 public:
  std::string_view extension() const override { return "csv"; }

  Result<std::unique_ptr<Encoder>> encoder(const model::Columns& columns, ByteSink sink) const override {
    return csv::make_encoder(columns, std::move(sink));
  }

  Result<std::unique_ptr<Decoder>> decoder(const model::Columns& columns,
                                           std::shared_ptr<arrow::io::RandomAccessFile> file) const override {
    return csv::make_decoder(columns, std::move(file));
  }
};

}  // namespace

std::unique_ptr<Format> make_csv_format() { return std::make_unique<CsvFormat>(); }

}  // namespace rivet::format
