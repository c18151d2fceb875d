// SPDX-License-Identifier: Apache-2.0
// What init writes, load reads: whatever the tables are called.
#include "config/scaffold.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "config/relation.hpp"
#include "config/test_support.hpp"
#include "config/yaml_text.hpp"

namespace rivet::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<std::string> kHostile{"plain",
                                        "yes",
                                        "Null",
                                        "~",
                                        "123",
                                        "1e3",
                                        "a: b",
                                        "#x",
                                        "- x",
                                        "a.b",
                                        "..",
                                        ".hidden",
                                        "sp ace",
                                        " edge ",
                                        "q\"uote",
                                        "it's",
                                        "back\\",
                                        "sl/ash",
                                        "new\nline",
                                        "t\tab",
                                        "${VAR}",
                                        "$${VAR}",
                                        "${",
                                        "${}",
                                        "{partition}",
                                        "{date}",
                                        "%20",
                                        "größe",
                                        "表",
                                        "\u2028sep",
                                        "\u0085nel",
                                        "\uFEFFbom",
                                        "!tag",
                                        "&anchor",
                                        "*alias",
                                        "|",
                                        ">",
                                        "@at",
                                        "`tick`",
                                        "[x]",
                                        "a,b",
                                        "Plain",
                                        "PLAIN",
                                        "-dash",
                                        "\x01\x7F",
                                        "?",
                                        "---",
                                        "...",
                                        std::string(63, 'x'),
                                        std::string(200, 'y')};

model::DiscoveredTable table(std::string name) {
  model::DiscoveredTable out{.entry = {.schema = "public", .name = std::move(name)}};
  out.columns = {{.name = "id", .native_type = "bigint", .type = {.kind = model::LogicalKind::int64}}};
  out.suggestion = {.mode = "full", .reason = "because"};
  return out;
}

model::Discovery discovery(const std::vector<std::string>& names) {
  model::Discovery out{.source_type = "postgres", .scope = "PostgreSQL schema \"public\""};
  for (const auto& name : names) out.tables.push_back(table(name));
  return out;
}

ScaffoldSource local() { return {.key = "url", .value = "postgresql://ann@localhost/shop"}; }

Result<Config> load_back(const std::string& text) {
  const test::Files files;
  test::Surroundings around;
  return test::load_text(files, text, around);
}

TEST(Scaffold, LoadsWithEveryNameAsItIs) {
  const auto text = scaffold(discovery(kHostile), local(), "rivet.yaml");
  const auto config = load_back(text);
  ASSERT_TRUE(config.has_value()) << config.error().message << "\n" << text;
  ASSERT_EQ(config->exports.size(), kHostile.size());
  std::set<std::string> folders;
  for (std::size_t i = 0; i < kHostile.size(); ++i) {
    EXPECT_EQ(config->exports[i].relation.table, kHostile[i]);
    EXPECT_EQ(config->exports[i].relation.schema, "");
    folders.insert(expand_placeholders(config->exports[i].destination.path, config->exports[i], {}));
  }
  EXPECT_EQ(folders.size(), kHostile.size());
  EXPECT_THAT(config->warnings, ElementsAre());
}

TEST(Scaffold, KeepsKeysAndCursorsOfHostileColumns) {
  for (const auto& name : kHostile) {
    auto found = discovery({"a", "b"});
    found.tables[0].suggestion = {
        .mode = "chunked", .reason = name, .chunk_by_key = {name, "id"}, .chunk_size = 100'000, .parallel = 2};
    found.tables[0].notes = {name};
    found.tables[0].misfits.overrides = {{name, {.kind = model::LogicalKind::text}}};
    found.tables[1].suggestion = {.mode = "incremental", .reason = "r", .cursor = name, .fallback = "b"};
    found.tables[1].columns = {{.name = name, .native_type = "numeric", .type = {.kind = model::LogicalKind::text}}};
    const auto text = scaffold(found, local(), "rivet.yaml");
    const auto config = load_back(text);
    ASSERT_TRUE(config.has_value()) << config.error().message << "\n" << text;
    EXPECT_THAT(config->exports[0].keys.chunk_by_key, ElementsAre(name, "id"));
    EXPECT_EQ(config->exports[1].keys.cursor_column, name);
    EXPECT_TRUE(config->exports[1].keys.coalesce);
    EXPECT_TRUE(config->exports[1].columns.empty());
    EXPECT_EQ(config->exports[0].columns, (model::TypeOverrides{{name, {.kind = model::LogicalKind::text}}}));
  }
}

TEST(Scaffold, QualifiesWhatItsNameAloneDoesNotFind) {
  auto found = discovery({"orders", "orders"});
  found.tables[0].entry.schema = "old.archive";
  found.tables[0].entry.needs_schema = true;
  const auto config = load_back(scaffold(found, local(), "rivet.yaml"));
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->exports[0].relation.schema, "old.archive");
  EXPECT_EQ(config->exports[0].name, "old_archive_orders");
  EXPECT_EQ(config->exports[1].name, "orders");
}

