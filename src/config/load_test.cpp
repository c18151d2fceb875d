// SPDX-License-Identifier: Apache-2.0
// Whole files: what a good one means and how a bad one is reported.
#include "config/load.hpp"

#include "config/test_support.hpp"

#include <gmock/gmock.h>

namespace rivet::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kPilot = R"(source:
  type: postgres
  url_env: DATABASE_URL
  tuning:
    profile: balanced

exports:
  - name: orders
    query: "SELECT id, user_id, product, price, status, updated_at FROM orders"
    mode: chunked
    chunk_column: id
    chunk_size: 100000
    chunk_checkpoint: true          # required for reconcile/repair/progression
    parallel: 2
    format: parquet
    destination:
      type: local
      path: ./output
    columns:
      price: decimal(10,2)          # bare NUMERIC needs an explicit precision/scale

  - name: orders_coalesce
    query: "SELECT id, product, price, updated_at, created_at FROM orders_coalesce"
    mode: incremental
    cursor_column: updated_at
    cursor_fallback_column: created_at
    incremental_cursor_mode: coalesce
    format: parquet
    skip_empty: true
    destination:
      type: local
      path: ./output
    columns:
      price: decimal(10,2)
)";

TEST(Load, ReadsThePilotConfiguration) {
  const test::Files files;
  test::Surroundings around{.environment = {{"DATABASE_URL", "postgres://ann:p/w@localhost/shop"}}};
  const auto config = test::load_text(files, kPilot, around);
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->file, files.directory() / "rivet.yaml");
  EXPECT_EQ(config->source.host, "localhost");
  EXPECT_EQ(config->source.port, 5432);
  EXPECT_EQ(config->source.password, "p/w");
  ASSERT_EQ(config->exports.size(), 2U);
  const auto& orders = config->exports[0];
  EXPECT_EQ(orders.line, 8);
  EXPECT_EQ(orders.mode, Mode::chunked);
  EXPECT_EQ(orders.keys.chunk_column, "id");
  EXPECT_EQ(orders.keys.chunk_size, 100'000);
  EXPECT_TRUE(orders.keys.chunk_checkpoint);
  EXPECT_EQ(orders.keys.parallel, 2);
  EXPECT_EQ(orders.columns.at("price"),
            (model::LogicalType{.kind = model::LogicalKind::decimal, .precision = 10, .scale = 2}));
  EXPECT_FALSE(orders.parquet.has_value());
  const auto& coalesce = config->exports[1];
  EXPECT_TRUE(coalesce.keys.coalesce);
  EXPECT_EQ(coalesce.keys.cursor_fallback_column, "created_at");
  EXPECT_TRUE(coalesce.skip_empty);
  EXPECT_TRUE(config->warnings.empty());
}

