// SPDX-License-Identifier: Apache-2.0
// The table of findings stays in step with its enumeration, and only real findings fail.
#include "model/verification.hpp"

#include <gtest/gtest.h>

namespace rivet::model {
namespace {

TEST(Verification, EveryFindingHasItsOwnNameAndCode) {
  EXPECT_EQ(name_of(FindingKind::part_missing), "part_missing");
  EXPECT_EQ(code_of(FindingKind::value_checksum_mismatch), "RIVET_VERIFY_VALUE_CHECKSUM");
  EXPECT_EQ(name_of(FindingKind::untracked_object), "untracked_object");
  EXPECT_EQ(code_of(FindingKind::manifest_required), "RIVET_VERIFY_MANIFEST_REQUIRED");
}

TEST(Verification, AnUntrackedObjectDoesNotFailButAMissingPartDoes) {
  ManifestVerification verification;
  verification.findings.push_back({.kind = FindingKind::untracked_object, .key = "stranger.parquet"});
  EXPECT_TRUE(verification.passed());
  verification.findings.push_back({.kind = FindingKind::part_missing, .key = "part.parquet"});
  EXPECT_FALSE(verification.passed());
}

TEST(Verification, DepthsReadBack) {
  for (const auto depth : {VerifyDepth::light, VerifyDepth::sample, VerifyDepth::full}) {
    EXPECT_EQ(parse_verify_depth(name_of(depth)), depth);
  }
  EXPECT_FALSE(parse_verify_depth("deep").has_value());
}

}  // namespace
}  // namespace rivet::model
