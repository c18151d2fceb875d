// SPDX-License-Identifier: Apache-2.0
// What `rivet repair` prints.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "model/repair.hpp"
#include "report/terminal.hpp"

namespace rivet::report {

/// The documents of `--format json`: of a dry run, and of one that was carried out.
nlohmann::ordered_json repair_plan_json(const model::RepairPlan& plan);
nlohmann::ordered_json repair_report_json(const model::RepairReport& report);

/// For people. `execute` is what to type to carry the plan out.
std::string repair_plan_text(const model::RepairPlan& plan, const std::string& execute, const Style& style);
std::string repair_report_text(const model::RepairReport& report, const Style& style);

}  // namespace rivet::report