TEST(Load, ReadsEveryKeyOfAnExport) {
  const test::Files files;
  test::Surroundings around;
  const auto config = test::load_text(files, test::with_export(R"(    compression: gzip
    compression_level: 0
    verify: content
    skip_empty: true
    max_file_size: 1.5MB
    wave: 2
    parallel_safe: false
    meta_columns: {exported_at: true, row_hash: [id, price]}
    quality:
      row_count_min: 1
      row_count_max: 10
      null_ratio_max: {price: 0.5, "odd name": 1}
      unique_columns: [id]
      unique_max_entries: 1000
    source_group: shop
    reconcile_required: true
    columns: {a: text, b: "timestamp_ns"}
    target: bq
    on_schema_drift: continue
    shape_drift_warn_factor: 0
    parquet: {row_group_strategy: fixed_rows, row_group_rows: 5, target_row_group_mb: 64, max_row_group_mb: 128}
)"),
                                      around);
  ASSERT_TRUE(config.has_value()) << config.error().message;
  const auto& entry = config->exports[0];
  EXPECT_EQ(entry.compression, Compression::gzip);
  EXPECT_EQ(entry.compression_level, 0);
  EXPECT_EQ(entry.verify, Verify::content);
  EXPECT_EQ(entry.max_file_size, 1'572'864);
  EXPECT_EQ(entry.wave, 2);
  EXPECT_EQ(entry.parallel_safe, false);
  EXPECT_TRUE(entry.meta_columns.exported_at);
  EXPECT_TRUE(entry.meta_columns.row_hash);
  EXPECT_THAT(entry.meta_columns.row_hash_columns, ElementsAre("id", "price"));
  EXPECT_EQ(entry.quality.row_count_max, 10);
  EXPECT_EQ(entry.quality.null_ratio_max.at("odd name"), 1.0);
  EXPECT_THAT(entry.quality.unique_columns, ElementsAre("id"));
  EXPECT_EQ(entry.columns.at("b").unit, model::TimeUnit::nano);
  EXPECT_EQ(entry.target, "bigquery");
  EXPECT_EQ(entry.on_schema_drift, OnSchemaDrift::continue_);
  EXPECT_EQ(entry.shape_drift_warn_factor, 0.0);
  ASSERT_TRUE(entry.parquet.has_value());
  EXPECT_EQ(entry.parquet->strategy, RowGroupStrategy::fixed_rows);
  EXPECT_EQ(entry.parquet->row_group_rows, 5);
}

TEST(Load, ReportsEveryProblemWithItsLineInOneGo) {
  const test::Files files;
  test::Surroundings around;
  const auto problems = test::problems_of(files, R"(source:
  type: sqlite
  path: shop.db
  enviroment: local
exports:
  - name: a
    table: a
    format: parquett
    destination: {type: local, path: out}
    skip_empty: yes
  - name: a
    table: b
    format: csv
    batch_size: 5
    parallel: many
    destination:
      type: local
      path: ../out
parallel_export: true
)",
                                          around);
  EXPECT_EQ(problems,
            "rivet.yaml:4: unknown key 'enviroment' in source; did you mean 'environment'?\n"
            "rivet.yaml:8: 'parquett' is not a value of 'format': use one of parquet, csv; did you mean 'parquet'?\n"
            "rivet.yaml:10: 'skip_empty' must be true or false, not 'yes'\n"
            "rivet.yaml:11: export name 'a' is taken, first in line 6\n"
            "rivet.yaml:14: unknown key 'batch_size' in export 'a'; it belongs under tuning:\n"
            "rivet.yaml:15: 'parallel' must be a whole number, not 'many'\n"
            "rivet.yaml:18: 'path' of a local destination must not contain '..'\n"
            "rivet.yaml:19: unknown key 'parallel_export' in the configuration; did you mean 'parallel_exports'?");
}

TEST(Load, CarriesTheFirstStableCode) {
  const test::Files files;
  test::Surroundings around;
  const auto error = test::load_text(files, test::with_export("    oops: 1\n    mode: cdc\n"), around).error();
  EXPECT_EQ(error.kind, ErrorKind::config);
  EXPECT_EQ(error.code, "RIVET_CONFIG_SOURCE_MODE_UNSUPPORTED");
}

TEST(Load, RefusesWhatIsNotAReadableTextFile) {
  const test::Files files;
  test::Surroundings around;
  const auto message = [&](const std::filesystem::path& file) {
    return load(file, around.options(), around.redactor).error().message;
  };
  EXPECT_THAT(message(files.directory() / "none.yaml"), HasSubstr("none.yaml'"));
  EXPECT_THAT(message(files.directory()), HasSubstr("not a regular file"));
  EXPECT_THAT(message("/dev/null"), HasSubstr("not a regular file"));
  EXPECT_THAT(message(files.write("empty.yaml", "")), HasSubstr("the file is empty"));
  EXPECT_THAT(message(files.write("comment.yaml", "# nothing\n")), HasSubstr("the file is empty"));
  EXPECT_THAT(message(files.write("latin1.yaml", "a: \xe4\n")), HasSubstr("not UTF-8"));
  EXPECT_THAT(message(files.write("nul.yaml", std::string_view("a: b\0c", 6))), HasSubstr("not UTF-8"));
}

