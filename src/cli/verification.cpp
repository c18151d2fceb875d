// SPDX-License-Identifier: Apache-2.0
// Turns an export's configuration and the user's wishes into one request.
#include "cli/verification.hpp"

#include "cli/registry.hpp"
#include "verify/validate.hpp"

namespace rivet::cli {

Result<model::ManifestVerification> verify_output(const destination::Destination& destination,
                                                  const config::Export& entry, const VerificationRequest& request) {
  return verify::validate(destination, {.export_name = entry.name,
                                        .depth = request.depth,
                                        .run_id = request.run_id,
                                        .require_manifest = request.manifest_required,
                                        .require_content = entry.verify == config::Verify::content,
                                        .make_format = make_reading_format});
}

}  // namespace rivet::cli
