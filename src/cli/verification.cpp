// SPDX-License-Identifier: Apache-2.0
// The commands are ready for a verify layer that this version does not have yet.
#include "cli/verification.hpp"

namespace rivet::cli {

Result<model::ManifestVerification> verify_output(const destination::Destination&, const config::Export& entry,
                                                  const VerificationRequest&, const std::stop_token&) {
  return fail(Error{.kind = ErrorKind::config,
                    .message = "verifying export '" + entry.name + "' is not available in this version",
                    .hint = "run without --validate"});
}

}  // namespace rivet::cli