TEST(Load, NamesTheLineOfASyntaxError) {
  const test::Files files;
  test::Surroundings around;
  EXPECT_THAT(test::problems_of(files, "source:\n  type: sqlite\n  path: [a\nexports: x\n", around),
              HasSubstr("rivet.yaml:4: not valid YAML"));
  EXPECT_THAT(test::problems_of(files, "source:\n\ttype: sqlite\n\tpath: x\n", around),
              HasSubstr("YAML does not allow tabs for indentation"));
  EXPECT_THAT(test::problems_of(files, "a: 1\n---\nb: 2\n", around), HasSubstr("second YAML document"));
}

TEST(Load, RefusesRepeatedKeys) {
  const test::Files files;
  test::Surroundings around;
  EXPECT_THAT(test::problems_of(files, test::with_export("    format: csv\n"), around),
              HasSubstr("rivet.yaml:7: key 'format' is given twice, first in line 5"));
}

TEST(Load, BoundsAliases) {
  const test::Files files;
  test::Surroundings around;
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int level = 1; level < 12; ++level) {
    text += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [";
    for (int copy = 0; copy < 10; ++copy) text += "*a" + std::to_string(level - 1) + (copy < 9 ? ", " : "]\n");
  }
  EXPECT_THAT(test::problems_of(files, text, around), HasSubstr("aliases of this file add up to too much"));
  EXPECT_THAT(test::problems_of(files, "a: &a [*a]\n", around), HasSubstr("refers to the value that contains it"));
}

TEST(Load, UnderstandsAliases) {
  const test::Files files;
  test::Surroundings around;
  const auto config = test::load_text(files, R"(source: {type: sqlite, path: shop.db}
exports:
  - {name: a, table: a, format: csv, destination: &out {type: local, path: out}}
  - {name: b, table: b, format: csv, destination: *out}
)",
                                      around);
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->exports[1].destination.path, "out");
}

TEST(Load, ResolvesTheSqliteFileAgainstTheConfiguration) {
  const test::Files files;
  test::Surroundings around;
  const auto config =
      test::load_text(files, test::with_source("source: {type: sqlite, path: data/../shop.db}"), around);
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->source.path, files.directory() / "shop.db");
  const auto by_url =
      test::load_text(files, test::with_source("source: {type: sqlite, url: 'sqlite:shop.db'}"), around);
  ASSERT_TRUE(by_url.has_value()) << by_url.error().message;
  EXPECT_EQ(by_url->source.path, files.directory() / "shop.db");
}

TEST(Load, ReadsAnAddressInParts) {
  const test::Files files;
  test::Surroundings around{.environment = {{"PW", "s3cr3t"}}};
  const auto config = test::load_text(files, test::with_source(R"(source:
  type: mysql
  host: db.example.org
  user: ann
  database: shop
  password_env: PW
  environment: replica
  tls: {mode: require, accept_invalid_certs: true})"),
                                      around);
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->source.port, 3306);
  EXPECT_EQ(config->source.password, "s3cr3t");
  EXPECT_EQ(config->source.tls->mode, TlsMode::require);
  EXPECT_TRUE(config->source.tls->accept_invalid_certs);
  EXPECT_EQ(around.redactor.clean("x s3cr3t y"), "x *** y");
}

TEST(Load, ReadsAUrlFromAFile) {
  const test::Files files;
  test::Surroundings around;
  files.write("url.txt", "postgres://ann:pw@localhost/shop\n");
  const auto config = test::load_text(files, test::with_source("source: {type: postgres, url_file: url.txt}"), around);
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->source.database, "shop");
}

