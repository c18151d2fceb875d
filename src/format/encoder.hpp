// SPDX-License-Identifier: Apache-2.0
// The Encoder contract: record batches in, the bytes of one file out; and the way back for verification.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include <arrow/io/type_fwd.h>

#include "base/result.hpp"
#include "batch/schema.hpp"
#include "model/column.hpp"

namespace rivet::format {

/// Where an encoder's bytes go. Called from one thread at a time.
using ByteSink = std::function<Result<void>(const void* bytes, std::int64_t size)>;

/// What finish() tells about the file.
struct EncodedFile {
  std::int64_t rows = 0;
  std::int64_t bytes = 0;
};

/// Encodes one file. Not thread safe; dropping it without finish() leaves an unusable file behind,
/// which the caller abandons.
class Encoder {
 public:
  virtual ~Encoder() = default;
  /// REQUIRES: batch_schema of the columns the encoder was made for. Errors of the sink pass through;
  /// kind permanent for a value the format cannot hold.
  virtual Result<void> write(const batch::Batch& rows) = 0;
  /// Bytes handed to the sink so far plus an estimate of what is still buffered.
  virtual std::int64_t bytes_so_far() const = 0;
  /// Writes what is buffered and the footer. No call may follow.
  virtual Result<EncodedFile> finish() = 0;
};

/// Reads a finished file back as batches with batch_schema(columns). Not thread safe.
class Decoder {
 public:
  virtual ~Decoder() = default;
  /// The next batch, or nothing at the end. Kind data when the file is damaged or does not have the columns.
  virtual Result<std::optional<batch::Batch>> next() = 0;
  /// How many rows the file says it has; nothing when only reading it tells.
  virtual std::optional<std::int64_t> stated_rows() const { return std::nullopt; }
};

/// A file format with its options fixed. Immutable; any thread may call it.
class Format {
 public:
  virtual ~Format() = default;
  /// File name extension without the dot.
  virtual std::string_view extension() const = 0;
  /// Kind config when a column's type cannot be written in this format, naming it.
  virtual Result<std::unique_ptr<Encoder>> encoder(const model::Columns& columns, ByteSink sink) const = 0;
  virtual Result<std::unique_ptr<Decoder>> decoder(const model::Columns& columns,
                                                   std::shared_ptr<arrow::io::RandomAccessFile> file) const = 0;
};

}  // namespace rivet::format
