// SPDX-License-Identifier: Apache-2.0
// Verifies what lies at a destination against its manifest, without source and without state.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "destination/destination.hpp"
#include "format/encoder.hpp"
#include "model/verification.hpp"

namespace rivet::verify {

/// What to verify, and how far.
struct ValidateRequest {
  std::string export_name;
  model::VerifyDepth depth = model::VerifyDepth::full;
  std::string run_id = {};        ///< verify this run's own manifest; empty: the export's current one
  bool require_manifest = false;  ///< without one the verdict fails instead of saying `legacy_run`
  bool require_content = false;   ///< `verify: content`: a part whose bytes nothing vouches for fails
  /// The format that a manifest names (`parquet`, `csv`).
  std::function<Result<std::unique_ptr<format::Format>>(std::string_view name)> make_format;
};

/// The verdict. What the output shows to be wrong is in it; an error means that the destination could not be read
/// at all, which is no statement about the output.
Result<model::ManifestVerification> validate(const destination::Destination& destination,
                                             const ValidateRequest& request);

}  // namespace rivet::verify
