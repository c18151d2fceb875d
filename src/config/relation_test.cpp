// SPDX-License-Identifier: Apache-2.0
// Table names and query files.
#include "config/relation.hpp"

#include "config/test_support.hpp"

#include <gmock/gmock.h>

namespace rivet::config {
namespace {

using ::testing::HasSubstr;

std::string with_base(std::string_view base) {
  return "source: {type: sqlite, path: shop.db}\nexports:\n  - name: a\n    " + std::string(base) +
         "\n    format: csv\n    destination: {type: local, path: out}\n";
}

std::string query_of(const test::Files& files, std::string_view base) {
  test::Surroundings around;
  const auto config = test::load_text(files, with_base(base), around);
  return config ? config->exports.at(0).relation.query : config.error().message;
}

TEST(TableName, HasAnOptionalSchema) {
  EXPECT_EQ(parse_table_name("orders")->table, "orders");
  EXPECT_EQ(parse_table_name("shop.orders")->schema, "shop");
  EXPECT_EQ(parse_table_name("shop.Orders 2024")->table, "Orders 2024");
}

TEST(TableName, MayBeQuoted) {
  const auto odd = parse_table_name("\"we.ird\".\"ta\"\"ble\"");
  ASSERT_TRUE(odd.has_value());
  EXPECT_EQ(odd->schema, "we.ird");
  EXPECT_EQ(odd->table, "ta\"ble");
  EXPECT_EQ(parse_table_name("shop.\"a.b\"")->table, "a.b");
  EXPECT_EQ(parse_table_name("\" x\ny \"")->table, " x\ny ");
}

TEST(TableName, RefusesWhatIsNoName) {
  for (const auto* text : {"", ".", "a.", ".a", "a.b.c", "\"a", "\"\"", "a\"b", "\"a\"b", "a..b", " a", "a "}) {
    EXPECT_FALSE(parse_table_name(text).has_value()) << text;
  }
}

TEST(Query, LosesItsEndMarks) {
  const test::Files files;
  EXPECT_EQ(query_of(files, "query: \"SELECT 1 ; ;\\n\""), "SELECT 1");
  EXPECT_EQ(query_of(files, "query: SELECT ';'"), "SELECT ';'");
  EXPECT_THAT(query_of(files, "query: \" ;; \""), HasSubstr("holds no statement"));
}

TEST(QueryFile, IsReadFromBesideTheConfiguration) {
  const test::Files files;
  files.write("sql/orders.sql", "SELECT *\nFROM orders;\n");
  EXPECT_EQ(query_of(files, "query_file: sql/orders.sql"), "SELECT *\nFROM orders");
}

TEST(QueryFile, CannotLeaveTheDirectory) {
  const test::Files files;
  const test::Files elsewhere;
  const auto secret = elsewhere.write("q.sql", "SELECT 1");
  std::filesystem::create_symlink(secret, files.directory() / "link.sql");
  std::filesystem::create_directory_symlink(elsewhere.directory(), files.directory() / "dir");
  EXPECT_THAT(query_of(files, "query_file: link.sql"), HasSubstr("outside the configuration's directory"));
  EXPECT_THAT(query_of(files, "query_file: dir/q.sql"), HasSubstr("outside the configuration's directory"));
  EXPECT_THAT(query_of(files, "query_file: " + secret.string()), HasSubstr("must be relative"));
  EXPECT_THAT(query_of(files, "query_file: sql/../../q.sql"), HasSubstr("must not contain '..'"));
}

TEST(QueryFile, MustBeReadableText) {
  const test::Files files;
  files.write("binary.sql", "\xff\xfe");
  files.write("empty.sql", "\n");
  EXPECT_THAT(query_of(files, "query_file: none.sql"), HasSubstr("rivet.yaml:4: cannot read"));
  EXPECT_THAT(query_of(files, "query_file: ."), HasSubstr("not a regular file"));
  EXPECT_THAT(query_of(files, "query_file: binary.sql"), HasSubstr("not UTF-8"));
  EXPECT_THAT(query_of(files, "query_file: empty.sql"), HasSubstr("holds no statement"));
}

}  // namespace
}  // namespace rivet::config
