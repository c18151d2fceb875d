// SPDX-License-Identifier: Apache-2.0
// States what an export's output is, once it was found to be what was written.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "destination/destination.hpp"
#include "format/encoder.hpp"
#include "model/certificate.hpp"
#include "state/store.hpp"
#include "verify/current_output.hpp"

namespace rivet::verify {

/// What a certificate is made from. The caller keeps all of it alive.
struct CertifyRequest {
  std::string export_name;
  const CurrentOutput& output;
  const destination::Destination& destination;  ///< at the output's prefix
  state::StateStore& store;
  base::Timestamp now;
  std::string tool_version, tool_sha256;
  std::function<Result<std::unique_ptr<format::Format>>(std::string_view name)> make_format;
};

/// Reads every part. Errors: data when validate() at full depth does not pass; conflict when the manifest is not of the
/// generation that the state knows, or changes meanwhile; what destination and store fail with.
Result<model::Certificate> certify(const CertifyRequest& request);

}  // namespace rivet::verify
