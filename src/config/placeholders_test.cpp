// SPDX-License-Identifier: Apache-2.0
// Placeholders of destinations.
#include "config/load.hpp"

#include <gtest/gtest.h>

namespace rivet::config {
namespace {

const auto kAt = base::parse_rfc3339("2026-04-18T23:59:59Z").value();

Export entry_of(std::string name, model::Relation relation) {
  Export entry;
  entry.name = std::move(name);
  entry.relation = std::move(relation);
  return entry;
}

TEST(Placeholders, AreFilledInOnePass) {
  const auto entry = entry_of("{date}", {.schema = "s", .table = "{export}"});
  EXPECT_EQ(expand_placeholders("a/{date}/{export}/{table}/x", entry, kAt), "a/2026-04-18/{date}/{export}/x");
}

TEST(Placeholders, LeaveUnknownOnesAsWritten) {
  EXPECT_EQ(expand_placeholders("{partition}/{run_id}/{", entry_of("a", {.table = "t"}), kAt),
            "{partition}/{run_id}/{");
}

TEST(Placeholders, UseTheNameOfAnExportWithoutTable) {
  EXPECT_EQ(expand_placeholders("{table}", entry_of("a", {.query = "SELECT 1"}), kAt), "a");
}

TEST(Placeholders, CannotLeaveTheDirectory) {
  EXPECT_EQ(expand_placeholders("out/{table}", entry_of("a", {.table = ".."}), kAt), "out/__");
  EXPECT_EQ(expand_placeholders("out/{table}", entry_of("a", {.table = "../x\ny"}), kAt), "out/.._x_y");
}

}  // namespace
}  // namespace rivet::config
