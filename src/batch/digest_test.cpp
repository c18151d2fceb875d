// SPDX-License-Identifier: Apache-2.0
// Known answers of digest version 1 (docs/digest.md) and its independence of order and batching.
#include "batch/digest.hpp"

#include <arrow/api.h>
#include <gtest/gtest.h>

namespace rivet::batch {
namespace {

using Kind = model::LogicalKind;

std::shared_ptr<arrow::Array> int64s(const std::vector<std::optional<std::int64_t>>& values) {
  arrow::Int64Builder builder;
  for (const auto& value : values) EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  return *builder.Finish();
}

std::shared_ptr<arrow::Array> texts(const std::vector<std::optional<std::string>>& values) {
  arrow::StringBuilder builder;
  for (const auto& value : values) EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  return *builder.Finish();
}

const model::Columns kPair{{.name = "a", .type = {.kind = Kind::int64}}, {.name = "b", .type = {.kind = Kind::text}}};

model::Digest digest_of(const model::Columns& columns, const arrow::ArrayVector& cells) {
  Digester digester(columns);
  digester.add(*arrow::RecordBatch::Make(batch_schema(columns), cells.front()->length(), cells));
  return digester.take();
}

TEST(Digest, DoesNotDependOnTheOrderOfRows) {
  EXPECT_EQ(digest_of(kPair, {int64s({1, 2, 3}), texts({"x", std::nullopt, "z"})}),
            digest_of(kPair, {int64s({3, 1, 2}), texts({"z", "x", std::nullopt})}));
}

TEST(Digest, SeesCellsThatChangePlacesBetweenRows) {
  const auto straight = digest_of(kPair, {int64s({1, 2}), texts({"x", "y"})});
  const auto crossed = digest_of(kPair, {int64s({1, 2}), texts({"y", "x"})});
  EXPECT_EQ(straight.columns, crossed.columns) << "each column holds the same values";
  EXPECT_NE(straight, crossed) << "but the rows differ";
}

TEST(Digest, EqualPairsOfRowsDoNotCancel) {
  EXPECT_NE(digest_of(kPair, {int64s({1}), texts({"x"})}),
            digest_of(kPair, {int64s({1, 1, 1}), texts({"x", "x", "x"})}));
  auto without = digest_of(kPair, {int64s({7, 7}), texts({"p", "p"})});
  EXPECT_NE(without.low, 0U);
}

TEST(Digest, NullIsNeitherEmptyNorZero) {
  const auto null = digest_of(kPair, {int64s({std::nullopt}), texts({std::nullopt})});
  EXPECT_NE(null.columns[0], digest_of(kPair, {int64s({0}), texts({""})}).columns[0]);
  EXPECT_NE(null.columns[1], digest_of(kPair, {int64s({0}), texts({""})}).columns[1]);
}

TEST(Digest, BatchesAddUpAndCanBeTakenAway) {
  const auto all = digest_of(kPair, {int64s({1, 2, 3}), texts({"x", "y", "z"})});
  auto sum = digest_of(kPair, {int64s({1}), texts({"x"})});
  const auto rest = digest_of(kPair, {int64s({2, 3}), texts({"y", "z"})});
  sum += rest;
  EXPECT_EQ(sum, all);
  sum -= rest;
  EXPECT_EQ(sum, digest_of(kPair, {int64s({1}), texts({"x"})}));
}

TEST(Digest, SlicesHashLikeTheirRows) {
  const auto batch = arrow::RecordBatch::Make(batch_schema(kPair), 4,
                                              {int64s({1, 2, std::nullopt, 4}), texts({"a", std::nullopt, "c", "d"})});
  Digester slices(kPair);
  slices.add(*batch->Slice(0, 1));
  slices.add(*batch->Slice(1, 3));
  Digester whole(kPair);
  whole.add(*batch);
  EXPECT_EQ(slices.take(), whole.take());
}

TEST(Digest, ColumnsThatWeAddAreLeftOut) {
  auto with_ours = kPair;
  with_ours.push_back({.name = "_rivet_row_hash", .type = {.kind = Kind::int64}, .added = true});
  EXPECT_EQ(digest_of(kPair, {int64s({1}), texts({"x"})}),
            digest_of(with_ours, {int64s({1}), texts({"x"}), int64s({99})}));
}

TEST(Digest, ListsAreInjective) {
  const model::LogicalType list{
      .kind = Kind::list,
      .element = std::make_shared<const model::LogicalType>(model::LogicalType{.kind = Kind::text})};
  const model::Columns columns{{.name = "l", .type = list}};
  const auto digest = [&](const std::vector<std::optional<std::string>>& elements) {
    arrow::ListBuilder builder(arrow::default_memory_pool(), std::make_shared<arrow::StringBuilder>(),
                               storage_type(list));
    EXPECT_TRUE(builder.Append().ok());
    auto& values = static_cast<arrow::StringBuilder&>(*builder.value_builder());
    for (const auto& element : elements) EXPECT_TRUE((element ? values.Append(*element) : values.AppendNull()).ok());
    return digest_of(columns, {*builder.Finish()});
  };
  EXPECT_NE(digest({"a, b"}), digest({"a", "b"}));
  EXPECT_NE(digest({std::nullopt}), digest({""}));
  EXPECT_NE(digest({}), digest({""}));
}

TEST(Digest, AllNaNsAreOne) {
  const model::Columns columns{{.name = "f", .type = {.kind = Kind::float64}}};
  const auto digest = [&](std::uint64_t bits) {
    arrow::DoubleBuilder builder;
    EXPECT_TRUE(builder.Append(std::bit_cast<double>(bits)).ok());
    return digest_of(columns, {*builder.Finish()});
  };
  EXPECT_EQ(digest(0x7FF8000000000000), digest(0xFFF8000000000001));
  EXPECT_NE(digest(0x0000000000000000), digest(0x8000000000000000)) << "minus zero is a value of its own";
}

}  // namespace
}  // namespace rivet::batch
