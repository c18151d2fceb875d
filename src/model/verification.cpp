// SPDX-License-Identifier: Apache-2.0
// Names and stable codes of the findings: one row a kind.
#include "model/verification.hpp"

#include <algorithm>
#include <array>

namespace rivet::model {
namespace {

constexpr std::array<std::string_view, 3> kDepths{"light", "sample", "full"};

struct FindingRow {
  FindingKind kind;
  std::string_view name, code;
};

constexpr std::array<FindingRow, 17> kFindings{{
    {FindingKind::part_missing, "part_missing", "RIVET_VERIFY_PART_MISSING"},
    {FindingKind::part_size_mismatch, "part_size_mismatch", "RIVET_VERIFY_PART_SIZE_MISMATCH"},
    {FindingKind::part_checksum_mismatch, "part_checksum_mismatch", "RIVET_VERIFY_PART_CHECKSUM_MISMATCH"},
    {FindingKind::value_checksum_mismatch, "value_checksum_mismatch", "RIVET_VERIFY_VALUE_CHECKSUM"},
    {FindingKind::part_row_count_mismatch, "part_row_count_mismatch", "RIVET_VERIFY_PART_ROW_COUNT"},
    {FindingKind::success_malformed, "success_malformed", "RIVET_VERIFY_SUCCESS_MALFORMED"},
    {FindingKind::success_stale, "success_stale", "RIVET_VERIFY_SUCCESS_STALE"},
    {FindingKind::manifest_inconsistent, "manifest_inconsistent", "RIVET_VERIFY_MANIFEST_INCONSISTENT"},
    {FindingKind::manifest_read_error, "manifest_read_error", "RIVET_VERIFY_MANIFEST_READ_ERROR"},
    {FindingKind::success_read_error, "success_read_error", "RIVET_VERIFY_SUCCESS_READ_ERROR"},
    {FindingKind::list_error, "list_error", "RIVET_VERIFY_LIST_ERROR"},
    {FindingKind::untracked_object, "untracked_object", "RIVET_VERIFY_UNTRACKED_OBJECT"},
    {FindingKind::content_unmet, "content_unmet", "RIVET_VERIFY_CONTENT_UNMET"},
    {FindingKind::manifest_required, "manifest_required", "RIVET_VERIFY_MANIFEST_REQUIRED"},
    {FindingKind::manifest_changed, "manifest_changed", "RIVET_VERIFY_MANIFEST_CHANGED"},
    {FindingKind::certificate_invalid, "certificate_invalid", "RIVET_VERIFY_CERTIFICATE_INVALID"},
    {FindingKind::object_added, "object_added", "RIVET_VERIFY_OBJECT_ADDED"},
}};

const FindingRow& row_of(FindingKind kind) { return kFindings[static_cast<std::size_t>(kind)]; }

}  // namespace

std::string_view name_of(VerifyDepth depth) { return kDepths[static_cast<std::size_t>(depth)]; }

std::optional<VerifyDepth> parse_verify_depth(std::string_view word) {
  const auto* const at = std::find(kDepths.begin(), kDepths.end(), word);
  if (at == kDepths.end()) return std::nullopt;
  return static_cast<VerifyDepth>(at - kDepths.begin());
}

std::string_view name_of(FindingKind kind) { return row_of(kind).name; }
std::string_view code_of(FindingKind kind) { return row_of(kind).code; }
bool is_advisory(FindingKind kind) { return kind == FindingKind::untracked_object; }

bool ManifestVerification::passed() const {
  return std::all_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return is_advisory(finding.kind); });
}

}  // namespace rivet::model
