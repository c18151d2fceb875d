// SPDX-License-Identifier: Apache-2.0
// One faulty file per rule, with the line and the words the user reads.
#include "config/test_support.hpp"

#include <gmock/gmock.h>

namespace rivet::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

struct Bad {
  std::string_view text;      ///< lines of the export from line 7 on, or a whole source block
  std::string_view expected;  ///< part of the message
  std::string_view code = {};
};

void expect_refusal(const std::string& text, const Bad& bad) {
  const test::Files files;
  test::Surroundings around{.environment = {{"EMPTY", ""}}};
  const auto problems = test::problems_of(files, text, around);
  EXPECT_THAT(problems, HasSubstr(bad.expected)) << text;
  EXPECT_THAT(problems, HasSubstr("rivet.yaml:")) << text;
  if (bad.code.empty()) return;
  EXPECT_EQ(test::load_text(files, text, around).error().code, bad.code) << text;
}

class BadExport : public ::testing::TestWithParam<Bad> {};
TEST_P(BadExport, IsRefused) { expect_refusal(test::with_export(GetParam().text), GetParam()); }

INSTANTIATE_TEST_SUITE_P(
    Keys, BadExport,
    ::testing::Values(
        Bad{"    compresion: zstd\n", ":7: unknown key 'compresion' in export 'orders'; did you mean 'compression'?"},
        Bad{"    throttle_ms: 1\n", ":7: unknown key 'throttle_ms' in export 'orders'; it belongs under tuning:"},
        Bad{"    bucket: b\n", "belongs under destination:"}, Bad{"    password: p\n", "belongs under source:"},
        Bad{"    row_count_min: 1\n", "belongs under quality:"},
        Bad{"    <<: {a: b}\n", "merge keys are not supported"},
        Bad{"    wave: '3'\n", ":7: 'wave' must be a whole number, not '3' in quotes"},
        Bad{"    wave: 1.5\n", "'wave' must be a whole number"},
        Bad{"    wave: 99999999999999999999\n", "whole number"},
        Bad{"    wave: [1]\n", "'wave' must be a whole number, it is a list"}, Bad{"    wave: -1\n", "between 0 and"},
        Bad{"    skip_empty: 1\n", "'skip_empty' must be true or false, not '1'"},
        Bad{"    skip_empty: 'true'\n", "must be true or false"}, Bad{"    query: SELECT 1\n", "exclude each other"},
        Bad{"    tables: [a]\n", "exclude each other"}, Bad{"    verify: all\n", "use one of size, content"},
        Bad{"    on_schema_drift: ignore\n", "use one of warn, continue, fail"},
        Bad{"    target: oracle\n", "is not a value of 'target'"},
        Bad{"    source_group: ''\n", "'source_group' is empty"},
        Bad{"    shape_drift_warn_factor: -1\n", "must be a number between 0"},
        Bad{"    shape_drift_warn_factor: .nan\n", "must be a number"},
        Bad{"    load: {pk: id}\n", "'load' is not offered"},
        Bad{"    load: {pkk: id}\n", "unknown key 'pkk' in load; did you mean 'pk'?"},
        Bad{"    ? [a]\n    : b\n", ":7: a key must be text"},
        Bad{"    wave: \"\\0\"\n", "a NUL byte is not allowed"}));

