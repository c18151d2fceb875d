// SPDX-License-Identifier: Apache-2.0
// Which native types travel natively and which as exact text.
#include "source/postgres/types.hpp"

#include <gtest/gtest.h>

namespace rivet::source::postgres {
namespace {

using Kind = model::LogicalKind;

int numeric_modifier(int precision, int scale) { return ((precision << 16) | (scale & 0x7FF)) + 4; }

std::string carried(const NativeType& native) { return model::to_string(transport_of(native).type); }

TEST(PostgresTypes, NumericWithPrecisionIsADecimal) {
  EXPECT_EQ(carried({.oid = 1700, .modifier = numeric_modifier(15, 2), .name = "numeric(15,2)"}), "decimal(15,2)");
  EXPECT_EQ(carried({.oid = 1700, .modifier = numeric_modifier(76, 0), .name = "numeric(76,0)"}), "decimal(76,0)");
}

TEST(PostgresTypes, OddScalesAreWidenedUntilEveryValueFits) {
  EXPECT_EQ(carried({.oid = 1700, .modifier = numeric_modifier(3, -2), .name = "numeric(3,-2)"}), "decimal(5,0)");
  EXPECT_EQ(carried({.oid = 1700, .modifier = numeric_modifier(3, 5), .name = "numeric(3,5)"}), "decimal(5,5)");
}

TEST(PostgresTypes, NumericWithoutPrecisionIsExactTextWithAWarning) {
  const auto transport = transport_of({.oid = 1700, .name = "numeric"});
  EXPECT_EQ(transport.type.kind, Kind::text);
  EXPECT_EQ(transport.cast, "text");
  EXPECT_NE(transport.warning.find("decimal(p,s)"), std::string::npos);
}

TEST(PostgresTypes, UnknownTypesAreExactText) {
  for (const auto& name : {"money", "inet", "tsvector", "int4range"}) {
    const auto transport = transport_of({.oid = 99'999, .name = name});
    EXPECT_EQ(transport.cast, "text") << name;
    EXPECT_EQ(transport.fidelity, model::Fidelity::logical_string);
    EXPECT_FALSE(transport.warning.empty());
  }
}

TEST(PostgresTypes, ArraysOfKnownTypesAreLists) {
  EXPECT_EQ(carried({.oid = 1007, .element = 23, .dimensions = 1, .name = "integer[]"}), "list<int32>");
  EXPECT_EQ(transport_of({.oid = 1187, .element = 1186, .dimensions = 1, .name = "interval[]"}).cast, "text[]");
  EXPECT_EQ(carried({.oid = 1007, .element = 23, .dimensions = 2, .name = "integer[]"}), "text");
  EXPECT_EQ(carried({.oid = 1231, .element = 1700, .dimensions = 1, .name = "numeric[]"}), "text");
}

TEST(PostgresTypes, DomainsAreTextUnlessTheUserSaysOtherwise) {
  const NativeType domain{.oid = 23, .category = 'b', .is_domain = true, .name = "positive"};
  EXPECT_EQ(carried(domain), "text");
  const auto wanted = transport_of(domain, {.kind = Kind::int32});
  ASSERT_TRUE(wanted.has_value());
  EXPECT_TRUE(wanted->cast.empty());
}

TEST(PostgresTypes, OverridesThatCouldChangeValuesAreRefused) {
  const NativeType date{.oid = 1082, .name = "date"};
  const auto refused = transport_of(date, {.kind = Kind::int64});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, ErrorKind::config);
  EXPECT_NE(refused.error().message.find("date"), std::string::npos);
}

TEST(PostgresTypes, AnythingCanBeText) {
  for (const Oid oid : {16U, 20U, 701U, 1082U, 2950U, 17U, 600U}) {
    const auto transport = transport_of({.oid = oid, .name = "x"}, {.kind = Kind::text});
    ASSERT_TRUE(transport.has_value()) << oid;
    EXPECT_EQ(transport->cast, "text") << oid;
  }
}

TEST(PostgresTypes, PaddingOfCharSurvivesATextOverride) {
  const auto transport = transport_of({.oid = 1042, .name = "character(5)"}, {.kind = Kind::text});
  ASSERT_TRUE(transport.has_value());
  EXPECT_TRUE(transport->cast.empty()) << "a cast from char(n) to text strips its blanks";
}

}  // namespace
}  // namespace rivet::source::postgres
