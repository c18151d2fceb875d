// SPDX-License-Identifier: Apache-2.0
// Known rows are left out, each as often as it is known; what is admitted can be known the next time.
#include "run/recent_rows.hpp"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

namespace rivet::run {
namespace {

const model::Columns kColumns{{.name = "id", .native_type = "bigint", .type = {.kind = model::LogicalKind::int64}}};

batch::Batch rows(const std::vector<std::int64_t>& ids) {
  arrow::Int64Builder id;
  EXPECT_TRUE(id.AppendValues(ids).ok());
  return arrow::RecordBatch::Make(batch::batch_schema(kColumns), static_cast<std::int64_t>(ids.size()), {*id.Finish()});
}

std::vector<std::int64_t> ids_of(const Result<batch::Batch>& batch) {
  EXPECT_TRUE(batch.has_value());
  const auto& cells = static_cast<const arrow::Int64Array&>(*(*batch)->column(0));
  std::vector<std::int64_t> out;
  for (std::int64_t i = 0; i < cells.length(); ++i) out.push_back(cells.Value(i));
  return out;
}

class RecentRowsTest : public testing::Test {
 protected:
  KnownRows known(const std::vector<std::int64_t>& ids) {
    RowMemory memory({.identity = identity_, .remember = true});
    EXPECT_TRUE(memory.admit(rows(ids)).has_value());
    return *KnownRows::from({memory.remembered()});
  }

  const batch::RowIdentity identity_ = *batch::RowIdentity::make(kColumns, {"id"});
};

using Ids = std::vector<std::int64_t>;

TEST_F(RecentRowsTest, KnownRowsAreLeftOut) {
  const auto before = known({1, 2, 3});
  RowMemory memory({.identity = identity_, .known = &before, .unique = true, .remember = true});
  EXPECT_EQ(ids_of(memory.admit(rows({3, 4, 1, 5}))), (Ids{4, 5}));
  EXPECT_EQ(ids_of(memory.admit(rows({1, 2}))), Ids{});
  EXPECT_EQ(memory.remembered().size(), 2 * sizeof(batch::RowId)) << "what is known already is not remembered twice";
}

TEST_F(RecentRowsTest, OfRowsThatLookAlikeAsManyAreLeftOutAsAreKnown) {
  const auto before = known({1, 1, 2});
  RowMemory memory({.identity = identity_, .known = &before});
  EXPECT_EQ(ids_of(memory.admit(rows({1, 2, 1, 2}))), Ids{2});
  EXPECT_EQ(ids_of(memory.admit(rows({1, 3}))), (Ids{1, 3})) << "the third of its kind is new";
}

TEST_F(RecentRowsTest, WithoutKnownRowsEverythingIsAdmitted) {
  RowMemory memory({.identity = identity_, .remember = true});
  EXPECT_EQ(ids_of(memory.admit(rows({1, 1}))), (Ids{1, 1}));
  EXPECT_EQ(memory.remembered().size(), 2 * sizeof(batch::RowId));
}

TEST_F(RecentRowsTest, DamagedMemoryIsRefused) {
  EXPECT_EQ(KnownRows::from({std::string_view("15 bytes, no id")}).error().kind, ErrorKind::data);
  EXPECT_EQ(KnownRows::from({})->count({1, 2}), 0);
}

}  // namespace
}  // namespace rivet::run
