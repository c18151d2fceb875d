// SPDX-License-Identifier: Apache-2.0
// The schema is what the readers say, and every key of it has its sentence.
#include "config/schema.hpp"

#include <functional>
#include <set>
#include <string>

#include <gmock/gmock.h>

#include "base/text.hpp"
#include "config/key_help.hpp"
#include "config/test_support.hpp"
#include "model/column.hpp"

namespace rivet::config {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

using Visit = std::function<void(const std::string& block, const Shape::Key&)>;

void for_each_key(const Shape& shape, const std::string& block, const Visit& visit) {
  for (const auto& key : shape.keys()) {
    visit(block, key);
    if (key.block) for_each_key(*key.block, key.name, visit);
    if (key.entry) for_each_key(*key.entry, key.name, visit);
  }
}

std::set<std::string> paths_of(const Shape& shape) {
  std::set<std::string> out;
  for_each_key(shape, "", [&](const auto& block, const Shape::Key& key) {
    out.insert(block.empty() ? key.name : block + "." + key.name);
  });
  return out;
}

const Json& at(const Json& schema, const std::string& pointer) { return schema.at(Json::json_pointer(pointer)); }

TEST(KeyHelp, HasOneSentenceForEveryKeyAndNoneForOthers) {
  const auto paths = paths_of(shape_of_configuration());
  std::set<std::string> described;
  for (const auto& help : all_key_help()) {
    EXPECT_TRUE(described.insert(std::string(help.path)).second) << help.path << " is described twice";
    EXPECT_TRUE(help.sentence.ends_with('.')) << help.path;
  }
  EXPECT_EQ(described, paths);
}

TEST(KeyHelp, DefaultsAndExamplesAreJson) {
  for (const auto& help : all_key_help()) {
    for (const auto text : {help.default_json, help.example_json}) {
      EXPECT_TRUE(text.empty() || Json::accept(text)) << help.path;
    }
  }
}

TEST(KeyHelp, ExamplesOfTextsWithAFormHaveThatForm) {
  for (const auto& type : Json::parse(key_help("exports.columns")->example_json)) {
    EXPECT_TRUE(model::parse_override_type(type.get<std::string>()).has_value()) << type;
  }
  EXPECT_TRUE(base::parse_size(Json::parse(key_help("exports.max_file_size")->example_json).get<std::string>()));
}

TEST(Shape, KnowsTheFormOfEveryKeyThatIsOffered) {
  for_each_key(shape_of_configuration(), "", [](const auto& block, const Shape::Key& key) {
    const bool has_form = !key.forms.empty() || key.block || key.entry;
    EXPECT_TRUE(has_form || !key.offered) << block << "." << key.name;
  });
}

TEST(Schema, RefusesUnknownKeysAtEveryLevel) {
  const std::function<void(const Json&, const std::string&)> look = [&](const Json& part, const std::string& where) {
    if (!part.is_structured()) return;
    const bool is_map = part.is_object() && part.contains("properties");
    EXPECT_TRUE(!is_map || part.at("additionalProperties") == false) << where;
    for (const auto& [name, below] : part.items()) look(below, where + "/" + name);
  };
  look(configuration_schema(), "");
}

TEST(Schema, SaysWhatMustBeGiven) {
  const auto schema = configuration_schema();
  EXPECT_THAT(schema.at("required"), ElementsAre("source", "exports"));
  EXPECT_THAT(at(schema, "/properties/source/required"), ElementsAre("type"));
  const auto& entry = at(schema, "/properties/exports/items");
  EXPECT_THAT(entry.at("required"), ElementsAre("name", "format", "destination"));
  EXPECT_EQ(entry.at("anyOf").size(), 4U);
}

TEST(Schema, HasTheWordsAndRangesOfTheReaders) {
  const auto schema = configuration_schema();
  const auto& entry = at(schema, "/properties/exports/items/properties");
  EXPECT_THAT(at(entry, "/compression/anyOf/0/enum"), ElementsAre("zstd", "snappy", "gzip", "lz4", "none"));
  EXPECT_EQ(at(entry, "/parallel/anyOf/0"), Json::parse(R"({"type": "integer", "minimum": 1, "maximum": 1024})"));
  EXPECT_EQ(at(entry, "/parallel/anyOf/1/type"), "string");
  EXPECT_EQ(at(entry, "/parallel/default"), 1);
  EXPECT_EQ(at(schema, "/properties/source/properties/tuning/properties/max_retries/anyOf/0/maximum"), 1000);
}

TEST(Schema, TellsKeysThatAreKnownAndNotOffered) {
  const auto schema = configuration_schema();
  for (const auto* pointer :
       {"/properties/load", "/properties/source/properties/mongo", "/properties/exports/items/properties/cdc",
        "/properties/exports/items/properties/cdc/properties/slot", "/properties/exports/items/properties/tables"}) {
    EXPECT_EQ(at(schema, pointer).at("deprecated"), true) << pointer;
    EXPECT_THAT(at(schema, pointer).at("description").get<std::string>(),
                ::testing::EndsWith("Not offered by this program."));
  }
  EXPECT_FALSE(at(schema, "/properties/source").contains("deprecated"));
}

TEST(Schema, DefaultsAreWhatAnEmptyFileLoadsAs) {
  const test::Files files;
  test::Surroundings around;
  const auto config = test::load_text(files, test::with_export(""), around);
  ASSERT_TRUE(config.has_value()) << config.error().message;
  const auto& entry = config->exports[0];
  const auto expect = [](std::string_view path, const Json& value) {
    EXPECT_EQ(Json::parse(key_help(path)->default_json), value) << path;
  };
  expect("parallel_exports", config->parallel_exports);
  expect("parallel_export_processes", config->parallel_export_processes);
  expect("exports.mode", name_of(entry.mode));
  expect("exports.compression", name_of(entry.compression));
  expect("exports.skip_empty", entry.skip_empty);
  expect("exports.reconcile_required", entry.reconcile_required);
  expect("exports.shape_drift_warn_factor", entry.shape_drift_warn_factor);
  expect("exports.parallel", entry.keys.parallel);
  expect("exports.chunk_dense", entry.keys.chunk_dense);
  expect("exports.chunk_checkpoint", entry.keys.chunk_checkpoint);
  expect("exports.keyset_incremental", entry.keys.keyset_incremental);
  expect("meta_columns.exported_at", entry.meta_columns.exported_at);
  expect("meta_columns.row_hash", entry.meta_columns.row_hash);
  expect("parquet.target_row_group_mb", Parquet{}.target_row_group_mb);
  expect("tuning.max_value_mb", entry.tuning.max_value_mb);
  expect("tuning.adaptive", entry.tuning.adaptive);
  expect("tuning.min_parallel", entry.tuning.min_parallel);
  expect("destination.allow_anonymous", entry.destination.allow_anonymous);
}

}  // namespace
}  // namespace rivet::config
