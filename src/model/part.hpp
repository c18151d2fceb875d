// SPDX-License-Identifier: Apache-2.0
// A part: one finished, immutable output file, and where it came from.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.hpp"
#include "model/digest.hpp"

namespace rivet::model {

/// One output file that its destination has accepted. `path` is relative to the export's prefix.
struct Part {
  std::string run_id;
  int unit_index = 0;
  int epoch = 0;  ///< fencing epoch of the claim that wrote it
  std::string path;
  std::int64_t rows = 0;
  std::int64_t size_bytes = 0;
  std::string content_fingerprint;  ///< `xxh3:<16 hex>` of the bytes
  std::string content_md5;          ///< base64; empty when not computed
  Digest digest;
  base::Timestamp created_at;
};

}  // namespace rivet::model
