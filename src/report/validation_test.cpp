// SPDX-License-Identifier: Apache-2.0
// The validate report keeps the shape that scripts read.
#include "report/validation.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace rivet::report {
namespace {

using ::testing::HasSubstr;

ExportVerification damaged() {
  model::ManifestVerification v{.manifest_found = true,
                                .parts_verified = 2,
                                .parts_failed = 1,
                                .success_marker_consistent = true,
                                .manifest_self_consistent = true,
                                .run_id = "r1",
                                .generation = 4};
  v.findings = {{.kind = model::FindingKind::part_missing, .key = "a.parquet"},
                {.kind = model::FindingKind::untracked_object, .key = "b.parquet", .size_bytes = 2048}};
  return {.export_name = "orders", .resolved_prefix = "./output", .verification = v};
}

TEST(ValidationReport, JsonHasVerdictsWarningsAndErrors) {
  const auto json =
      validation_json({damaged(),
                       {.export_name = "users",
                        .resolved_prefix = "./u",
                        .error = base::Error{.kind = base::ErrorKind::unavailable, .message = "out of reach"}}});
  EXPECT_EQ(
      json["exports"][0]["verification"].dump(),
      R"({"manifest_found":true,"legacy_run":false,"parts_verified":2,"parts_md5_verified":0,"parts_failed":1,)"
      R"("success_marker_consistent":true,"manifest_self_consistent":true,"passed":false,"failures":[)"
      R"({"kind":"part_missing","key":"a.parquet","code":"RIVET_VERIFY_PART_MISSING"},)"
      R"({"kind":"untracked_object","key":"b.parquet","size_bytes":2048,"code":"RIVET_VERIFY_UNTRACKED_OBJECT"}],)"
      R"("depth_level":"full","run_id":"r1","generation":4,"rows_verified":0})");
  EXPECT_EQ(json["exports"].size(), 1U);
  EXPECT_EQ(json["warnings"][0]["warning"]["kind"], "untracked_object");
  EXPECT_EQ(json["warnings"].size(), 1U);
  EXPECT_EQ(json["errors"][0]["exit_class"], "retryable");
}

TEST(ValidationReport, TextNamesCodeAndObject) {
  EXPECT_EQ(validation_text({damaged()}, {}), R"(✗ orders: failed (full)
  prefix: ./output
  run:    r1 (generation 4)
  parts:  2 verified, 1 failed
  rows:   0
  [RIVET_VERIFY_PART_MISSING] part_missing a.parquet
  warning: untracked_object b.parquet (2.0 KB)
)");
}

TEST(ValidationReport, SaysWhenThereIsNothingToVerify) {
  ExportVerification one{.export_name = "orders",
                         .resolved_prefix = "./output",
                         .verification = model::ManifestVerification{.legacy_run = true}};
  EXPECT_THAT(validation_text({one}, {}), HasSubstr("! orders: no manifest, nothing to verify (full)\n"));
}

}  // namespace
}  // namespace rivet::report
