// SPDX-License-Identifier: Apache-2.0
// Which errors concern one relation, so that the others can still be looked at.
#include "source/postgres/catalogue.hpp"

#include <gtest/gtest.h>

namespace rivet::source::postgres {
namespace {

RelationFault fault(std::string sqlstate, ErrorKind kind = ErrorKind::permanent) {
  return relation_fault({.kind = kind, .message = "no", .vendor_code = std::move(sqlstate)});
}

TEST(Catalogue, BlamesTheRelationForWhatIsMissingInIt) {
  for (const auto* state : {"42P01", "42703", "42883", "3F000", "HV000", "55000", "0A000", ""}) {
    EXPECT_EQ(fault(state), RelationFault::broken) << state;
  }
  EXPECT_EQ(fault("42501", ErrorKind::auth), RelationFault::forbidden);
}

TEST(Catalogue, BlamesNobodyForWhatConcernsAll) {
  for (const auto* state : {"57014", "XX000", "58030", "08006", "53300"}) {
    EXPECT_EQ(fault(state), RelationFault::none) << state;
  }
  EXPECT_EQ(fault("", ErrorKind::unavailable), RelationFault::none);
}

}  // namespace
}  // namespace rivet::source::postgres
