// SPDX-License-Identifier: Apache-2.0
// Every row has one bucket, and every bucket by stretches can be asked for by its keys.
#include "verify/row_place.hpp"

#include <gtest/gtest.h>

#include <limits>

#include <arrow/api.h>

#include "base/text.hpp"

namespace rivet::verify {
namespace {

using Kind = model::LogicalKind;

model::Columns columns_of(Kind kind) {
  return {{.name = "id", .native_type = "x", .type = {.kind = kind}},
          {.name = "note", .native_type = "text", .type = {.kind = Kind::text}}};
}

std::shared_ptr<arrow::RecordBatch> batch_of(const std::vector<std::int64_t>& ids) {
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendValues(ids).ok());
  EXPECT_TRUE(builder.AppendNull().ok());
  auto column = builder.Finish().ValueOrDie();
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("id", arrow::int64())}), column->length(), {column});
}

std::size_t bucket(const RowPlace& place, const arrow::RecordBatch& rows, std::int64_t row) {
  return place.bucket_of(rows, row, {}, {});
}

bool covers(const model::KeyRange& range, std::int64_t key) {
  const auto at = [](const std::optional<model::Bound>& bound) { return *base::to_integer(bound->values.front()); };
  if (range.lower && key < at(range.lower)) return false;
  return !range.upper || key < at(range.upper);
}

TEST(RowPlace, KeysOfABucketAreThoseOfItsRows) {
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min(), kMost = std::numeric_limits<std::int64_t>::max();
  for (const auto& [first, last] : std::vector<std::pair<std::int64_t, std::int64_t>>{{1, 10},
                                                                                      {-5, 5},
                                                                                      {0, 4095},
                                                                                      {0, 4096},
                                                                                      {1, 1'000'000},
                                                                                      {kLeast, kMost},
                                                                                      {kMost - 3, kMost},
                                                                                      {kLeast, kLeast}}) {
    const RowPlace place(columns_of(Kind::int64), {"id"}, KeySpan{first, last});
    ASSERT_TRUE(place.by_stretches());
    const std::vector<std::int64_t> keys{first, last, first / 2 + last / 2, first == kLeast ? first : first - 1,
                                         last == kMost ? last : last + 1};
    const auto rows = batch_of(keys);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto in = bucket(place, *rows, static_cast<std::int64_t>(i));
      ASSERT_LT(in, RowPlace::kBuckets);
      EXPECT_TRUE(covers(place.keys_of(in, in), keys[i])) << first << ".." << last << " " << keys[i];
      EXPECT_TRUE(covers(place.keys_of(0, in), keys[i]));
    }
  }
}

TEST(RowPlace, AMissingKeyLiesInTheFirstBucket) {
  const RowPlace place(columns_of(Kind::int64), {"id"}, KeySpan{1, 10});
  EXPECT_EQ(bucket(place, *batch_of({5}), 1), 0u);
}

TEST(RowPlace, OtherKeysAreHashed) {
  EXPECT_FALSE(RowPlace(columns_of(Kind::text), {"id"}, KeySpan{1, 10}).by_stretches());
  EXPECT_FALSE(RowPlace(columns_of(Kind::int64), {"id", "note"}, KeySpan{1, 10}).by_stretches());
  EXPECT_FALSE(RowPlace(columns_of(Kind::int64), {"id"}, std::nullopt).by_stretches());
  EXPECT_TRUE(RowPlace(columns_of(Kind::int64), {"gone"}, std::nullopt).key().empty());
}

TEST(RowPlace, RowsWithEqualKeysMeetWhateverElseTheyHold) {
  const RowPlace place(columns_of(Kind::text), {"id"}, std::nullopt);
  const std::vector<std::uint64_t> a{7, 1}, b{7, 2}, c{8, 1};
  EXPECT_EQ(place.key_of(a, {1, 1}), place.key_of(b, {2, 2}));
  EXPECT_NE(place.key_of(a, {1, 1}), place.key_of(c, {1, 1}));
  const RowPlace keyless(columns_of(Kind::text), {}, std::nullopt);
  EXPECT_EQ(keyless.key_of(a, {3, 4}), keyless.key_of(c, {3, 4}));
}

}  // namespace
}  // namespace rivet::verify
