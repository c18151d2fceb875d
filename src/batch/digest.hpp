// SPDX-License-Identifier: Apache-2.0
// Digest version 1 over record batches (docs/digest.md).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "batch/schema.hpp"
#include "model/digest.hpp"

namespace rivet::batch {

/// Accumulates the digest of the batches of one part. Columns that we add are left out.
/// One thread may call it at a time.
class Digester {
 public:
  explicit Digester(const model::Columns& columns);
  ~Digester();
  Digester(Digester&&) noexcept;

  /// Adds all rows. REQUIRES: `rows` has batch_schema(columns) as its types.
  void add(const arrow::RecordBatch& rows);

  /// The digest since construction or the last take(), which starts the next one.
  model::Digest take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rivet::batch
