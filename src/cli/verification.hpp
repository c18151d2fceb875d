// SPDX-License-Identifier: Apache-2.0
// Where the commands meet the verify layer: `validate` and `run --validate` ask the same question here.
#pragma once

#include <string>

#include "base/result.hpp"
#include "config/config.hpp"
#include "destination/destination.hpp"
#include "model/verification.hpp"

namespace rivet::cli {

/// How an output is to be verified.
struct VerificationRequest {
  model::VerifyDepth depth = model::VerifyDepth::full;
  std::string run_id = {};         ///< verify what this run wrote; empty: the current output
  bool manifest_required = false;  ///< an absent manifest is a failure
};

/// Holds what lies at the destination against the export's manifest. Failures are findings; an error
/// means that it could not be verified.
Result<model::ManifestVerification> verify_output(const destination::Destination& destination,
                                                  const config::Export& entry, const VerificationRequest& request);

}  // namespace rivet::cli
