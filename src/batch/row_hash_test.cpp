// SPDX-License-Identifier: Apache-2.0
// The _rivet_row_hash column: stable, sensitive to every cell, blind to batching.
#include "batch/row_hash.hpp"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>
#include <xxhash.h>

#include <optional>

namespace rivet::batch {
namespace {

using Kind = model::LogicalKind;
using Texts = std::vector<std::optional<std::string>>;

constexpr base::Timestamp kInstant{std::chrono::microseconds{1'700'000'000'123'456}};

model::Column column(const std::string& name, Kind kind = Kind::text) {
  return {.name = name, .native_type = "text", .type = {.kind = kind}};
}

std::shared_ptr<arrow::Array> texts(const Texts& values) {
  arrow::StringBuilder builder;
  for (const auto& value : values) {
    EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  }
  return builder.Finish().ValueOrDie();
}

Batch batch_of(const model::Columns& columns, const std::vector<Texts>& cells) {
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (const auto& one : cells) arrays.push_back(texts(one));
  return arrow::RecordBatch::Make(batch_schema(columns), arrays.front()->length(), arrays);
}

std::vector<std::int64_t> hashes(const RowHasher& hasher, const arrow::RecordBatch& rows) {
  const auto array = hasher.hash(rows).value();
  const auto& numbers = static_cast<const arrow::Int64Array&>(*array);
  return {numbers.raw_values(), numbers.raw_values() + numbers.length()};
}

std::int64_t reference_hash(const std::string& bytes) {
  return static_cast<std::int64_t>(XXH3_128bits(bytes.data(), bytes.size()).low64);
}

TEST(RowHash, CoversTagLengthAndTextOfEachCell) {
  const model::Columns columns{column("a"), column("b")};
  const auto hasher = RowHasher::make(columns, {}).value();
  const auto rows = batch_of(columns, {{{"xyz"}, {""}}, {std::nullopt, std::string(300, 'q')}});
  const std::string first("\1\3\0\0\0xyz\0", 9);
  const std::string second = std::string("\1\0\0\0\0\1\x2c\1\0\0", 10) + std::string(300, 'q');
  EXPECT_EQ(hashes(hasher, *rows), (std::vector{reference_hash(first), reference_hash(second)}));
}

TEST(RowHash, TellsEqualConcatenationsApart) {
  const model::Columns columns{column("a"), column("b")};
  const auto hasher = RowHasher::make(columns, {}).value();
  const auto rows = batch_of(columns, {{{"ab"}, {"a"}, {""}, std::nullopt}, {{"c"}, {"bc"}, std::nullopt, {""}}});
  const auto all = hashes(hasher, *rows);
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = i + 1; j < all.size(); ++j) EXPECT_NE(all[i], all[j]) << i << " " << j;
  }
}

TEST(RowHash, CoversNamedColumnsInTheirOrder) {
  const model::Columns columns{column("a"), column("b"), column("c")};
  const auto hasher = RowHasher::make(columns, {"c", "a"}).value();
  const auto rows = batch_of(columns, {{{"1"}}, {{"2"}}, {{"3"}}});
  EXPECT_EQ(hashes(hasher, *rows), std::vector{reference_hash(std::string("\1\1\0\0\0"
                                                                          "3"
                                                                          "\1\1\0\0\0"
                                                                          "1",
                                                                          12))});
  EXPECT_EQ(hasher.covered(), (std::vector<std::string>{"c", "a"}));
}

TEST(RowHash, RefusesUnknownRepeatedAndNestedColumns) {
  model::Columns columns{column("name"), column("tags", Kind::list)};
  columns[1].type.element = std::make_shared<const model::LogicalType>();
  const auto unknown = RowHasher::make(columns, {"nome"});
  ASSERT_FALSE(unknown.has_value());
  EXPECT_EQ(unknown.error().kind, ErrorKind::config);
  EXPECT_NE(unknown.error().hint.find("\"name\""), std::string::npos);
  EXPECT_EQ(RowHasher::make(columns, {"name", "name"}).error().kind, ErrorKind::config);
  const auto nested = RowHasher::make(columns, {});
  ASSERT_FALSE(nested.has_value());
  EXPECT_EQ(nested.error().kind, ErrorKind::config);
  EXPECT_NE(nested.error().message.find("\"tags\""), std::string::npos);
  EXPECT_TRUE(RowHasher::make(columns, {"name"}).has_value());
}

TEST(MetaColumns, AppendBothAfterTheSourceColumns) {
  const model::Columns source{column("a")};
  const auto meta = MetaColumns::make(source, {.exported_at = true, .row_hash = true}, kInstant).value();
  ASSERT_EQ(meta.columns().size(), 3U);
  EXPECT_EQ(meta.columns()[1].name, "_rivet_exported_at");
  EXPECT_EQ(meta.columns()[2].name, "_rivet_row_hash");
  EXPECT_TRUE(meta.columns()[1].added && meta.columns()[2].added);
  const auto rows = meta.append(batch_of(source, {{{"x"}, {"y"}}})).value();
  ASSERT_TRUE(rows->ValidateFull().ok());
  EXPECT_TRUE(rows->schema()->Equals(*batch_schema(meta.columns())));
  const auto& instants = static_cast<const arrow::TimestampArray&>(*rows->column(1));
  EXPECT_EQ(instants.Value(0), kInstant.time_since_epoch().count());
  EXPECT_EQ(instants.Value(1), instants.Value(0));
  const auto& numbers = static_cast<const arrow::Int64Array&>(*rows->column(2));
  EXPECT_EQ(numbers.Value(1), reference_hash(std::string("\1\1\0\0\0y", 6)));
  EXPECT_EQ(meta.row_hash_covered(), std::vector<std::string>{"a"});
}

TEST(MetaColumns, PassBatchesThroughWhenOff) {
  const model::Columns source{column("a")};
  const auto meta = MetaColumns::make(source, {}, kInstant).value();
  const auto rows = batch_of(source, {{{"x"}}});
  EXPECT_EQ(meta.append(rows).value(), rows);
  EXPECT_EQ(meta.columns(), source);
}

TEST(MetaColumns, RefuseANameTheSourceAlreadyHas) {
  const auto clash = MetaColumns::make({column("_rivet_row_hash")}, {.row_hash = true}, kInstant);
  ASSERT_FALSE(clash.has_value());
  EXPECT_EQ(clash.error().kind, ErrorKind::config);
  EXPECT_TRUE(MetaColumns::make({column("_rivet_row_hash")}, {.exported_at = true}, kInstant).has_value());
}

}  // namespace
}  // namespace rivet::batch