TEST(Load, AcceptsKeysWithoutValueWithAWarning) {
  const test::Files files;
  test::Surroundings around;
  const auto config = test::load_text(files, test::with_export("    columns:\n    tuning:\n"), around);
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_THAT(config->warnings, ElementsAre(HasSubstr(":7: 'columns' has no value"), HasSubstr(":8: 'tuning' has")));
}

TEST(Load, CompressionProfileWinsWithAWarning) {
  const test::Files files;
  test::Surroundings around;
  const auto config = test::load_text(
      files, test::with_export("    compression: snappy\n    compression_level: 4\n    compression_profile: compact\n"),
      around);
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->exports[0].compression, Compression::zstd);
  EXPECT_EQ(config->exports[0].compression_level, 9);
  EXPECT_EQ(config->warnings.size(), 2U);
}

TEST(Load, AcceptsOneOrSeveralSeekKeys) {
  const test::Files files;
  test::Surroundings around;
  const auto one = test::load_text(files, test::with_export("    mode: chunked\n    chunk_by_key: id\n"), around);
  ASSERT_TRUE(one.has_value()) << one.error().message;
  EXPECT_THAT(one->exports[0].keys.chunk_by_key, ElementsAre("id"));
  const auto two = test::load_text(files, test::with_export("    mode: chunked\n    chunk_by_key: [a, b]\n"), around);
  ASSERT_TRUE(two.has_value()) << two.error().message;
  EXPECT_THAT(two->exports[0].keys.chunk_by_key, ElementsAre("a", "b"));
}

TEST(Load, ReadsNotifications) {
  const test::Files files;
  test::Surroundings around{.environment = {{"HOOK", "https://hooks.example.org/T0/secretpath"}}};
  const auto config = test::load_text(
      files, test::with_export("") + "notifications:\n  slack: {webhook_url_env: HOOK, on: [failure, degraded]}\n",
      around);
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_TRUE(config->warnings.empty());
  const auto& [slack, webhook] = config->notifications;
  ASSERT_TRUE(slack.has_value());
  EXPECT_THAT(slack->on, ElementsAre(Occasion::failure, Occasion::degraded));
  EXPECT_THAT(around.redactor.clean("to " + slack->url), Not(HasSubstr("secretpath")));
  EXPECT_THAT(around.redactor.clean("404 for /T0/secretpath"), Not(HasSubstr("secretpath")));
  EXPECT_FALSE(webhook.has_value());
}

TEST(Load, ReadsAWebhookAndItsHeaders) {
  const test::Files files;
  test::Surroundings around{.environment = {{"AUTH", "Bearer abcdef"}}};
  const auto config = test::load_text(files, test::with_export("") + R"(notifications:
  webhook:
    url: https://hooks.example.org/incoming
    on: [success, schema_change]
    headers: {X-Team: data, X-Api-Key: plainkey}
    headers_env: {Authorization: AUTH}
)",
                                      around);
  ASSERT_TRUE(config.has_value()) << config.error().message;
  const auto& webhook = config->notifications.webhook;
  ASSERT_TRUE(webhook.has_value());
  EXPECT_THAT(webhook->on, ElementsAre(Occasion::success, Occasion::schema_change));
  EXPECT_EQ(webhook->headers, (std::map<std::string, std::string>{
                                  {"X-Team", "data"}, {"X-Api-Key", "plainkey"}, {"Authorization", "Bearer abcdef"}}));
  EXPECT_EQ(around.redactor.clean("data, plainkey, Bearer abcdef, https://hooks.example.org/incoming"),
            "data, ***, ***, ***");
}

