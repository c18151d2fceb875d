// SPDX-License-Identifier: Apache-2.0
// CSV written here reads back with every value, NULL and quote intact.
#include "format/csv/format.hpp"

#include "batch/digest.hpp"
#include "batch/row_hash.hpp"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/compare.h>
#include <arrow/io/memory.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace rivet::format {
namespace {

using ::testing::HasSubstr;
using namespace std::string_literals;
using Kind = model::LogicalKind;
using model::LogicalType;
using model::TimeUnit;

using Random = std::mt19937_64;

model::Column column(const std::string& name, LogicalType type = {}, bool nullable = true) {
  return {.name = name, .native_type = "native", .type = std::move(type), .nullable = nullable};
}

LogicalType list_of(const LogicalType& element) {
  return {.kind = Kind::list, .element = std::make_shared<const LogicalType>(element)};
}

std::vector<LogicalType> scalar_types() {
  std::vector<LogicalType> types;
  for (const auto kind :
       {Kind::boolean, Kind::int16, Kind::int32, Kind::int64, Kind::uint64, Kind::float32, Kind::float64, Kind::date,
        Kind::time, Kind::text, Kind::binary, Kind::json, Kind::uuid, Kind::interval, Kind::enumeration}) {
    types.push_back({.kind = kind});
  }
  for (const auto unit : {TimeUnit::micro, TimeUnit::nano}) {
    types.push_back({.kind = Kind::timestamp, .unit = unit});
    types.push_back({.kind = Kind::timestamp_tz, .unit = unit});
  }
  for (const auto& [precision, scale] :
       {std::pair{1, 0}, {9, 9}, {18, 4}, {38, 0}, {38, 38}, {39, 1}, {76, 0}, {76, 76}}) {
    types.push_back({.kind = Kind::decimal, .precision = precision, .scale = scale});
  }
  return types;
}

model::Columns all_columns() {
  model::Columns columns;
  for (const auto& type : scalar_types()) {
    columns.push_back(column(fmt::format("{} c{}", model::to_string(type), columns.size()), type));
    columns.push_back(column(fmt::format("l,\"{}", columns.size()), list_of(type)));
  }
  return columns;
}

template <class Number>
Number any_number(Random& random) {
  using Limits = std::numeric_limits<Number>;
  switch (random() % 6) {
    case 0: return Limits::lowest();
    case 1: return Limits::max();
    case 2: return Number{0};
    case 3: return static_cast<Number>(-1);
    default: return static_cast<Number>(random());
  }
}

template <class Number>
Number any_float(Random& random) {
  using Limits = std::numeric_limits<Number>;
  switch (random() % 10) {
    case 0: return Limits::quiet_NaN();
    case 1: return Limits::infinity();
    case 2: return -Limits::infinity();
    case 3: return Number{-0.0};
    case 4: return Limits::denorm_min();
    case 5: return Limits::lowest();
    default:
      return static_cast<Number>(std::ldexp(static_cast<double>(random()), static_cast<int>(random() % 180) - 120));
  }
}

std::string any_text(Random& random) {
  static const std::vector<std::string> pieces{"",     ",",    "\"", "\n",   "\r\n", "\r",
                                               " ",    "a",    "ß",  "日本", "\\",   "\t",
                                               "null", "NULL", "[",  "\\.",  "\x01", "\xF0\x9F\x90\x98",
                                               "\"\"", "]"};
  std::string text;
  for (auto count = random() % 5; count > 0; --count) text += pieces[random() % pieces.size()];
  if (random() % 50 == 0) text += std::string(random() % 70'000, 'w');
  return text;
}

std::string any_digits(Random& random, int precision) {
  std::string digits = random() % 2 == 0 ? "-" : "";
  const auto count = random() % 3 == 0 ? precision : 1 + static_cast<int>(random() % precision);
  for (int i = 0; i < count; ++i) digits += static_cast<char>(random() % 3 == 0 ? '9' : '0' + random() % 10);
  return digits;
}

template <class Builder>
Builder& as(arrow::ArrayBuilder& builder) {
  return static_cast<Builder&>(builder);
}

/// Appends a random value, often an extreme one.
arrow::Status append_any(const LogicalType& type, Random& random, arrow::ArrayBuilder& to) {
  switch (type.kind) {
    case Kind::boolean: return as<arrow::BooleanBuilder>(to).Append(random() % 2 == 0);
    case Kind::int16: return as<arrow::Int16Builder>(to).Append(any_number<std::int16_t>(random));
    case Kind::int32: return as<arrow::Int32Builder>(to).Append(any_number<std::int32_t>(random));
    case Kind::int64: return as<arrow::Int64Builder>(to).Append(any_number<std::int64_t>(random));
    case Kind::uint64: return as<arrow::UInt64Builder>(to).Append(any_number<std::uint64_t>(random));
    case Kind::float32: return as<arrow::FloatBuilder>(to).Append(any_float<float>(random));
    case Kind::float64: return as<arrow::DoubleBuilder>(to).Append(any_float<double>(random));
    case Kind::date: return as<arrow::Date32Builder>(to).Append(any_number<std::int32_t>(random));
    case Kind::time: return as<arrow::Time64Builder>(to).Append(static_cast<std::int64_t>(random() % 86'400'000'000));
    case Kind::timestamp:
    case Kind::timestamp_tz: return as<arrow::TimestampBuilder>(to).Append(any_number<std::int64_t>(random));
    case Kind::binary: return as<arrow::BinaryBuilder>(to).Append(any_text(random));
    case Kind::uuid: {
      const std::array<std::uint64_t, 2> halves{random(), random()};
      return as<arrow::FixedSizeBinaryBuilder>(to).Append(reinterpret_cast<const std::uint8_t*>(halves.data()));
    }
    case Kind::decimal: {
      const auto digits = any_digits(random, type.precision);
      if (type.precision <= 38) return as<arrow::Decimal128Builder>(to).Append(arrow::Decimal128(digits));
      return as<arrow::Decimal256Builder>(to).Append(arrow::Decimal256(digits));
    }
    case Kind::list: {
      auto& list = as<arrow::ListBuilder>(to);
      auto status = list.Append();
      for (auto count = random() % 4; status.ok() && count > 0; --count) {
        auto& elements = *list.value_builder();
        status = random() % 4 == 0 ? elements.AppendNull() : append_any(*type.element, random, elements);
      }
      return status;
    }
    case Kind::text:
    case Kind::json:
    case Kind::interval:
    case Kind::enumeration: return as<arrow::StringBuilder>(to).Append(any_text(random));
  }
  return arrow::Status::Invalid("unknown kind");
}

batch::Batch any_batch(const model::Columns& columns, std::int64_t rows, Random& random) {
  arrow::ArrayVector arrays;
  for (const auto& one : columns) {
    const auto builder = arrow::MakeBuilder(batch::storage_type(one.type)).ValueOrDie();
    for (std::int64_t row = 0; row < rows; ++row) {
      const bool is_null = one.nullable && random() % 5 == 0;
      EXPECT_TRUE((is_null ? builder->AppendNull() : append_any(one.type, random, *builder)).ok());
    }
    arrays.push_back(builder->Finish().ValueOrDie());
  }
  return arrow::RecordBatch::Make(batch::batch_schema(columns), rows, std::move(arrays));
}

std::string encode(const model::Columns& columns, const std::vector<batch::Batch>& batches) {
  std::string bytes;
  auto encoder = make_csv_format()
                     ->encoder(columns,
                               [&](const void* data, std::int64_t size) -> Result<void> {
                                 bytes.append(static_cast<const char*>(data), static_cast<std::size_t>(size));
                                 return {};
                               })
                     .value();
  std::int64_t rows = 0;
  for (const auto& one : batches) {
    EXPECT_TRUE(encoder->write(one).has_value());
    rows += one->num_rows();
  }
  const auto expected_bytes = encoder->bytes_so_far();
  const auto file = encoder->finish().value();
  EXPECT_EQ(file.rows, rows);
  EXPECT_EQ(file.bytes, static_cast<std::int64_t>(bytes.size()));
  EXPECT_EQ(file.bytes, expected_bytes);
  return bytes;
}

Result<std::vector<batch::Batch>> decode(const model::Columns& columns, const std::string& bytes) {
  const auto decoder = TRY(
      make_csv_format()->decoder(columns, std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes))));
  std::vector<batch::Batch> batches;
  while (auto one = TRY(decoder->next())) batches.push_back(*std::move(one));
  return batches;
}

/// A batch of one text column.
batch::Batch texts(const model::Columns& columns, const std::vector<std::optional<std::string>>& values) {
  arrow::StringBuilder builder;
  for (const auto& value : values) EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  return arrow::RecordBatch::Make(batch::batch_schema(columns), static_cast<std::int64_t>(values.size()),
                                  {builder.Finish().ValueOrDie()});
}

model::Digest digest_of(const model::Columns& columns, const std::vector<batch::Batch>& batches) {
  batch::Digester digester(columns);
  for (const auto& one : batches) digester.add(*one);
  return digester.take();
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

TEST(Csv, ReadsBackEveryType) {
  const auto columns = all_columns();
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    const std::vector<batch::Batch> batches{any_batch(columns, 40, random), any_batch(columns, 1, random)};
    const auto decoded = decode(columns, encode(columns, batches));
    ASSERT_TRUE(decoded.has_value()) << "seed " << seed << ": " << decoded.error().to_string();
    EXPECT_EQ(digest_of(columns, *decoded), digest_of(columns, batches)) << "seed " << seed;
    const auto exact = arrow::EqualOptions::Defaults().nans_equal(true).signed_zeros_equal(false);
    const auto expected = arrow::ConcatenateRecordBatches(batches).ValueOrDie();
    const auto actual = arrow::ConcatenateRecordBatches(*decoded).ValueOrDie();
    ASSERT_TRUE(actual->ValidateFull().ok());
    for (int i = 0; i < expected->num_columns(); ++i) {
      EXPECT_TRUE(actual->column(i)->Equals(*expected->column(i), exact)) << expected->schema()->field(i)->ToString();
    }
  }
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

TEST(Csv, PassesTheErrorOfTheSinkOn) {
  const model::Columns columns{column("a")};
  auto encoder =
      make_csv_format()
          ->encoder(columns,
                    [](const void*, std::int64_t) -> Result<void> { return fail(ErrorKind::unavailable, "gone"); })
          .value();
  EXPECT_EQ(encoder->finish().error().message, "gone");
}

TEST(Csv, RefusesABatchOfOtherColumns) {
  auto encoder = make_csv_format()
                     ->encoder({column("a"), column("b")}, [](const void*, std::int64_t) -> Result<void> { return {}; })
                     .value();
  EXPECT_EQ(encoder->write(texts({column("a")}, {"x"})).error().kind, ErrorKind::internal);
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

TEST(Csv, NoticesEveryTruncation) {
  const auto columns = all_columns();
  Random random(3);
  const auto bytes = encode(columns, {any_batch(columns, 3, random)});
  const auto whole = digest_of(columns, decode(columns, bytes).value());
  for (std::size_t size = 0; size < bytes.size(); size += 1 + size / 500) {
    const auto cut = decode(columns, bytes.substr(0, size));
    if (cut.has_value()) {
      EXPECT_NE(digest_of(columns, *cut), whole) << size;  // ended between two rows
    } else {
      EXPECT_EQ(cut.error().kind, ErrorKind::data) << size;
    }
  }
}

/// The text with a few random edits.
std::string mutated(std::string text, Random& random) {
  static const std::string interesting = "\",\n\r[]{}\\-+.:TZ0e9\0\xff"s;
  for (auto edits = 1 + random() % 4; edits > 0; --edits) {
    const auto at = random() % (text.size() + 1);
    const char byte = random() % 3 == 0 ? static_cast<char>(random()) : interesting[random() % interesting.size()];
    switch (random() % 4) {
      case 0: text.insert(text.begin() + static_cast<std::ptrdiff_t>(at), byte); break;
      case 1: text.erase(at, random() % 8); break;
      case 2: text.insert(at, text.substr(random() % (text.size() + 1), random() % 40)); break;
      default:
        if (at < text.size()) text[at] = byte;
    }
  }
  return text;
}

TEST(Csv, SurvivesDamagedFiles) {
  const auto columns = all_columns();
  Random random(11);
  const auto bytes = encode(columns, {any_batch(columns, 2, random)});
  const auto body = encode(columns, {}).size();  // the header stays whole, so that damage reaches the values
  int refused = 0;
  for (int round = 0; round < 3'000; ++round) {
    const auto damaged = bytes.substr(0, body) + mutated(bytes.substr(body), random);
    const auto decoded = decode(columns, damaged);
    if (decoded.has_value()) {
      for (const auto& one : *decoded) ASSERT_TRUE(one->ValidateFull().ok());
    } else {
      ASSERT_EQ(decoded.error().kind, ErrorKind::data);
      ++refused;
    }
  }
  EXPECT_GT(refused, 1'000);
  EXPECT_LT(refused, 3'000);
}

}  // namespace
}  // namespace rivet::format
