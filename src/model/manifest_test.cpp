// SPDX-License-Identifier: Apache-2.0
// Manifests round-trip, refuse damage, and survive mutation without a crash.
#include "model/manifest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "model/json_fields.hpp"

namespace rivet::model {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const base::Timestamp kStart{1'795'220'433'716'808us};

ManifestPart part(int id, std::string path, std::uint64_t rows, std::vector<std::uint64_t> sums) {
  Part made{.run_id = "orders_1",
            .unit_index = id - 1,
            .epoch = 2,
            .path = std::move(path),
            .rows = static_cast<std::int64_t>(rows),
            .size_bytes = 77,
            .content_fingerprint = "xxh3:f67c9cdc7e28d2a4",
            .content_md5 = "K0/JJFqLM46Ygk10v3f5og==",
            .digest = {.rows = rows, .low = ~0ULL, .high = 5, .columns = std::move(sums)},
            .created_at = kStart + 1s};
  return {.part_id = id, .part = std::move(made)};
}

Manifest sample() {
  Manifest manifest{.run_id = "orders_1",
                    .export_name = "orders",
                    .export_family = "orders",
                    .started_at = kStart,
                    .finished_at = kStart + 4s,
                    .status = "success",
                    .generation = 3};
  manifest.source = {.engine = "postgres",
                     .strategy = "full",
                     .consistency = "unit",
                     .read_from = kStart,
                     .read_to = kStart + 1s,
                     .snapshot = "731:731:"};
  manifest.destination_kind = "local";
  manifest.destination_uri = "file://./output";
  manifest.format = "parquet";
  manifest.compression = "zstd";
  manifest.columns = {
      {.name = "id", .native_type = "bigint", .type = {.kind = LogicalKind::int64}, .nullable = false},
      {.name = "price",
       .native_type = "numeric(10,2)",
       .type = {.kind = LogicalKind::decimal, .precision = 10, .scale = 2}},
      {.name = "_rivet_row_hash", .native_type = "", .type = {.kind = LogicalKind::int64}, .added = true}};
  manifest.parts = {part(1, "a.parquet", 10, {~0ULL, 1}), part(2, "sub/b.parquet", 5, {2, 3})};
  manifest.row_count = 15;
  for (const auto& listed : manifest.parts) manifest.digest += listed.part.digest;
  manifest.row_hash_column = "_rivet_row_hash";
  manifest.row_hash_covered = {"id", "price"};
  manifest.row_hash_render = "xxh3-128-i64-rivet-text-v1";
  return manifest;
}

/// The second part was written before `price` was widened and `note` was dropped.
Manifest mixed_sample() {
  auto manifest = sample();
  auto earlier = manifest.columns;
  earlier[1].type.precision = 8;
  earlier.insert(earlier.begin() + 2, {.name = "note", .native_type = "text", .type = {.kind = LogicalKind::text}});
  const auto fingerprint = schema_fingerprint(earlier);
  manifest.earlier_schemas = {{.fingerprint = fingerprint, .columns = std::move(earlier)}};
  manifest.parts[1] = part(2, "sub/b.parquet", 5, {2, 3, 4});
  manifest.parts[1].schema_fingerprint = fingerprint;
  manifest.digest = sum_of_parts(manifest);
  return manifest;
}

nlohmann::json json_of(const Manifest& manifest) { return *parse_json(to_json_text(manifest)); }

Manifest reread(const nlohmann::json& json) {
  auto parsed = manifest_from_json_text(dump_json(json));
  EXPECT_TRUE(parsed.has_value()) << parsed.error().to_string();
  return parsed.has_value() ? std::move(parsed).take() : Manifest{};
}

TEST(Manifest, HasTheFieldsUsersRead) {
  const auto json = json_of(sample());
  EXPECT_EQ(json["manifest_version"], 1);
  EXPECT_EQ(json["run_id"], "orders_1");
  EXPECT_EQ(json["mode"], "batch");
  EXPECT_EQ(json["started_at"], "2026-11-21T00:20:33.716808+00:00");
  EXPECT_TRUE(json["source"]["schema"].is_null());
  EXPECT_TRUE(json["source"]["table"].is_null());
  EXPECT_EQ(json["source"]["extraction"]["strategy"], "full");
  EXPECT_FALSE(json["source"]["extraction"].contains("cursor_column"));
  EXPECT_EQ(json["destination"], (nlohmann::json{{"kind", "local"}, {"uri", "file://./output"}}));
  EXPECT_EQ(json["schema_fingerprint"], schema_fingerprint(sample().columns));
  EXPECT_EQ(json["part_count"], 2);
  EXPECT_EQ(json["parts"][0]["content_md5"], "K0/JJFqLM46Ygk10v3f5og==");
  EXPECT_EQ(json["parts"][1]["path"], "sub/b.parquet");
  EXPECT_EQ(json["column_checksums"],
            (nlohmann::json::array({{{"name", "id"}, {"checksum", "1"}}, {{"name", "price"}, {"checksum", "4"}}})));
  EXPECT_EQ(json["checksum_render"], "rivet-digest-v1");
  EXPECT_EQ(json["row_hash"]["render"], "xxh3-128-i64-rivet-text-v1");
  EXPECT_EQ(json["digest"]["version"], 1);
  EXPECT_EQ(json["digest"]["rows"], 15);
  EXPECT_EQ(json["digest"]["value"], "000000000000000afffffffffffffffe");
  EXPECT_EQ(json["digest"]["columns"].size(), 2u);
}

TEST(Manifest, LeavesOutWhatIsAbsent) {
  auto manifest = sample();
  manifest.export_family.clear();
  manifest.row_hash_column.clear();
  manifest.parts[0].part.content_md5.clear();
  const auto json = json_of(manifest);
  EXPECT_FALSE(json.contains("export_family"));
  EXPECT_FALSE(json.contains("row_hash"));
  EXPECT_FALSE(json["parts"][0].contains("content_md5"));
}

TEST(Manifest, IsReadBackAsItWas) {
  auto manifest = sample();
  manifest.source.schema = "public";
  manifest.source.table = "orders";
  manifest.source.cursor_column = "updated_at";
  manifest.source.cursor_type = "timestamp";
  manifest.source.cursor_low = "1";
  manifest.source.cursor_high = "9";
  manifest.source.source_row_count = 15;
  manifest.parts[1].status = "quarantined";
  const auto text = to_json_text(manifest);
  const auto parsed = manifest_from_json_text(text);
  ASSERT_TRUE(parsed.has_value()) << parsed.error().to_string();
  EXPECT_EQ(to_json_text(*parsed), text);
  EXPECT_EQ(parsed->columns, manifest.columns);
  EXPECT_EQ(parsed->digest, manifest.digest);
  EXPECT_EQ(parsed->parts[1].part.digest, manifest.parts[1].part.digest);
  EXPECT_EQ(parsed->parts[1].part.created_at, kStart + 1s);
  EXPECT_EQ(parsed->parts[1].status, "quarantined");
  EXPECT_EQ(parsed->source.read_to, kStart + 1s);
  EXPECT_EQ(parsed->source.source_row_count, 15);
  EXPECT_EQ(parsed->row_hash_covered, manifest.row_hash_covered);
  EXPECT_EQ(parsed->row_hash_render, manifest.row_hash_render);
  EXPECT_THAT(inconsistencies(*parsed), IsEmpty());
}

TEST(Manifest, OfOneSchemaDoesNotSpeakOfSchemas) {
  const auto json = json_of(sample());
  EXPECT_FALSE(json.contains("earlier_schemas"));
  EXPECT_FALSE(json["parts"][0].contains("schema_fingerprint"));
}

TEST(Manifest, OfSeveralSchemasIsReadBackAsItWas) {
  const auto manifest = mixed_sample();
  const auto text = to_json_text(manifest);
  const auto parsed = manifest_from_json_text(text);
  ASSERT_TRUE(parsed.has_value()) << parsed.error().to_string();
  EXPECT_EQ(to_json_text(*parsed), text);
  EXPECT_EQ(*columns_of(*parsed, parsed->parts[0]), manifest.columns);
  EXPECT_EQ(*columns_of(*parsed, parsed->parts[1]), manifest.earlier_schemas[0].columns);
  EXPECT_EQ(parsed->digest, manifest.digest);
  EXPECT_THAT(inconsistencies(*parsed), IsEmpty());
}

TEST(Manifest, OfSeveralSchemasHasSumsForTheColumnsThatAllHaveAlike) {
  const auto json = json_of(mixed_sample());
  EXPECT_EQ(json["column_checksums"], (nlohmann::json::array({{{"name", "id"}, {"checksum", "1"}}})));
  ASSERT_EQ(json["digest"]["columns"].size(), 1u);
  EXPECT_EQ(json["digest"]["columns"][0]["name"], "id");
  EXPECT_EQ(json["digest"]["rows"], 15);
  EXPECT_EQ(json["digest"]["value"], json_of(sample())["digest"]["value"]) << "hashes of rows always add up";
}

TEST(Manifest, AColumnThatMovedHasNoSum) {
  auto manifest = mixed_sample();
  std::swap(manifest.earlier_schemas[0].columns[0], manifest.earlier_schemas[0].columns[2]);
  EXPECT_THAT(summed_columns(manifest), IsEmpty());
  EXPECT_THAT(sum_of_parts(manifest).columns, IsEmpty());
}

TEST(Manifest, OfNoPartsIsConsistent) {
  auto manifest = sample();
  manifest.parts.clear();
  manifest.row_count = 0;
  manifest.digest = {};
  EXPECT_THAT(inconsistencies(reread(json_of(manifest))), IsEmpty());
}

TEST(Manifest, IgnoresFieldsOfOthers) {
  auto json = json_of(sample());
  json["split_window"] = {{"lo", 1}};
  json["parts"][0]["colour"] = "red";
  EXPECT_THAT(inconsistencies(reread(json)), IsEmpty());
}

TEST(Manifest, EachFieldThatReadersNeedIsRequired) {
  const auto good = json_of(sample());
  for (const auto& [key, value] : good.items()) {
    if (key == "export_family" || key == "row_hash" || key == "checksum_render" || key == "column_checksums") continue;
    auto json = good;
    json.erase(key);
    const auto parsed = manifest_from_json_text(dump_json(json));
    ASSERT_FALSE(parsed.has_value()) << key;
    EXPECT_EQ(parsed.error().kind, ErrorKind::data);
    EXPECT_THAT(parsed.error().message, HasSubstr(key));
  }
  for (const auto& [key, value] : good["parts"][1].items()) {
    if (key == "content_md5") continue;
    auto json = good;
    json["parts"][1].erase(key);
    const auto parsed = manifest_from_json_text(dump_json(json));
    ASSERT_FALSE(parsed.has_value()) << key;
    EXPECT_THAT(parsed.error().message, HasSubstr("parts[1]." + key));
  }
}

TEST(Manifest, AnotherVersionIsRefusedByName) {
  auto json = json_of(sample());
  json["manifest_version"] = 2;
  const auto parsed = manifest_from_json_text(dump_json(json));
  ASSERT_FALSE(parsed.has_value());
  EXPECT_THAT(parsed.error().message, HasSubstr("version 2"));
}

TEST(Manifest, NonsenseIsRefused) {
  for (const std::string& text :
       {std::string(), std::string("null"), std::string("[]"), std::string("{"), std::string("\xff\xfe"),
        std::string(5'000'000, '['), std::string("{\"manifest_version\":1e999}")}) {
    const auto parsed = manifest_from_json_text(text);
    ASSERT_FALSE(parsed.has_value());
    EXPECT_EQ(parsed.error().kind, ErrorKind::data);
  }
}

TEST(Manifest, SchemasThatAreNoneAreRefused) {
  for (const auto& [pointer, value] :
       std::vector<std::pair<std::string, nlohmann::json>>{{"/earlier_schemas", "none"},
                                                           {"/earlier_schemas/0", nlohmann::json::array()},
                                                           {"/earlier_schemas/0/columns", nlohmann::json()},
                                                           {"/earlier_schemas/0/columns/0/type", "int63"},
                                                           {"/earlier_schemas/0/columns/0/name", "key"},
                                                           {"/earlier_schemas/0/schema_fingerprint", 7},
                                                           {"/earlier_schemas", nlohmann::json::array()},
                                                           {"/parts/1/schema_fingerprint", nlohmann::json::array()}}) {
    auto json = json_of(mixed_sample());
    json[nlohmann::json::json_pointer(pointer)] = value;
    EXPECT_FALSE(manifest_from_json_text(dump_json(json)).has_value()) << pointer << value;
  }
}

TEST(Manifest, NumbersThatDoNotFitAreRefused) {
  for (const auto& [pointer, value] :
       std::vector<std::pair<std::string, nlohmann::json>>{{"/parts/0/rows", -1},
                                                           {"/parts/0/rows", 1.5},
                                                           {"/parts/0/rows", 18446744073709551615ULL},
                                                           {"/parts/0/unit", 4'000'000'000LL},
                                                           {"/row_count", "15"},
                                                           {"/digest/value", "00"},
                                                           {"/digest/version", 2},
                                                           {"/column_checksums/0/checksum", "1x"},
                                                           {"/column_checksums/0/name", "other"},
                                                           {"/parts/0/status", "lost"},
                                                           {"/parts/0/created_at", "now"},
                                                           {"/parts/0/digest", "v1:"},
                                                           {"/digest/columns", nlohmann::json::array()}}) {
    auto json = json_of(sample());
    json[nlohmann::json::json_pointer(pointer)] = value;
    EXPECT_FALSE(manifest_from_json_text(dump_json(json)).has_value()) << pointer << value;
  }
}

TEST(Inconsistencies, EachClaimThatDoesNotHoldIsSaid) {
  const std::vector<std::pair<std::function<void(nlohmann::json&)>, std::string>> cases{
      {[](auto& j) { j["row_count"] = 16; }, "row_count is 16, the parts hold 15"},
      {[](auto& j) { j["part_count"] = 3; }, "part_count is 3, but 2"},
      {[](auto& j) { j["digest"]["rows"] = 14; }, "the digest covers 14"},
      {[](auto& j) { j["digest"]["value"] = std::string(32, '0'); }, "do not sum up"},
      {[](auto& j) { j["column_checksums"][1]["checksum"] = "5"; }, "do not sum up"},
      {[](auto& j) { j.erase("column_checksums"); }, "covers 0 columns of 2"},
      {[](auto& j) { j["parts"][1]["part_id"] = 1; }, "part id 1 is listed twice"},
      {[](auto& j) { j["parts"][1]["path"] = "a.parquet"; }, "path 'a.parquet' is listed twice"},
      {[](auto& j) { j["parts"][1]["path"] = "../b.parquet"; }, "leaves the prefix"},
      {[](auto& j) { j["parts"][1]["path"] = "/etc/passwd"; }, "leaves the prefix"},
      {[](auto& j) { j["parts"][1]["path"] = ""; }, "leaves the prefix"},
      {[](auto& j) { j["parts"][1]["rows"] = 6; }, "its digest covers 5"},
      {[](auto& j) {
         j["parts"][1]["digest"] = to_string(Digest{.rows = 5, .low = 1, .columns = {1, 2, 3}});
       },
       "covers 3 columns"},
      {[](auto& j) { j["schema_fingerprint"] = "xxh3:0"; }, "schema_fingerprint"},
      {[](auto& j) { j["parts"][0]["rows"] = INT64_MAX; }, "more than fits"}};
  for (const auto& [change, expected] : cases) {
    auto json = json_of(sample());
    change(json);
    EXPECT_THAT(inconsistencies(reread(json)), testing::Contains(HasSubstr(expected))) << expected;
  }
}

TEST(Inconsistencies, EachSchemaThatDoesNotFitIsSaid) {
  const std::vector<std::pair<std::function<void(nlohmann::json&)>, std::string>> cases{
      {[](auto& j) { j["parts"][1]["schema_fingerprint"] = "xxh3:0"; }, "schema 'xxh3:0', which is not listed"},
      {[](auto& j) { j["parts"][1]["schema_fingerprint"] = j["schema_fingerprint"]; }, "which is not listed"},
      {[](auto& j) { j["parts"][1].erase("schema_fingerprint"); }, "no part was written with earlier schema"},
      {[](auto& j) { j["parts"][1].erase("schema_fingerprint"); }, "part 'sub/b.parquet' covers 3 columns of 2"},
      {[](auto& j) { j["parts"][0]["schema_fingerprint"] = j["parts"][1]["schema_fingerprint"]; }, "covers 2 columns"},
      {[](auto& j) { j["earlier_schemas"][0]["columns"][1]["name"] = "cost"; }, "the columns of earlier schema"},
      {[](auto& j) { j["earlier_schemas"].push_back(j["earlier_schemas"][0]); }, "is listed twice"},
      {[](auto& j) {
         j["earlier_schemas"].push_back({{"schema_fingerprint", j["schema_fingerprint"]}, {"columns", j["columns"]}});
       },
       "is listed twice"},
      {[](auto& j) { j["column_checksums"][0]["checksum"] = "5"; }, "do not sum up"},
      {[](auto& j) { j.erase("column_checksums"); }, "covers 0 columns of 1"}};
  for (const auto& [change, expected] : cases) {
    auto json = json_of(mixed_sample());
    change(json);
    EXPECT_THAT(inconsistencies(reread(json)), testing::Contains(HasSubstr(expected))) << expected;
  }
}

TEST(Inconsistencies, AnotherVersionInMemoryIsSaid) {
  auto manifest = sample();
  manifest.version = 7;
  EXPECT_THAT(inconsistencies(manifest), ElementsAre("manifest_version is 7"));
}

TEST(PartPath, OnlyParentComponentsAreUnsafe) {
  for (const auto* path : {"a", "a/b", "a..b", "..a", "a../b", "...", ".hidden"})
    EXPECT_TRUE(is_safe_part_path(path)) << path;
  for (const auto* path : {"", "/", "/a", "..", "../a", "a/..", "a/../b"})
    EXPECT_FALSE(is_safe_part_path(path)) << path;
  EXPECT_FALSE(is_safe_part_path(std::string_view("a\0b", 3)));
}

TEST(Manifest, BytesThatAreNotUtf8DoNotThrow) {
  auto manifest = sample();
  manifest.columns[0].name = "\xff";
  manifest.parts[0].part.path = "bad\xff";
  EXPECT_TRUE(parse_json(to_json_text(manifest)).has_value());
}

/// Changes bytes at random; what is still a manifest must be judged and written without a crash. How many were.
int accepted_mutations(const Manifest& manifest) {
  const auto good = dump_json(json_of(manifest));
  std::mt19937 random(11);
  int accepted = 0;
  for (int round = 0; round < 4'000; ++round) {
    auto text = good;
    for (auto changes = random() % 3 + 1; changes > 0; --changes) {
      switch (random() % 3) {
        case 0: text[random() % text.size()] = static_cast<char>(random()); break;
        case 1: text.erase(random() % text.size(), random() % 8); break;
        default: text.insert(random() % text.size(), 1, "\"{}[]:,09-.e"[random() % 12]);
      }
    }
    const auto parsed = manifest_from_json_text(text);
    if (!parsed.has_value()) continue;
    ++accepted;
    inconsistencies(*parsed);
    EXPECT_TRUE(manifest_from_json_text(to_json_text(*parsed)).has_value()) << text;
  }
  return accepted;
}

TEST(Manifest, RandomMutationsNeverThrow) {
  EXPECT_GT(accepted_mutations(sample()), 20);
  EXPECT_GT(accepted_mutations(mixed_sample()), 20);
}

TEST(Manifest, ObjectsAreNamedByExportAndRun) {
  EXPECT_EQ(manifest_key("orders"), "manifest.orders.json");
  EXPECT_EQ(success_key("orders"), "_SUCCESS.orders");
  EXPECT_EQ(run_manifest_key("orders_1"), "manifest-orders_1.json");
}

TEST(SuccessMarker, VouchesForExactBytes) {
  EXPECT_THAT(success_marker("bytes"), testing::MatchesRegex("xxh3:[0-9a-f]+\n"));
  EXPECT_EQ(success_marker("bytes").size(), 22u);
  EXPECT_NE(success_marker("bytes"), success_marker("bytes "));
}

}  // namespace
}  // namespace rivet::model
