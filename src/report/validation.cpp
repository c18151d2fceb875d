// SPDX-License-Identifier: Apache-2.0
// Advisory findings appear among the findings of their export and again under `warnings`.
#include "report/validation.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "report/json.hpp"

namespace rivet::report {
namespace {

using Json = nlohmann::ordered_json;

Json verification_json(const model::ManifestVerification& v) {
  auto failures = Json::array();
  for (const auto& finding : v.findings) failures.push_back(finding_json(finding));
  return {
      {"manifest_found", v.manifest_found},
      {"legacy_run", v.legacy_run},
      {"parts_verified", v.parts_verified},
      {"parts_md5_verified", v.parts_md5_verified},
      {"parts_failed", v.parts_failed},
      {"success_marker_consistent", v.success_marker_consistent},
      {"manifest_self_consistent", v.manifest_self_consistent},
      {"passed", v.passed()},
      {"failures", std::move(failures)},
      {"depth_level", model::name_of(v.depth)},
      {"run_id", or_null(v.run_id)},
      {"generation", v.generation},
      {"rows_verified", v.rows_verified},
  };
}

std::string verdict_line(const ExportVerification& one, const Style& style) {
  if (!one.verification) return fmt::format("{} {}: could not be verified\n", style.bad("✗"), one.export_name);
  const auto& v = *one.verification;
  if (!v.passed()) return fmt::format("{} {}: failed ({})\n", style.bad("✗"), one.export_name, name_of(v.depth));
  const auto* const what = v.legacy_run ? "no manifest, nothing to verify" : "passed";
  const auto symbol = v.legacy_run ? style.doubt("!") : style.good("✓");
  return fmt::format("{} {}: {} ({})\n", symbol, one.export_name, what, name_of(v.depth));
}

std::string counts(const model::ManifestVerification& v) {
  if (!v.manifest_found) return "";
  std::string text = fmt::format("  run:    {} (generation {})\n", v.run_id, v.generation);
  if (v.depth == model::VerifyDepth::light) return text;
  text += fmt::format("  parts:  {} verified, {} failed", v.parts_verified, v.parts_failed);
  if (v.parts_md5_verified > 0) text += fmt::format(", {} by MD5", v.parts_md5_verified);
  text += "\n";
  if (v.depth == model::VerifyDepth::full) text += fmt::format("  rows:   {}\n", base::with_thousands(v.rows_verified));
  return text;
}

std::string export_text(const ExportVerification& one, const Style& style) {
  auto text = verdict_line(one, style);
  text += fmt::format("  prefix: {}\n", one.resolved_prefix);
  if (one.verification) {
    text += counts(*one.verification);
    for (const auto& finding : one.verification->findings) text += finding_line(finding, style);
  }
  if (one.error) text += "  " + style.bad("error: " + one.error->to_string()) + "\n";
  return text;
}

}  // namespace

Json finding_json(const model::Finding& finding) {
  Json json{{"kind", model::name_of(finding.kind)}};
  if (!finding.key.empty()) json["key"] = finding.key;
  if (finding.size_bytes) json["size_bytes"] = *finding.size_bytes;
  if (!finding.detail.empty()) json["detail"] = finding.detail;
  json["code"] = model::code_of(finding.kind);
  return json;
}

std::string finding_line(const model::Finding& finding, const Style& style) {
  auto what = fmt::format("{}{}{}", model::name_of(finding.kind), finding.key.empty() ? "" : " ", finding.key);
  if (finding.size_bytes) what += fmt::format(" ({})", base::human_bytes(*finding.size_bytes));
  if (!finding.detail.empty()) what += ": " + finding.detail;
  if (model::is_advisory(finding.kind)) return "  " + style.doubt("warning: " + what) + "\n";
  return fmt::format("  {}\n", style.bad(fmt::format("[{}] {}", model::code_of(finding.kind), what)));
}

Json validation_json(const std::vector<ExportVerification>& exports) {
  auto verdicts = Json::array(), warnings = Json::array(), errors = Json::array();
  for (const auto& one : exports) {
    if (one.error) {
      errors.push_back({{"export_name", one.export_name},
                        {"error", one.error->to_string()},
                        {"exit_class", base::exit_class_of(one.error->kind)},
                        {"code", or_null(one.error->code)}});
    }
    if (!one.verification) continue;
    verdicts.push_back({{"export_name", one.export_name},
                        {"resolved_prefix", one.resolved_prefix},
                        {"verification", verification_json(*one.verification)}});
    for (const auto& finding : one.verification->findings) {
      if (!model::is_advisory(finding.kind)) continue;
      warnings.push_back({{"export_name", one.export_name}, {"warning", finding_json(finding)}});
    }
  }
  return {{"exports", std::move(verdicts)}, {"warnings", std::move(warnings)}, {"errors", std::move(errors)}};
}

std::string validation_text(const std::vector<ExportVerification>& exports, const Style& style) {
  std::string text;
  for (const auto& one : exports) text += export_text(one, style);
  return text;
}

}  // namespace rivet::report
