// SPDX-License-Identifier: Apache-2.0
// Lines for people, objects for scripts.
#include "report/doctor.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace rivet::report {
namespace {

std::string symbol_of(const DoctorCheck& check, const Style& style) {
  if (check.failed) return style.bad("✗");
  return check.hint.empty() ? style.good("✓") : style.doubt("!");
}

}  // namespace

DoctorCheck failed_check(std::string name, const base::Error& error) {
  auto without_hint = error;
  without_hint.hint.clear();
  return {.name = std::move(name), .failed = error.kind, .detail = without_hint.to_string(), .hint = error.hint};
}

std::string doctor_text(const std::vector<DoctorCheck>& checks, const Style& style) {
  std::string text;
  for (const auto& check : checks) {
    text +=
        fmt::format("{} {}{}{}\n", symbol_of(check, style), check.name, check.detail.empty() ? "" : ": ", check.detail);
    if (!check.hint.empty()) text += fmt::format("    next: {}\n", check.hint);
  }
  return text;
}

nlohmann::ordered_json doctor_json(const std::string& config_path, const std::vector<DoctorCheck>& checks) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& check : checks) {
    nlohmann::ordered_json one{{"name", check.name}, {"ok", !check.failed}};
    if (!check.detail.empty()) one["detail"] = check.detail;
    if (!check.hint.empty()) one["hint"] = check.hint;
    list.push_back(std::move(one));
  }
  const auto passed = [](const DoctorCheck& check) { return !check.failed; };
  return {{"config_path", config_path},
          {"all_ok", std::all_of(checks.begin(), checks.end(), passed)},
          {"checks", std::move(list)}};
}

}  // namespace rivet::report
