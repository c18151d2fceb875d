// SPDX-License-Identifier: Apache-2.0
// The report of `rivet doctor`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/error.hpp"
#include "report/terminal.hpp"

namespace rivet::report {

/// One question and its answer.
struct DoctorCheck {
  std::string name;
  std::optional<base::ErrorKind> failed = {};  ///< none: it passed
  std::string detail = {};                     ///< what was found
  std::string hint = {};                       ///< what to do; also of a check that passed with a reservation
};

/// The check of that name, failed with this error.
DoctorCheck failed_check(std::string name, const base::Error& error);

/// One line a check, the hint below it.
std::string doctor_text(const std::vector<DoctorCheck>& checks, const Style& style);

/// `config_path`, `all_ok` and `checks`.
nlohmann::ordered_json doctor_json(const std::string& config_path, const std::vector<DoctorCheck>& checks);

}  // namespace rivet::report