INSTANTIATE_TEST_SUITE_P(
    Modes, BadExport,
    ::testing::Values(
        Bad{"    mode: ful\n", "did you mean 'full'?"},
        Bad{"    mode: cdc\n", ":7: 'mode: cdc' is not offered", "RIVET_CONFIG_SOURCE_MODE_UNSUPPORTED"},
        Bad{"    cdc: {slot: x}\n", "'cdc' belongs to 'mode: cdc'"},
        Bad{"    cdc: {slott: x}\n", "unknown key 'slott' in cdc"},
        Bad{"    mode: incremental\n", ":3: export 'orders' needs 'cursor_column'"},
        Bad{"    cursor_column: id\n",
            ":7: 'cursor_column' belongs to 'mode: incremental', this export is 'mode: full'"},
        Bad{"    mode: incremental\n    cursor_column: a\n    cursor_fallback_column: b\n",
            ":9: 'cursor_fallback_column' needs"},
        Bad{"    mode: incremental\n    cursor_column: a\n    incremental_cursor_mode: coalesce\n",
            ":9: 'incremental_cursor_mode: coalesce' needs"},
        Bad{"    chunk_size: 5\n", "'chunk_size' belongs to 'mode: chunked'"},
        Bad{"    consistency: eventual\n", "'consistency'"},
        Bad{"    chunk_checkpoint: true\n", "'chunk_checkpoint' belongs to"},
        Bad{"    mode: chunked\n    chunk_size: 0\n", ":8: 'chunk_size' must be 1 or more, not 0"},
        Bad{"    mode: chunked\n    parallel: 0\n", "'parallel' must be between 1 and"},
        Bad{"    mode: chunked\n    chunk_count: 0\n", "'chunk_count' must be", "RIVET_CONFIG_CHUNK_COUNT_INVALID"},
        Bad{"    mode: chunked\n    chunk_by_days: 0\n", "'chunk_by_days' must be",
            "RIVET_CONFIG_CHUNK_BY_DAYS_INVALID"},
        Bad{"    mode: chunked\n    chunk_size: 1\n    chunk_size_memory_mb: 1\n",
            ":9: 'chunk_size_memory_mb' and 'chunk_size' exclude"},
        Bad{"    mode: chunked\n    chunk_count: 1\n    chunk_dense: true\n", "'chunk_count' and 'chunk_dense' exclude",
            "RIVET_CONFIG_CHUNK_COUNT_INVALID"},
        Bad{"    mode: chunked\n    chunk_count: 1\n    chunk_by_days: 1\n", "exclude",
            "RIVET_CONFIG_CHUNK_COUNT_INVALID"},
        Bad{"    mode: chunked\n    chunk_by_days: 1\n    chunk_dense: true\n", "exclude",
            "RIVET_CONFIG_CHUNK_BY_DAYS_INVALID"},
        Bad{"    mode: chunked\n    chunk_by_key: a\n    chunk_column: b\n",
            "'chunk_by_key' and 'chunk_column' exclude"},
        Bad{"    mode: chunked\n    chunk_by_key: []\n", "'chunk_by_key' is an empty list"},
        Bad{"    mode: chunked\n    chunk_by_key: [a, a]\n", "names 'a' twice"},
        Bad{"    mode: chunked\n    keyset_incremental: true\n", "'keyset_incremental' needs 'chunk_by_key'"},
        Bad{"    mode: time_window\n    time_column: t\n", "needs 'days_window' for 'mode: time_window'"},
        Bad{"    mode: time_window\n    time_column: t\n    days_window: 0\n", "'days_window' must be between 1"},
        Bad{"    days_window: 3\n", "'days_window' belongs to 'mode: time_window'"},
        Bad{"    partition_by: d\n", "'partition_by' needs '{partition}'"},
        Bad{"    partition_granularity: day\n", "'partition_granularity' needs 'partition_by'"},
        Bad{"    mode: time_window\n    time_column: t\n    days_window: 1\n    partition_by: t\n",
            "does not go with 'mode: time_window'"},
        Bad{"    mode: chunked\n    chunk_by_key: a\n    partition_by: t\n",
            "'partition_by' and 'chunk_by_key' exclude"}));

INSTANTIATE_TEST_SUITE_P(
    Outputs, BadExport,
    ::testing::Values(Bad{"    compression: brotli\n", "use one of zstd, snappy, gzip, lz4, none"},
                      Bad{"    compression_level: 23\n", "of zstd must be between 1 and 22, not 23"},
                      Bad{"    compression_level: 0\n", "of zstd must be between 1 and 22"},
                      Bad{"    compression: gzip\n    compression_level: 10\n",
                          ":8: 'compression_level' of gzip must be between 0 and 9"},
                      Bad{"    compression: snappy\n    compression_level: 1\n", "does not apply to 'snappy'"},
                      Bad{"    compression_profile: best\n", "use one of none, fast, balanced, compact"},
                      Bad{"    max_file_size: big\n", "must be a size above zero such as 512MB, not 'big'"},
                      Bad{"    max_file_size: 0\n", "must be a size above zero"},
                      Bad{"    max_file_size: 99999999999999999999GB\n", "must be a size above zero"},
                      Bad{"    parquet: {row_group_rows: 0}\n", "'row_group_rows' must be between 1"},
                      Bad{"    parquet: {row_group_strategy: fixed_rows}\n", "needs 'row_group_rows'"},
                      Bad{"    parquet: {rows: 3}\n", "unknown key 'rows' in parquet"},
                      Bad{"    parquet: 5\n", "parquet must be a map of keys, it is a single value"},
                      Bad{"    columns: {a: dezimal}\n", "'columns': 'a': 'dezimal' is not a usable type"},
                      Bad{"    columns: {a: 'decimal(77,1)'}\n", "write decimal(p,s) with p of 1 to 76"},
                      Bad{"    columns: [a]\n", "'columns' must be a map"},
                      Bad{"    columns: {a: [text]}\n", "must be a type such as"},
                      Bad{"    meta_columns: {row_hash: maybe}\n", "'row_hash' must be true or false"},
                      Bad{"    meta_columns: {row_hash: []}\n", "'row_hash' is an empty list"},
                      Bad{"    quality: {null_ratio_max: {a: 2}}\n", "'a' must be a number between 0 and 1"},
                      Bad{"    quality: {null_ratio_max: {a: }}\n", "needs a number"},
                      Bad{"    quality: {row_count_min: 5, row_count_max: 4}\n", "'row_count_min' is above"},
                      Bad{"    quality: {unique_columns: id}\n", "'unique_columns' must be a list"},
                      Bad{"    tuning: {batch_size: 0}\n", "'batch_size' must be between 1"},
                      Bad{"    tuning: {profile: turbo}\n", "use one of fast, balanced, safe"},
                      Bad{"    tuning: {batchsize: 1}\n", "did you mean 'batch_size'?"}));

