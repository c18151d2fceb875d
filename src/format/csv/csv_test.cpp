// SPDX-License-Identifier: Apache-2.0
// The CSV dialect: quoting, NULL, headers, and the names of what is damaged.
#include "format/csv/format.hpp"

#include <gmock/gmock.h>

#include "batch/row_hash.hpp"
#include "format/testing.hpp"

namespace rivet::format {
namespace {

using namespace testing;
using ::testing::HasSubstr;

std::string encode(const model::Columns& columns, const std::vector<batch::Batch>& batches) {
  return testing::encode(*make_csv_format(), columns, batches);
}

Result<std::vector<batch::Batch>> decode(const model::Columns& columns, const std::string& bytes) {
  return testing::decode(*make_csv_format(), columns, bytes);
}

Error decode_error(const model::Columns& columns, const std::string& bytes) {
  auto decoded = decode(columns, bytes);
  EXPECT_FALSE(decoded.has_value()) << bytes;
  return decoded.has_value() ? Error{} : decoded.error();
}

TEST(Csv, QuotesOnlyWhereNeeded) {
  const model::Columns columns{column("na,me\"\n"), column("plain")};
  const auto values =
      texts({column("x")}, {"a,b", "say \"hi\"", "two\nlines", "cr\rhere", " blanks ", "ß", "", std::nullopt});
  const auto rows = arrow::RecordBatch::Make(batch::batch_schema(columns), 8, {values->column(0), values->column(0)});
  EXPECT_EQ(encode(columns, {rows}),
            "\"na,me\"\"\n\",plain\n"
            "\"a,b\",\"a,b\"\n"
            "\"say \"\"hi\"\"\",\"say \"\"hi\"\"\"\n"
            "\"two\nlines\",\"two\nlines\"\n"
            "\"cr\rhere\",\"cr\rhere\"\n"
            " blanks , blanks \n"
            "ß,ß\n"
            "\"\",\"\"\n"
            ",\n");
}

TEST(Csv, WritesTheHeaderOfAnEmptyFile) {
  const model::Columns columns{column("a"), column("b")};
  EXPECT_EQ(encode(columns, {}), "a,b\n");
  EXPECT_TRUE(decode(columns, "a,b\n").value().empty());
}

TEST(Csv, WritesANullOfTheOnlyColumnAsAnEmptyLine) {
  const model::Columns columns{column("a")};
  const auto rows = texts(columns, {std::nullopt, "", "x", std::nullopt});
  const auto bytes = encode(columns, {rows});
  EXPECT_EQ(bytes, "a\n\n\"\"\nx\n\n");
  EXPECT_TRUE(decode(columns, bytes).value().front()->Equals(*rows));
}

TEST(Csv, BoundsItsBatchesAndItsBlocks) {
  const model::Columns columns{column("n", {.kind = Kind::int64}, false)};
  Random random(7);
  const auto rows = any_batch(columns, 60'000, random);
  std::int64_t largest = 0;
  std::string bytes;
  const auto format = make_csv_format();
  auto encoder = format
                     ->encoder(columns,
                               [&](const void* data, std::int64_t size) -> Result<void> {
                                 largest = std::max(largest, size);
                                 bytes.append(static_cast<const char*>(data), static_cast<std::size_t>(size));
                                 return {};
                               })
                     .value();
  ASSERT_TRUE(encoder->write(rows).has_value());
  ASSERT_TRUE(encoder->finish().has_value());
  EXPECT_LE(largest, 300 << 10);
  EXPECT_GE(largest, 200 << 10);
  const auto decoded = decode(columns, bytes).value();
  for (const auto& one : decoded) EXPECT_LE(one->num_rows(), 16'384);
  EXPECT_TRUE(arrow::ConcatenateRecordBatches(decoded).ValueOrDie()->Equals(*rows));
}

TEST(Csv, CarriesOurOwnColumns) {
  const model::Columns source{column("a")};
  const auto meta = batch::MetaColumns::make(source, {.exported_at = true, .row_hash = true}, {}).value();
  const auto rows = meta.append(texts(source, {"x"})).value();
  const auto bytes = encode(meta.columns(), {rows});
  EXPECT_THAT(bytes, HasSubstr("a,_rivet_exported_at,_rivet_row_hash\nx,1970-01-01T00:00:00.000000Z,"));
  EXPECT_TRUE(decode(meta.columns(), bytes).value().front()->Equals(*rows));
}

TEST(Csv, RefusesARelationWithoutColumns) {
  const auto encoder = make_csv_format()->encoder({}, [](const void*, std::int64_t) -> Result<void> { return {}; });
  ASSERT_FALSE(encoder.has_value());
  EXPECT_EQ(encoder.error().kind, ErrorKind::config);
}

TEST(Csv, NamesWhatIsDamaged) {
  const model::Columns columns{column("id", {.kind = Kind::int32}, false), column("name")};
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "empty"},
      {"id\n", "1 fields instead of 2"},
      {"id,nome\n", "\"nome\" instead of \"name\""},
      {"id,name", "cut off"},
      {"id,name\n1,x", "record 2 is cut off"},
      {"id,name\n1,\"x", "record 2 ends inside quotes"},
      {"id,name\n1,\"x\"", "cut off"},
      {"id,name\n1,\"x\"y\n", "text around a quoted field"},
      {"id,name\n1,x\"y\"\n", "text around a quoted field"},
      {"id,name\r\n1,x\r\n", "carriage return"},
      {"id,name\n1,x\n2\n", "record 3 has 1 fields instead of 2"},
      {"id,name\n1,x,y\n", "3 fields"},
      {"id,name\n\n", "1 fields"},
      {"id,name\n,x\n", "column \"id\": NULL"},
      {"id,name\n1.5,x\n", "\"1.5\" is not a value of type int32"},
      {"id,name\n\"\",x\n", "not a value"},
      {"id,name\n1,\xff\n", "not a value of type text"},
  };
  for (const auto& [bytes, message] : cases) {
    const auto error = decode_error(columns, bytes);
    EXPECT_EQ(error.kind, ErrorKind::data) << bytes;
    EXPECT_THAT(error.message, HasSubstr(message)) << bytes;
  }
}

}  // namespace
}  // namespace rivet::format
