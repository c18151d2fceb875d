// SPDX-License-Identifier: Apache-2.0
// Known rows are left out, each as often as it is known; what is admitted can be known the next time.
#include "batch/known_rows.hpp"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

namespace rivet::batch {
namespace {

const model::Columns kColumns{{.name = "id", .native_type = "bigint", .type = {.kind = model::LogicalKind::int64}}};

Batch rows(const std::vector<std::int64_t>& ids) {
  arrow::Int64Builder id;
  EXPECT_TRUE(id.AppendValues(ids).ok());
  return arrow::RecordBatch::Make(batch_schema(kColumns), static_cast<std::int64_t>(ids.size()), {*id.Finish()});
}

std::vector<std::int64_t> ids_of(const Result<Batch>& batch) {
  EXPECT_TRUE(batch.has_value());
  const auto& cells = static_cast<const arrow::Int64Array&>(*(*batch)->column(0));
  std::vector<std::int64_t> out;
  for (std::int64_t i = 0; i < cells.length(); ++i) out.push_back(cells.Value(i));
  return out;
}

class KnownRowsTest : public testing::Test {
 protected:
  KnownRows known(const std::vector<std::int64_t>& ids) {
    RowMemory memory({.identity = identity_, .remember = true});
    EXPECT_TRUE(memory.admit(rows(ids)).has_value());
    return *KnownRows::from({{.rows = memory.remembered()}});
  }

  const RowIdentity identity_ = *RowIdentity::make(kColumns, {"id"});
};

using Ids = std::vector<std::int64_t>;

TEST_F(KnownRowsTest, KnownRowsAreLeftOut) {
  const auto before = known({1, 2, 3});
  RowMemory memory({.identity = identity_, .known = &before, .unique = true, .remember = true});
  EXPECT_EQ(ids_of(memory.admit(rows({3, 4, 1, 5}))), (Ids{4, 5}));
  EXPECT_EQ(ids_of(memory.admit(rows({1, 2}))), Ids{});
  EXPECT_EQ(memory.remembered().size(), 2 * sizeof(RowId)) << "what is known already is not remembered twice";
}

TEST_F(KnownRowsTest, OfRowsThatLookAlikeAsManyAreLeftOutAsAreKnown) {
  const auto before = known({1, 1, 2});
  RowMemory memory({.identity = identity_, .known = &before});
  EXPECT_EQ(ids_of(memory.admit(rows({1, 2, 1, 2}))), Ids{2});
  EXPECT_EQ(ids_of(memory.admit(rows({1, 3}))), (Ids{1, 3})) << "the third of its kind is new";
}

TEST_F(KnownRowsTest, WithoutKnownRowsEverythingIsAdmitted) {
  RowMemory memory({.identity = identity_, .remember = true});
  EXPECT_EQ(ids_of(memory.admit(rows({1, 1}))), (Ids{1, 1}));
  EXPECT_EQ(memory.remembered().size(), 2 * sizeof(RowId));
}

class OwnersTest : public KnownRowsTest {
 protected:
  /// Of owners 0, 1, ...
  void know(const std::vector<Ids>& owners) {
    for (const auto& ids : owners) {
      RowMemory memory({.identity = identity_, .remember = true});
      EXPECT_TRUE(memory.admit(rows(ids)).has_value());
      texts_.push_back(memory.remembered());
    }
    std::vector<KnownRows::Remembered> remembered;
    for (std::size_t i = 0; i < texts_.size(); ++i) remembered.push_back({texts_[i], static_cast<int>(i)});
    known_ = *KnownRows::from(remembered);
  }
  Ids admitted(std::optional<int> owner, bool takes_new, bool unique, const Ids& ids) {
    RowMemory memory(
        {.identity = identity_, .known = &known_, .owner = owner, .takes_new = takes_new, .unique = unique});
    auto out = ids_of(memory.admit(rows(ids)));
    newcomers_ = memory.newcomers();
    return out;
  }

  std::vector<std::string> texts_;
  KnownRows known_;
  std::int64_t newcomers_ = 0;
};

TEST_F(OwnersTest, EachTakesItsOwnRowsAndOneOfThemThoseThatNobodyKnows) {
  know({{1, 2}, {3}, {4}});
  const Ids all{1, 2, 3, 4, 5};
  EXPECT_EQ(admitted(0, true, true, all), (Ids{1, 2, 5}));
  EXPECT_EQ(newcomers_, 1);
  EXPECT_EQ(admitted(1, false, true, all), Ids{3});
  EXPECT_EQ(newcomers_, 0);
  EXPECT_EQ(admitted({}, true, true, all), Ids{5}) << "somebody who knows no rows gets what is left";
  EXPECT_EQ(admitted({}, false, true, all), Ids{});
}

TEST_F(OwnersTest, ShareRowsThatLookAlikeAndNoneIsTakenTwiceOrByNobody) {
  know({{7, 7}, {7}, {7, 7, 8}});
  for (std::size_t there = 0; there < 8; ++there) {
    const Ids sevens(there, 7);
    const auto first = admitted(0, true, false, sevens).size(), second = admitted(1, false, false, sevens).size(),
               third = admitted(2, false, false, sevens).size();
    EXPECT_EQ(first + second + third, there);
    EXPECT_EQ(second, there > 2 ? 1u : 0u);
    EXPECT_LE(third, 2u);
  }
}

TEST_F(KnownRowsTest, DamagedMemoryIsRefused) {
  EXPECT_EQ(KnownRows::from({{.rows = "15 bytes, no id"}}).error().kind, ErrorKind::data);
  EXPECT_EQ(KnownRows::from({})->share({1, 2}, {}).all, 0);
}

}  // namespace
}  // namespace rivet::batch
