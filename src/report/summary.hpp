// SPDX-License-Identifier: Apache-2.0
// summary.json and summary.md of one run, kept under .rivet/runs/<run_id>/ beside the config.
#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/redact.hpp"
#include "base/result.hpp"
#include "report/outcome.hpp"

namespace rivet::report {

/// The document of summary.json.
nlohmann::ordered_json summary_json(const RunOutcome& outcome);

/// The text of summary.md.
std::string summary_markdown(const RunOutcome& outcome);

/// `<config folder>/.rivet/runs/<run_id>`.
std::filesystem::path summary_folder(const std::filesystem::path& config_folder, const std::string& run_id);

/// Writes both files, redacted. REQUIRES: the run has an id. Error kind permanent.
Result<void> write_summary(const std::filesystem::path& config_folder, const RunOutcome& outcome,
                           const base::Redactor& redactor);

}  // namespace rivet::report
