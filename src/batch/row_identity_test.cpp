// SPDX-License-Identifier: Apache-2.0
// Rows with equal cells in the covered columns have one id, all others their own.
#include "batch/row_identity.hpp"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

namespace rivet::batch {
namespace {

const model::Columns kColumns{{.name = "id", .native_type = "bigint", .type = {.kind = model::LogicalKind::int64}},
                              {.name = "at", .native_type = "bigint", .type = {.kind = model::LogicalKind::int64}},
                              {.name = "note", .native_type = "text", .type = {.kind = model::LogicalKind::text}}};

std::shared_ptr<arrow::RecordBatch> rows(const std::vector<std::int64_t>& ids, const std::vector<bool>& has_at,
                                         const std::vector<std::string>& notes) {
  arrow::Int64Builder id, at;
  arrow::StringBuilder note;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_TRUE(id.Append(ids[i]).ok());
    EXPECT_TRUE((has_at[i] ? at.Append(7) : at.AppendNull()).ok());
    EXPECT_TRUE(note.Append(notes[i]).ok());
  }
  return arrow::RecordBatch::Make(batch_schema(kColumns), static_cast<std::int64_t>(ids.size()),
                                  {*id.Finish(), *at.Finish(), *note.Finish()});
}

TEST(RowIdentity, CoversTheNamedColumnsOnly) {
  const auto identity = RowIdentity::make(kColumns, {"id", "at"});
  ASSERT_TRUE(identity.has_value());
  const auto ids = identity->of(*rows({1, 1, 1, 2}, {true, true, false, true}, {"a", "b", "a", "a"}));
  EXPECT_EQ(ids[0], ids[1]) << "the note is not covered";
  EXPECT_NE(ids[0], ids[2]) << "NULL is no value";
  EXPECT_NE(ids[0], ids[3]);
}

TEST(RowIdentity, DoesNotDependOnTheBatch) {
  const auto identity = RowIdentity::make(kColumns, {"id", "at"});
  const auto alone = identity->of(*rows({2}, {true}, {"z"}));
  EXPECT_EQ(identity->of(*rows({1, 2}, {true, true}, {"a", "b"}))[1], alone[0]);
}

TEST(RowIdentity, TellsColumnsApart) {
  const auto one = RowIdentity::make(kColumns, {"id", "at"}), other = RowIdentity::make(kColumns, {"at", "id"});
  const auto batch = rows({3}, {true}, {""});
  EXPECT_NE(one->of(*batch)[0], other->of(*batch)[0]);
}

TEST(RowIdentity, RefusesWhatIsNoColumn) {
  EXPECT_EQ(RowIdentity::make(kColumns, {"nope"}).error().kind, ErrorKind::config);
}

TEST(RowIdentity, AgreesWhereEqualIdsMeanEqualRows) {
  using enum model::LogicalKind;
  const auto over = [](const std::string& name, const model::LogicalType& type) {
    return *RowIdentity::make({{.name = name, .native_type = "", .type = type}}, {name});
  };
  const model::LogicalType narrow{.kind = decimal, .precision = 10, .scale = 2};
  EXPECT_TRUE(over("a", {.kind = int32}).agrees_with(over("a", {.kind = int64}))) << "a wider integer is the same one";
  EXPECT_TRUE(over("a", {.kind = enumeration}).agrees_with(over("a", {.kind = text})));
  EXPECT_TRUE(over("a", narrow).agrees_with(over("a", {.kind = decimal, .precision = 20, .scale = 2})));
  EXPECT_FALSE(over("a", narrow).agrees_with(over("a", {.kind = decimal, .precision = 10, .scale = 3})));
  EXPECT_FALSE(over("a", narrow).agrees_with(over("a", {.kind = decimal, .precision = 40, .scale = 2})));
  EXPECT_FALSE(over("a", {.kind = int64}).agrees_with(over("a", {.kind = uint64})));
  EXPECT_FALSE(over("a", {.kind = timestamp}).agrees_with(over("a", {.kind = timestamp_tz})));
  EXPECT_FALSE(over("a", {.kind = int64}).agrees_with(over("b", {.kind = int64}))) << "another column";
}

TEST(RowIdentity, AgreesOnlyOverTheSameColumnsInOrder) {
  const auto pair = *RowIdentity::make(kColumns, {"id", "at"});
  EXPECT_TRUE(pair.agrees_with(pair));
  EXPECT_FALSE(pair.agrees_with(*RowIdentity::make(kColumns, {"at", "id"})));
  EXPECT_FALSE(pair.agrees_with(*RowIdentity::make(kColumns, {"id", "at", "note"})));
  EXPECT_FALSE(pair.agrees_with(*RowIdentity::make(kColumns, {"id"})));
}

}  // namespace
}  // namespace rivet::batch
