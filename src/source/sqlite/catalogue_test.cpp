// SPDX-License-Identifier: Apache-2.0
// What is listed, what is left out, and which errors concern one relation only.
#include "source/sqlite/catalogue.hpp"

#include <gmock/gmock.h>

#include <map>

#include "source/sqlite/test_database.hpp"

namespace rivet::source::sqlite {
namespace {

using model::RelationKind;

TEST(Catalogue, ListsTablesAndViewsWithTheirKinds) {
  TestDatabase database;
  database.execute(
      "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT); CREATE VIEW v AS SELECT 1 AS a;"
      "CREATE VIRTUAL TABLE f USING fts5(body); CREATE TABLE sqlitex (a); ANALYZE");
  auto connection = Connection::open(database.file(), {}, {});
  ASSERT_TRUE(connection.has_value());
  const auto entries = list_relations(**connection, "");
  ASSERT_TRUE(entries.has_value()) << entries.error().message;
  std::map<std::string, model::CatalogueEntry> by_name;
  for (const auto& entry : *entries) by_name[entry.name] = entry;
  EXPECT_EQ(by_name.at("t").kind, RelationKind::table);
  EXPECT_EQ(by_name.at("v").kind, RelationKind::view);
  EXPECT_EQ(by_name.at("f").kind, RelationKind::virtual_table);
  EXPECT_EQ(by_name.at("f").left_out, "");
  EXPECT_NE(by_name.at("f_data").left_out, "");
  EXPECT_TRUE(by_name.contains("sqlitex"));
  EXPECT_FALSE(by_name.contains("sqlite_sequence"));
  EXPECT_FALSE(by_name.contains("sqlite_stat1"));
  EXPECT_TRUE(list_relations(**connection, "other")->empty());
  EXPECT_EQ(list_relations(**connection, "MAIN")->size(), entries->size());
}

TEST(Misfits, AreCarriedAsTextOrAsBytes) {
  TestDatabase database;
  database.execute(
      "CREATE TABLE t (fine INT, word INT, real_int INT, both BLOB, any, bad TEXT);"
      "INSERT INTO t VALUES (1, 2, 1.5, x'00', 1, 'x'), (NULL, 'two', 2, 'text', 'a', CAST(x'ff' AS TEXT)),"
      "(3, NULL, 3, NULL, x'01', NULL)");
  const auto session = open_session(database.file());
  const auto inventory = (*session)->describe(table("t"), {});
  ASSERT_TRUE(inventory.has_value()) << inventory.error().message;
  const auto misfits = (*session)->misfits(table("t"), inventory->columns);
  ASSERT_TRUE(misfits.has_value()) << misfits.error().message;
  const model::LogicalType text{.kind = model::LogicalKind::text};
  EXPECT_EQ(misfits->overrides, (model::TypeOverrides{{"real_int", text}, {"word", text}}));
  const auto rows = read_all(database.file(), query(misfits->readable_query), misfits->overrides);
  ASSERT_TRUE(rows.has_value()) << rows.error().message;
  EXPECT_EQ(rows->size(), 3U);
  EXPECT_THAT(rows->at(1), testing::ElementsAre("<null>", "two", "2", "74657874", "61", "ff"));

  database.execute("CREATE TABLE fine (id INTEGER PRIMARY KEY, a, b TEXT); INSERT INTO fine VALUES (1, 2, 'x')");
  const auto fine = (*session)->describe(table("fine"), {});
  EXPECT_TRUE((*session)->misfits(table("fine"), fine->columns)->empty());
}

TEST(Catalogue, BlamesTheRelationForWhatIsMissingInIt) {
  EXPECT_EQ(relation_fault({.kind = ErrorKind::permanent, .message = "", .vendor_code = "SQLITE_ERROR (1)"}),
            RelationFault::broken);
  EXPECT_EQ(relation_fault({.kind = ErrorKind::permanent, .message = "t has no columns"}), RelationFault::broken);
  EXPECT_EQ(relation_fault({.kind = ErrorKind::permanent, .message = "", .vendor_code = "SQLITE_CORRUPT (11)"}),
            RelationFault::none);
  EXPECT_EQ(relation_fault({.kind = ErrorKind::unavailable, .message = ""}), RelationFault::none);
}

}  // namespace
}  // namespace rivet::source::sqlite
