// SPDX-License-Identifier: Apache-2.0
// What `rivet certify` made and what `rivet verify-certificate` found.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "model/certificate.hpp"
#include "model/verification.hpp"
#include "report/terminal.hpp"

namespace rivet::report {

/// A certificate that was written.
struct IssuedCertificate {
  const model::Certificate& certificate;
  const model::Signature& signature;
  std::string path;
  std::string check_command;  ///< what to type to check it
};

/// Files held against a certificate.
struct CheckedCertificate {
  const model::CertificateFile* file = nullptr;  ///< null: the text is none
  std::string certificate_path, folder;
  bool trusted = false;      ///< signed with the key that was asked for
  bool values_read = false;  ///< and not only bytes
  std::int64_t parts_verified = 0, rows_verified = 0;
  const std::vector<model::Finding>& findings;
};

nlohmann::ordered_json issued_json(const std::vector<IssuedCertificate>& issued);
std::string issued_text(const std::vector<IssuedCertificate>& issued, const Style& style);

nlohmann::ordered_json checked_json(const CheckedCertificate& checked);
std::string checked_text(const CheckedCertificate& checked, const Style& style);

}  // namespace rivet::report