TEST(Scaffold, WritesTheSourceWithoutSecrets) {
  const auto text = scaffold(
      discovery({"a"}), {.key = "url_env", .value = "PGURL", .remark = "export\nit", .tls_mode = "require"}, "x.yaml");
  EXPECT_THAT(text, HasSubstr("  url_env: PGURL  # export it\n  tls:\n    mode: require\n"));
  EXPECT_TRUE(text.starts_with("# yaml-language-server: $schema=./rivet.schema.json\n"));
}

TEST(Scaffold, OffersADecimalWithoutUsingIt) {
  auto found = discovery({"a"});
  found.tables[0].columns.push_back(
      {.name = "price", .native_type = "numeric", .type = {.kind = model::LogicalKind::text}});
  const auto text = scaffold(found, local(), "x.yaml");
  EXPECT_THAT(text, HasSubstr("    # columns:\n    #   price: decimal(38,18)  # REVIEW"));
}

TEST(Scaffold, LeavesOutAddedColumnsThatTheTableHasItself) {
  auto found = discovery({"a", "b"});
  found.tables[0].columns.push_back({.name = "_rivet_row_hash", .native_type = "text"});
  const auto config = load_back(scaffold(found, local(), "x.yaml"));
  ASSERT_TRUE(config.has_value());
  EXPECT_FALSE(config->exports[0].meta_columns.row_hash);
  EXPECT_TRUE(config->exports[1].meta_columns.row_hash);
}

TEST(Scaffold, HashesWhatCanBeHashed) {
  auto found = discovery({"a", "b"});
  const model::Column list{.name = "tags, all", .native_type = "text[]", .type = {.kind = model::LogicalKind::list}};
  found.tables[0].columns.push_back(list);
  found.tables[1].columns = {list};
  const auto config = load_back(scaffold(found, local(), "x.yaml"));
  ASSERT_TRUE(config.has_value());
  EXPECT_THAT(config->exports[0].meta_columns.row_hash_columns, ElementsAre("id"));
  EXPECT_TRUE(config->exports[0].meta_columns.row_hash);
  EXPECT_FALSE(config->exports[1].meta_columns.row_hash);
}

TEST(Scaffold, SaysWhatIsMissingInAComment) {
  auto found = discovery({"a"});
  found.skipped = {{"public", "sec\nret: x", "no SELECT privilege"}};
  const auto text = scaffold(found, local(), "x.yaml");
  EXPECT_THAT(text, HasSubstr("# Left out: public.sec ret: x: no SELECT privilege\n"));
  EXPECT_TRUE(load_back(text).has_value());
}

TEST(YamlText, WrapsCommentsAndKeepsThemOnTheirLine) {
  const auto text = yaml_comment(4, std::string(80, 'a') + " " + std::string(40, 'b') + "\nexports: x");
  EXPECT_EQ(text, "    # " + std::string(80, 'a') + "\n    # " + std::string(40, 'b') + " exports: x\n");
  EXPECT_EQ(yaml_value("orders"), "orders");
  EXPECT_EQ(yaml_value("no"), "\"no\"");
  EXPECT_EQ(yaml_value("./output/orders/"), "./output/orders/");
}

TEST(YamlText, SpelledTableNamesReadBack) {
  for (const auto& name : kHostile) {
    for (const auto& schema : {std::string(), std::string("s"), name}) {
      const auto back = parse_table_name(spelled_table_name({.schema = schema, .table = name}));
      ASSERT_TRUE(back.has_value()) << name;
      EXPECT_EQ(back->schema, schema);
      EXPECT_EQ(back->table, name);
    }
  }
}

}  // namespace
}  // namespace rivet::config
