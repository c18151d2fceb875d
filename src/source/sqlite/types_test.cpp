// SPDX-License-Identifier: Apache-2.0
// Declared types: the affinity rules of SQLite's documentation and the names that mean more.
#include "source/sqlite/types.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace rivet::source::sqlite {
namespace {

using Rule = Declared::Rule;

TEST(Affinity, FollowsTheDocumentedOrderOfRules) {
  const std::vector<std::pair<std::string_view, Affinity>> cases{{"INT", Affinity::integer},
                                                                 {"UNSIGNED BIG INT", Affinity::integer},
                                                                 {"int8", Affinity::integer},
                                                                 {"CHARACTER(20)", Affinity::text},
                                                                 {"NVARCHAR(100)", Affinity::text},
                                                                 {"clob", Affinity::text},
                                                                 {"BLOB", Affinity::blob},
                                                                 {"", Affinity::blob},
                                                                 {"DOUBLE PRECISION", Affinity::real},
                                                                 {"FLOAT", Affinity::real},
                                                                 {"NUMERIC", Affinity::numeric},
                                                                 {"BOOLEAN", Affinity::numeric},
                                                                 {"CHARINT", Affinity::integer},
                                                                 {"FLOATING POINT", Affinity::integer},
                                                                 {"STRING", Affinity::numeric},
                                                                 {"DECIMAL(10,5)", Affinity::numeric}};
  for (const auto& [declared, expected] : cases) EXPECT_EQ(affinity_of(declared), expected) << declared;
}

std::string described(std::string_view declared) {
  const auto type = declared_type(declared);
  const std::string rule = type.rule == Rule::settled ? "is " : type.rule == Rule::by_name ? "if " : "by storage";
  return type.rule == Rule::by_storage ? rule : rule + model::to_string(type.type);
}

TEST(DeclaredType, KnowsWhatNamesPromise) {
  EXPECT_EQ(described("INTEGER"), "is int64");
  EXPECT_EQ(described("varchar(3)"), "is text");
  EXPECT_EQ(described("REAL"), "is float64");
  EXPECT_EQ(described("BLOB"), "is binary");
  EXPECT_EQ(described(""), "by storage");
  EXPECT_EQ(described("ANY"), "by storage");
  EXPECT_EQ(described("NUMERIC"), "by storage");
  EXPECT_EQ(described("bool"), "if boolean");
  EXPECT_EQ(described("DATE"), "if date");
  EXPECT_EQ(described("DateTime"), "if timestamp(us)");
  EXPECT_EQ(described("TIMESTAMP(6)"), "if timestamp(us)");
  EXPECT_EQ(described("TIME"), "if time");
  EXPECT_EQ(described("DECIMAL(10,2)"), "if decimal(10,2)");
  EXPECT_EQ(described("numeric ( 10 , 2 )"), "if decimal(10,2)");
  EXPECT_EQ(described("DECIMAL(7)"), "if decimal(7,0)");
  EXPECT_EQ(described("DECIMAL(100,2)"), "by storage");
  EXPECT_EQ(described("JSON"), "if json");
  EXPECT_EQ(described("UUID"), "if uuid");
}

}  // namespace
}  // namespace rivet::source::sqlite
