// SPDX-License-Identifier: Apache-2.0
// A run's journal for people: how it ended, what was planned, what happened, what degraded.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "model/journal.hpp"
#include "report/terminal.hpp"

namespace rivet::report {

/// One block per journal.
std::string journals_text(const std::vector<model::journal::Journal>& journals, const Style& style);

/// The journal as it is stored, and `longest_unit_ms` (null when no unit is complete).
nlohmann::json journal_json(const model::journal::Journal& journal);

}  // namespace rivet::report