class BadDestination : public ::testing::TestWithParam<Bad> {};
TEST_P(BadDestination, IsRefused) {
  expect_refusal(
      "source: {type: sqlite, path: shop.db}\nexports:\n  - name: orders\n    table: orders\n"
      "    format: parquet\n    destination: " +
          std::string(GetParam().text) + "\n",
      GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    Keys, BadDestination,
    ::testing::Values(
        Bad{"{path: out}", ":6: destination needs 'type'"}, Bad{"out", ":6: destination must be a map"},
        Bad{"{type: ftp}", "use one of local, s3, gcs, azure, stdout"},
        Bad{"{type: local}", "destination needs 'path'"}, Bad{"{type: local, path: a/../b}", "must not contain '..'"},
        Bad{"{type: local, paths: a}", "did you mean 'path'?"},
        Bad{"{type: local, path: {date}}", "put quotes around it: \"{date}\""},
        Bad{"{type: local, path: 'a/{partition}'}", "needs 'partition_by'"}, Bad{"{type: s3}", "needs 'bucket'"},
        Bad{"{type: s3, bucket: b, access_key_env: A}", "must be given together"},
        Bad{"{type: s3, bucket: b, endpoint: 'http://minio.example.org'}", "plain text"},
        Bad{"{type: gcs, bucket: b, credentials_file: /none.json}", "there is no file '/none.json'"},
        Bad{"{type: gcs, bucket: b, credentials_file: /etc/hostname, allow_anonymous: true}", "exclude each other"},
        Bad{"{type: azure, bucket: b}", "exactly one of"},
        Bad{"{type: azure, bucket: b, account_name: a, account_key_env: K, sas_token_env: S}", "exactly one of"},
        Bad{"{type: azure, bucket: b, account_name: a, account_key_env: K, allow_anonymous: true}", "excludes"},
        Bad{"{type: stdout}\n    mode: chunked", "does not go with a stdout"},
        Bad{"{type: stdout}\n    max_file_size: 1MB", "does not go with a stdout"}));

TEST(BadDestination, BeginsWithAPlaceholderWithoutQuotes) {
  expect_refusal(
      "source: {type: sqlite, path: shop.db}\nexports:\n  - name: a\n    destination:\n      type: local\n"
      "      path: {partition}/x\n",
      {.text = {}, .expected = "begins with a placeholder needs quotes"});
}

class BadSource : public ::testing::TestWithParam<Bad> {};
TEST_P(BadSource, IsRefused) { expect_refusal(test::with_source(GetParam().text), GetParam()); }

INSTANTIATE_TEST_SUITE_P(
    Keys, BadSource,
    ::testing::Values(
        Bad{"source: {path: x}", ":1: source needs 'type'"}, Bad{"source: postgres", "source must be a map"},
        Bad{"sources: {}", "the configuration needs 'source'"},
        Bad{"source: {type: orakel}", "is not a value of 'type'"},
        Bad{"source: {type: mongo, url: 'mongodb://h/d'}", "MongoDB sources are not offered",
            "RIVET_CONFIG_SOURCE_MODE_UNSUPPORTED"},
        Bad{"source: {type: sqlite}", "source needs 'path'"},
        Bad{"source: {type: sqlite, path: a, host: h}", "'host' has no meaning"},
        Bad{"source: {type: sqlite, path: a, url: 'sqlite:b'}", "cannot be combined with 'path'"},
        Bad{"source: {type: sqlite, path: a, tls: {}}", "'tls' has no meaning"},
        Bad{"source: {type: postgres}", "source needs 'url'"},
        Bad{"source: {type: postgres, path: x}", "'path' belongs to 'type: sqlite'"},
        Bad{"source: {type: postgres, url: 'mysql://h/d'}", "must begin with postgres:// or postgresql://"},
        Bad{"source: {type: postgres, url: 'postgres://h/d', url_env: A}", "url, url_env exclude each other"},
        Bad{"source: {type: postgres, url: 'postgres://h/d', user: a}", "'user' cannot be combined with 'url'"},
        Bad{"source: {type: postgres, host: localhost, user: a}", "source needs 'database'"},
        Bad{"source: {type: postgres, url_env: NONE}", "'NONE', named by 'url_env', is not set"},
        Bad{"source: {type: postgres, url_env: EMPTY}", "'EMPTY', named by 'url_env', is empty"},
        Bad{"source: {type: postgres, url_file: none}", "none'"},
        Bad{"source: {type: postgres, host: localhost, user: a, database: d, password: hunter2, password_env: P}",
            "keep one"},
        Bad{"source: {type: postgres, host: localhost, user: a, database: d, port: 0}",
            "'port' must be between 1 and 65535"},
        Bad{"source: {type: postgres, host: db, user: a, database: d}", "there is no 'tls:' block"},
        Bad{"source: {type: postgres, url: 'postgres:///d?hostaddr=10.0.0.1'}", "there is no 'tls:' block"},
        Bad{"source: {type: postgres, url: 'postgres://db/d?sslmode=prefer'}", "mode: disable"},
        Bad{"source: {type: postgres, url: 'postgres://localhost/d', tls: {accept_invalid_certs: true}}",
            "contradicts"},
        Bad{"source: {type: postgres, url: 'postgres://localhost/d', tls: {ca_file: /none}}",
            "there is no file '/none'"},
        Bad{"source: {type: postgres, url: 'postgres://localhost/d', tls: {mode: verify}}", "use one of disable"},
        Bad{"source: {type: postgres, url: 'postgres://localhost/d', mongo: {}}", "'mongo' belongs to"},
        Bad{"source: {type: sqlite, path: x, environment: prod}", "use one of local, replica, production"},
        Bad{"source: {type: sqlite, path: x, batch_size: 4}", "belongs under tuning:"},
        Bad{"source: {type: sqlite, path: '${NONE}'}", ":1: ${NONE} is set neither"},
        Bad{"source: {type: sqlite, path: x}\nload: {target: bq}", "'load' is not offered"},
        Bad{"source: {type: sqlite, path: x}\nmode: full", "belongs under an entry of exports:"},
        Bad{"source: {type: sqlite, path: x}\nparallel_exports: 2", "must be true or false"},
        Bad{"source: {type: sqlite, path: x}\nparallel_exports: true\nparallel_export_processes: true",
            "exclude each other"},
        Bad{"source: {type: sqlite, path: x}\nnotifications: {slack: {on: [failure]}}", "exactly one of 'webhook_url'"},
        Bad{"source: {type: sqlite, path: x}\nnotifications: {slack: {webhook_url: 'https://hook.example.org/x', on: "
            "[success]}}",
            "'success' is not"},
        Bad{"source: {type: sqlite, path: x}\nnotifications: {webhook: {}}", "exactly one of 'url' and 'url_env'"},
        Bad{"source: {type: sqlite, path: x}\nnotifications: {webhook: {url: 'https://h/x', url_env: EMPTY}}",
            "exactly one of 'url' and 'url_env'"},
        Bad{"source: {type: sqlite, path: x}\nnotifications: {webhook: {url_env: EMPTY}}",
            "'EMPTY', named by 'url_env'"},
        Bad{"source: {type: sqlite, path: x}\nnotifications: {webhook: {url: 'ftp://h/x'}}", "no http or https URL"},
        Bad{"source: {type: sqlite, path: x}\nnotifications: {webhook: {url: 'https:///x'}}", "no http or https URL"},
        Bad{"source: {type: sqlite, path: x}\nnotifications: {webhook: {url: 'https://h/a b'}}",
            "no http or https URL"},
        Bad{"source: {type: sqlite, path: x}\nnotifications: {webhook: {url: 'https://h/x', headers: {'a b': x}}}",
            "is no name of a header"},
        Bad{"source: {type: sqlite, path: x}\nnotifications: {webhook: {url: 'https://h/x', headers: {a: \"x\\ny\"}}}",
            "control characters"},
        Bad{"source: {type: sqlite, path: x}\nnotifications: {webhook: {url: 'https://h/x', headers: {Host: h}}}",
            "is set by the program"},
        Bad{"source: {type: sqlite, path: x}\nnotifications: {webhook: {url: 'https://h/x', headers: {a: x, A: y}}}",
            "is given twice"},
        Bad{"source: {type: sqlite, path: x}\nnotifications: {webhook: {url: 'https://h/x', headers_env: {a: EMPTY}}}",
            "'EMPTY', named by 'headers_env'"},
        Bad{"source: {type: sqlite, path: x}\nnotifications: {mail: x}", "unknown key 'mail'"}));

class BadFile : public ::testing::TestWithParam<Bad> {};
TEST_P(BadFile, IsRefused) {
  expect_refusal("source: {type: sqlite, path: shop.db}\n" + std::string(GetParam().text), GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    Exports, BadFile,
    ::testing::Values(
        Bad{"", "needs 'exports'", "RIVET_CONFIG_NO_EXPORTS"},
        Bad{"exports: []\n", "'exports' is empty", "RIVET_CONFIG_NO_EXPORTS"},
        Bad{"exports: {a: b}\n", "must be a list", "RIVET_CONFIG_NO_EXPORTS"},
        Bad{"exports:\n", "needs 'exports'", "RIVET_CONFIG_NO_EXPORTS"},
        Bad{"exports: [x]\n", "an export must be a map"}, Bad{"exports: [{}]\n", ":2: an export needs 'name'"},
        Bad{"exports: [{}]\n", "needs 'format': parquet or csv"},
        Bad{"exports: [{}]\n", "needs one of 'query', 'query_file' and 'table'"},
        Bad{"exports: [{}]\n", "needs 'destination'"},
        Bad{"exports: [{name: a/b}]\n", "'name' must not contain a slash"},
        Bad{"exports: [{name: .a}]\n", "'name' must not begin with a dot"},
        Bad{"exports: [{name: \"a\\tb\"}]\n", "control characters"},
        Bad{"exports: [{name: a, table: a.b.c}]\n", "'table' must be 'table' or 'schema.table'"},
        Bad{"exports: [{name: a, tables: [a]}]\n", "'tables' belongs to 'mode: cdc'"},
        Bad{"exports: [{name: a, format: csv, compression: zstd}]\n",
            "'compression' is for Parquet: CSV files are not compressed"},
        Bad{"exports: [{name: a, format: csv, compression_level: 3}]\n", "'compression_level' is for Parquet"},
        Bad{"exports: [{name: a, format: csv, parquet: {}}]\n", "'parquet' does not go with 'format: csv'"},
        Bad{"exports: [{name: a, query: q, mode: chunked, chunk_size_memory_mb: 1}]\n",
            "needs 'table', whose row width"},
        Bad{"exports: [{name: a, query: q, mode: chunked}]\n", "needs 'chunk_column' or 'chunk_by_key'"},
        Bad{"exports:\n  - {name: a}\n  - {name: a}\n", ":4: export name 'a' is taken, first in line 3",
            "RIVET_CONFIG_DUPLICATE_EXPORT"}));

TEST(GoodConfig, MayCarryNeutralKeysOfOtherModes) {
  const test::Files files;
  test::Surroundings around;
  const auto text = test::with_export("    parallel: 1\n    chunk_dense: false\n    chunk_checkpoint: false\n");
  EXPECT_EQ(test::problems_of(files, text, around), "LOADED");
}

TEST(GoodConfig, WarnsAboutKeysWithoutEffect) {
  const test::Files files;
  test::Surroundings around;
  const auto config = test::load_text(
      files,
      "source: {type: sqlite, path: x}\nexports:\n  - {name: a, table: a, format: csv, destination: {type: local, "
      "path: 'out/{dat}', bucket: b}}\n",
      around);
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_THAT(config->warnings,
              ::testing::UnorderedElementsAre(HasSubstr("'{dat}' in 'path' is not a placeholder"),
                                              HasSubstr("'bucket' has no effect with 'type: local'")));
}

}  // namespace
}  // namespace rivet::config
