// SPDX-License-Identifier: Apache-2.0
// A definition says what the file said, and nothing that must stay secret.
#include "config/definition.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/test_support.hpp"

namespace rivet::config {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kExport = R"yaml(
exports:
  - name: "007"
    query_file: q.sql
    mode: chunked
    chunk_column: id
    chunk_size: 10
    chunk_dense: true
    format: csv
    columns: {price: "decimal(10,2)", "a: b": text}
    destination: {type: local, path: "./out/${DAY}"}
)yaml";

struct Loaded {
  test::Files files;
  test::Surroundings around{.environment = {{"DB", "postgres://u:hidden@localhost:5433/d%2Fb?sslmode=require"}},
                            .params = {{"DAY", "monday"}}};
  Result<Config> config = fail(ErrorKind::internal, "not loaded");

  explicit Loaded(const std::string& source) {
    files.write("q.sql", "SELECT 1 AS id;\n");
    config = test::load_text(files, "source: " + source + kExport, around);
  }
  Definition definition() const {
    return {.source = config->source_definition, .exports = {config->exports.front().definition}, .file = config->file};
  }
  Result<Config> again(bool needs_file) {
    return load_definition(definition(), needs_file, around.options(), around.redactor);
  }
};

TEST(Definition, ReadsBackAsTheSameExport) {
  Loaded first("{type: postgres, url_env: DB}");
  ASSERT_TRUE(first.config.has_value()) << first.config.error().to_string();
  const auto again = first.again(false);
  ASSERT_TRUE(again.has_value()) << again.error().to_string();
  const auto& a = first.config->exports.front();
  const auto& b = again->exports.front();
  EXPECT_EQ(b.name, "007");
  EXPECT_EQ(b.relation.query, a.relation.query);
  EXPECT_EQ(b.destination.path, "./out/monday");
  EXPECT_EQ(b.columns, a.columns);
  EXPECT_TRUE(b.keys.chunk_dense);
  EXPECT_EQ(again->source.password, "hidden");
  EXPECT_EQ(again->source.database, "d/b");
}

TEST(Definition, HoldsNoPassword) {
  for (const std::string source : {"{type: postgres, url: 'postgres://u:hidden@localhost:5433/db?sslpassword=hidden2'}",
                                   "{type: postgres, host: localhost, user: u, database: db, password: hidden}"}) {
    Loaded first(source);
    ASSERT_TRUE(first.config.has_value()) << first.config.error().to_string();
    EXPECT_THAT(first.definition().source, Not(HasSubstr("hidden")));
    EXPECT_TRUE(left_out_password(first.definition().source, first.config->source));
    const auto again = first.again(true);
    ASSERT_TRUE(again.has_value()) << again.error().to_string();
    EXPECT_EQ(again->source.password, "hidden");
    EXPECT_EQ(again->source.host, "localhost");
    EXPECT_EQ(again->source.port, first.config->source.port);
  }
}

TEST(Definition, AsksForThePasswordOfTheSameSourceOnly) {
  Loaded first("{type: postgres, host: localhost, user: u, database: db, password: hidden}");
  first.files.write("rivet.yaml", "source: {type: postgres, host: localhost, user: u, database: other, password: x}\n");
  EXPECT_THAT(first.again(true).error().message, HasSubstr("another source"));
  std::filesystem::remove(first.config->file);
  EXPECT_THAT(first.again(true).error().message, HasSubstr("cannot be read"));
}

TEST(Definition, NeedsNoFileWhenAVariableLeadsToThePassword) {
  Loaded first("{type: postgres, url_env: DB}");
  EXPECT_FALSE(left_out_password(first.definition().source, first.config->source));
  std::filesystem::remove(first.config->file);
  EXPECT_TRUE(first.again(false).has_value());
}

}  // namespace
}  // namespace rivet::config
