// SPDX-License-Identifier: Apache-2.0
// The parts of one unit: encodes batches, rotates by file size, and commits all of them at the end.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "batch/digest.hpp"
#include "destination/destination.hpp"
#include "destination/hashed_upload.hpp"
#include "format/encoder.hpp"
#include "model/part.hpp"

namespace rivet::run {

/// Everything that names and shapes the parts of a unit.
struct PartOptions {
  std::string run_id;
  std::string file_stem;  ///< `<export>_<time>_<nonce>_u<unit>_e<epoch>`
  int unit_index = 0;
  int epoch = 0;
  model::Columns columns;                     ///< of the file, ours included
  std::optional<std::int64_t> max_file_size;  ///< start a new part once a part is this large
  bool with_md5 = true;
};

/// Writes a unit's parts. Nothing is visible at the destination before commit(); dropping the writer
/// abandons everything. Used by one thread.
class PartWriter {
 public:
  /// `destination` and `format` must outlive the writer.
  PartWriter(const destination::Destination& destination, const format::Format& format, PartOptions options);

  /// Digests and encodes a batch.
  Result<void> write(const batch::Batch& rows);

  /// Finishes the last part and makes all parts durable and visible, in order. No rows: no parts.
  Result<std::vector<model::Part>> commit(const base::Clock& clock);

 private:
  struct OpenPart {
    std::unique_ptr<destination::HashedUpload> upload;
    std::unique_ptr<format::Encoder> encoder;
  };
  struct FinishedPart {
    model::Part part;
    std::unique_ptr<destination::HashedUpload> upload;
  };

  Result<void> write_piece(const batch::Batch& rows);
  Result<void> open_part();
  Result<void> finish_part();

  const destination::Destination& destination_;
  const format::Format& format_;
  PartOptions options_;
  batch::Digester digester_;
  std::optional<OpenPart> open_;
  std::vector<FinishedPart> finished_;
};

}  // namespace rivet::run
