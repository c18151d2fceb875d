// SPDX-License-Identifier: Apache-2.0
// What verifying an export's output found: the same value for `validate`, `run --validate` and reports.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rivet::model {

/// How far verification looked.
enum class VerifyDepth {
  light,   ///< manifest and marker
  sample,  ///< plus one listing: presence, sizes, checksums the store offers
  full,    ///< plus every part's bytes, rows and digest
};
std::string_view name_of(VerifyDepth depth);
/// Reads name_of back; nothing for another word.
std::optional<VerifyDepth> parse_verify_depth(std::string_view word);

/// What can be wrong with an output.
enum class FindingKind {
  part_missing,
  part_size_mismatch,
  part_checksum_mismatch,
  value_checksum_mismatch,
  part_row_count_mismatch,
  success_malformed,
  success_stale,
  manifest_inconsistent,
  manifest_read_error,
  success_read_error,
  list_error,
  untracked_object,  ///< advisory: never fails
  content_unmet,     ///< `verify: content` was asked for and could not be done
  manifest_required,
  manifest_changed,     ///< it is not the one that a certificate is about
  certificate_invalid,  ///< edited, not ours, or signed by somebody else
  object_added,         ///< a file that a certificate does not know
};
/// `part_missing`, ... as JSON spells it.
std::string_view name_of(FindingKind kind);
/// `RIVET_VERIFY_PART_MISSING`, ... the stable code.
std::string_view code_of(FindingKind kind);
/// Whether a finding of this kind is only worth telling.
bool is_advisory(FindingKind kind);

/// One thing that does not hold, or is worth telling.
struct Finding {
  FindingKind kind = FindingKind::part_missing;
  std::string key = {};     ///< the object; empty when it is not about one
  std::string detail = {};  ///< one sentence with both values; empty when kind and key say it all
  std::optional<std::int64_t> size_bytes = {};
};

/// The verdict on one export's output at one prefix.
struct ManifestVerification {
  VerifyDepth depth = VerifyDepth::full;
  bool manifest_found = false;
  bool legacy_run = false;  ///< there is no manifest: nothing to hold the output against
  std::int64_t parts_verified = 0;
  std::int64_t parts_md5_verified = 0;
  std::int64_t parts_failed = 0;
  std::int64_t rows_verified = 0;  ///< rows whose digest was recomputed; only with depth full
  bool success_marker_consistent = false;
  bool manifest_self_consistent = false;
  std::string run_id = {};  ///< of the manifest; empty when there is none
  std::int64_t generation = 0;
  std::vector<Finding> findings = {};  ///< failures and advisories

  /// True when no finding is more than advisory.
  bool passed() const;
};

}  // namespace rivet::model
