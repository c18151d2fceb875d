// SPDX-License-Identifier: Apache-2.0
// Parquet written here reads back with every value, in row groups bounded as asked, whatever the batching.
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/io/memory.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/statistics.h>

#include "format/parquet/dictionary_choice.hpp"
#include "format/parquet/format.hpp"
#include "format/testing.hpp"

namespace rivet::format::parquet {
namespace {

using model::LogicalKind;

const model::Columns kColumns{{.name = "id", .native_type = "bigint", .type = {.kind = LogicalKind::int64}},
                              {.name = "name.with.dots", .native_type = "text", .type = {.kind = LogicalKind::text}},
                              {.name = "kind", .native_type = "text", .type = {.kind = LogicalKind::text}},
                              {.name = "doc", .native_type = "json", .type = {.kind = LogicalKind::json}}};

/// Rows `from` to `from + count`: a distinct number and text, a text of three values, JSON with NULLs.
batch::Batch rows(std::int64_t from, std::int64_t count) {
  arrow::Int64Builder id;
  arrow::StringBuilder name, kind, doc;
  for (auto i = from; i < from + count; ++i) {
    EXPECT_TRUE(id.Append(i).ok());
    EXPECT_TRUE(name.Append("row number " + std::to_string(i * 7919 % 1'000'003)).ok());
    EXPECT_TRUE(kind.Append(std::string(1, static_cast<char>('a' + i % 3))).ok());
    EXPECT_TRUE((i % 4 == 0 ? doc.AppendNull() : doc.Append("{\"i\": " + std::to_string(i) + "}")).ok());
  }
  return arrow::RecordBatch::Make(batch::batch_schema(kColumns), count,
                                  {*id.Finish(), *name.Finish(), *kind.Finish(), *doc.Finish()});
}

std::string encoded(const std::vector<batch::Batch>& batches, const ParquetOptions& options) {
  return testing::encode(*make_parquet_format(options).value(), kColumns, batches);
}

std::shared_ptr<arrow::io::BufferReader> reader_of(const std::string& bytes) {
  return std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes));
}

std::shared_ptr<::parquet::FileMetaData> metadata_of(const std::string& bytes) {
  return ::parquet::ParquetFileReader::Open(reader_of(bytes))->metadata();
}

batch::Batch decoded(const std::string& bytes) {
  return arrow::ConcatenateRecordBatches(testing::decode(*make_parquet_format({}).value(), kColumns, bytes).value())
      .ValueOrDie();
}

TEST(Parquet, ManyRowGroupsReadBackInOrder) {
  const auto all = rows(0, 50'000);
  std::vector<batch::Batch> batches;
  for (std::int64_t at = 0; at < 50'000; at += 1'000) batches.push_back(all->Slice(at, 1'000));
  const auto bytes = encoded(batches, {.row_group_bytes = 300'000});
  EXPECT_GT(metadata_of(bytes)->num_row_groups(), 4);
  EXPECT_TRUE(decoded(bytes)->Equals(*all));
}

TEST(Parquet, EqualRowsGiveEqualBytes) {
  std::vector<batch::Batch> batches{rows(0, 4'000), rows(4'000, 4'000), rows(8'000, 123)};
  const ParquetOptions options{.row_group_bytes = 200'000};
  EXPECT_EQ(encoded(batches, options), encoded(batches, options));
}

TEST(Parquet, RowGroupsHoldExactlyTheRowsAskedFor) {
  const auto bytes =
      encoded({rows(0, 2'500), rows(2'500, 2'500)}, {.row_group_rows = 1'700, .row_group_bytes = 1LL << 40});
  const auto metadata = metadata_of(bytes);
  std::vector<std::int64_t> sizes;
  for (int i = 0; i < metadata->num_row_groups(); ++i) sizes.push_back(metadata->RowGroup(i)->num_rows());
  EXPECT_EQ(sizes, (std::vector<std::int64_t>{1'700, 1'700, 1'600}));
}

TEST(Parquet, AColumnThatOutweighsTheOthersEndsAGroup) {
  const auto bytes = encoded({rows(0, 5'000), rows(5'000, 5'000), rows(10'000, 5'000)}, {.column_chunk_bytes = 50'000});
  EXPECT_EQ(metadata_of(bytes)->num_row_groups(), 3);
}

TEST(Parquet, NoRowsAreAFileWithoutRowGroups) {
  const auto bytes = encoded({}, {});
  EXPECT_EQ(metadata_of(bytes)->num_row_groups(), 0);
  EXPECT_EQ(metadata_of(bytes)->num_columns(), 4);
}

TEST(Parquet, JoinedGroupsKeepStatisticsAndEncodings) {
  const auto metadata = metadata_of(encoded({rows(0, 30'000)}, {}));
  ASSERT_EQ(metadata->num_row_groups(), 1);
  const auto id = metadata->RowGroup(0)->ColumnChunk(0), kind = metadata->RowGroup(0)->ColumnChunk(2);
  EXPECT_TRUE(id->is_stats_set());
  EXPECT_FALSE(id->has_dictionary_page()) << "distinct numbers";
  EXPECT_TRUE(kind->has_dictionary_page()) << "three values";
  EXPECT_EQ(metadata->RowGroup(0)->ColumnChunk(3)->statistics()->null_count(), 7'500);
  EXPECT_EQ(metadata->created_by(), "rivet");
}

/// Damage of every kind is an error or harmless, never a crash; what is read is bounded by the file.
TEST(Parquet, DamagedFilesNeverCrashTheDecoder) {
  const auto sound = encoded({rows(0, 2'000)}, {.row_group_bytes = 30'000});
  const auto format = make_parquet_format({});
  std::mt19937 random(7);
  const auto pick = [&](std::size_t below) { return std::uniform_int_distribution<std::size_t>(0, below - 1)(random); };
  for (int round = 0; round < 600; ++round) {
    auto bytes = sound;
    if (round % 3 == 0) bytes.resize(pick(bytes.size()));
    for (std::size_t flips = 1 + pick(4); flips > 0 && !bytes.empty(); --flips) {
      const auto tail = std::min<std::size_t>(bytes.size(), 2'000);  // the footer decides most
      const auto at = round % 2 == 0 ? pick(bytes.size()) : bytes.size() - 1 - pick(tail);
      bytes[at] = static_cast<char>(pick(256));
    }
    auto decoder = (*format)->decoder(kColumns, reader_of(bytes));
    if (!decoder) continue;
    for (auto next = (*decoder)->next(); next && *next; next = (*decoder)->next()) {
    }
  }
}

TEST(RepeatingColumns, AreThoseWithFiveRowsPerValue) {
  const auto column = [](std::int64_t rows_in_all, std::int64_t distinct) {
    arrow::Int64Builder builder;
    for (std::int64_t i = 0; i < rows_in_all; ++i) EXPECT_TRUE(builder.Append(i * 7'919 % distinct).ok());
    return std::make_shared<arrow::ChunkedArray>(*builder.Finish());
  };
  const auto nulls = std::make_shared<arrow::ChunkedArray>(*arrow::MakeArrayOfNull(arrow::int32(), 100));
  const auto flags = std::make_shared<arrow::ChunkedArray>(*arrow::MakeArrayOfNull(arrow::boolean(), 100));
  EXPECT_EQ(repeating_columns({column(50'000, 50'000), column(50'000, 20'000), column(50'000, 5'000), column(50'000, 1),
                               nulls, flags}),
            (std::vector<bool>{false, false, true, true, true, true}));
}

}  // namespace
}  // namespace rivet::format::parquet
