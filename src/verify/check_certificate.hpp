// SPDX-License-Identifier: Apache-2.0
// Holds files against a certificate, without source, state and configuration.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "destination/destination.hpp"
#include "format/encoder.hpp"
#include "model/certificate.hpp"
#include "model/verification.hpp"

namespace rivet::verify {

/// How far to look, and whom to believe.
struct CheckRequest {
  std::string trusted_key = {};  ///< base::public_key_from_pem(); empty: believe whoever signed, and say so
  bool read_values = true;       ///< decode every part and add its digest up again
  bool allow_added = false;      ///< files that the certificate does not know are no fault
  std::function<Result<std::unique_ptr<format::Format>>(std::string_view name)> make_format;
};

/// The verdict.
struct CertificateCheck {
  std::optional<model::CertificateFile> file;  ///< nothing when the text is no certificate
  bool trusted = false;                        ///< signed with the key that was asked for
  std::int64_t parts_verified = 0, rows_verified = 0;
  std::vector<model::Finding> findings = {};

  bool passed() const { return findings.empty(); }
};

/// Whatever does not hold is a finding; an error means that the files could not be read.
Result<CertificateCheck> check_certificate(std::string_view text, const destination::Destination& destination,
                                           const CheckRequest& request);

}  // namespace rivet::verify