TEST(Load, SurvivesHugeValues) {
  const test::Files files;
  test::Surroundings around;
  const std::string huge(200'000, 'x');
  for (const auto* key : {"wave", "format", "skip_empty", "columns", "verify", "max_file_size", "table"}) {
    EXPECT_NE(test::problems_of(files, test::with_export("    " + std::string(key) + ": " + huge + "\n"), around),
              "LOADED");
  }
  const auto deep = std::string(100'000, '[');
  EXPECT_THAT(test::problems_of(files, deep, around), HasSubstr("not valid YAML"));
  for (const auto* start : {"query_file: ", "columns: {a: ", "chunk_column: ", "target: ", "${", "? "}) {
    const auto text = test::with_export("    " + std::string(start) + huge + "\n");
    EXPECT_NE(test::problems_of(files, text, around), "LOADED") << start;
  }
  EXPECT_NE(test::problems_of(files, test::with_source("source: {type: postgres, url_file: " + huge + "}"), around),
            "LOADED");
  EXPECT_NE(
      test::problems_of(files, test::with_source("source: {type: postgres, url: 'postgres://" + huge + "'}"), around),
      "LOADED");
}

TEST(Load, StopsCountingAtFiveHundredProblems) {
  const test::Files files;
  test::Surroundings around;
  std::string keys;
  for (int at = 0; at < 20'000; ++at) keys += "    odd_" + std::to_string(at) + ": 1\n";
  const auto problems = test::problems_of(files, test::with_export(keys), around);
  EXPECT_EQ(std::count(problems.begin(), problems.end(), '\n'), 500);
  EXPECT_THAT(problems, HasSubstr("there may be more problems"));
}

TEST(Load, ReadsFilesOfOtherSystems) {
  const test::Files files;
  test::Surroundings around;
  auto text = "\xEF\xBB\xBF" + test::with_export("    wave: 3\n");
  for (auto at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 2)) text.replace(at, 1, "\r\n");
  const auto config = test::load_text(files, text, around);
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->exports[0].wave, 3);
}

class SecretInAFaultyFile : public ::testing::TestWithParam<std::string_view> {};

TEST_P(SecretInAFaultyFile, IsInNoMessage) {
  const test::Files files;
  test::Surroundings around{
      .environment = {{"URL", "postgres://ann:hun/te?r#2@x%@db.example.org:port/shop"}, {"PW", "hun/te?r#2@x%"}}};
  const auto problems = test::problems_of(files, GetParam(), around);
  EXPECT_NE(problems, "LOADED");
  for (const auto* piece : {"hun/te", "r#2", "2@x", "gr\xC3\xBCn"}) EXPECT_THAT(problems, Not(HasSubstr(piece)));
}

INSTANTIATE_TEST_SUITE_P(
    Files, SecretInAFaultyFile,
    ::testing::Values("source: {type: postgres, url_env: URL}\nexports: []\n",
                      "source: {type: postgres, url: \"postgres://ann:hun/te?r#2@x%@db:port/shop\"}\nexports: []\n",
                      "source: {type: mysql, url: \"postgres://ann:gr\xC3\xBCn@db/shop\"}\nexports: []\n",
                      "source: {type: postgres, url: \"postgres://ann:hun/te?r#2@x%@db/shop\"}\nexports: []\n",
                      "source: {type: postgres, password: 'hun/te?r#2@x%', host: 'hun/te?r#2@x%'}\nexports: []\n",
                      "source: {type: postgres, password: 'gr\xC3\xBCn', environment: 'gr\xC3\xBCn'}\nexports: []\n",
                      "source: {type: postgres, password_env: PW, host: h, port: 'hun/te?r#2@x%'}\nexports: []\n",
                      "source: {type: 'postgres://ann:hun/te?r#2@x%@db.example.org/shop'}\nexports: []\n",
                      "source: {pasword: 'hun/te?r#2@x%'}\nexports: []\n",
                      "source:\n  type: postgres\n  password: *hun/te?r#2\n",
                      "source:\n  type: postgres\n  password: [hun/te?r#2@x%\n",
                      "source: {type: postgres, password: {'hun/te?r#2@x%': 1}}\nexports: []\n",
                      "source: {type: postgres, password: ['hun/te?r#2@x%']}\nexports: []\n"));

}  // namespace
}  // namespace rivet::config
