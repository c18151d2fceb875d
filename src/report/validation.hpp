// SPDX-License-Identifier: Apache-2.0
// The report of `rivet validate`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/error.hpp"
#include "model/verification.hpp"
#include "report/terminal.hpp"

namespace rivet::report {

/// A finding in a JSON report, and as a line for people.
nlohmann::ordered_json finding_json(const model::Finding& finding);
std::string finding_line(const model::Finding& finding, const Style& style);

/// One export's verification: its verdict, or why there is none.
struct ExportVerification {
  std::string export_name;
  std::string resolved_prefix;
  std::optional<model::ManifestVerification> verification = {};
  std::optional<base::Error> error = {};  ///< set when it could not be verified at all
};

/// `exports`, `warnings` and `errors`, as `validate --format json` prints them.
nlohmann::ordered_json validation_json(const std::vector<ExportVerification>& exports);

std::string validation_text(const std::vector<ExportVerification>& exports, const Style& style);

}  // namespace rivet::report
