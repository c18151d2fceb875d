// SPDX-License-Identifier: Apache-2.0
// Listings of what the store remembers: text for people, JSON for scripts.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "report/terminal.hpp"
#include "state/store.hpp"

namespace rivet::report {

std::string metrics_text(const std::vector<state::MetricsRecorded>& metrics);
nlohmann::ordered_json metrics_json(const std::vector<state::MetricsRecorded>& metrics);

std::string files_text(const std::vector<state::FileView>& files);
nlohmann::ordered_json files_json(const std::vector<state::FileView>& files);

std::string exports_text(const std::vector<state::ExportView>& exports);
nlohmann::ordered_json exports_json(const std::vector<state::ExportView>& exports);

/// A line for each boundary, committed before verified.
std::string progression_text(const std::vector<state::ProgressionView>& exports);
/// An object per export with the columns of the table export_progression.
nlohmann::ordered_json progression_json(const std::vector<state::ProgressionView>& exports);

}  // namespace rivet::report
