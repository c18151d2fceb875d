// SPDX-License-Identifier: Apache-2.0
// What every format owes its callers, whatever its bytes look like.
#include <gmock/gmock.h>

#include "batch/row_hash.hpp"
#include "format/csv/format.hpp"
#include "format/parquet/format.hpp"
#include "format/testing.hpp"

namespace rivet::format {
namespace {

using namespace testing;

struct Candidate {
  const char* name;
  std::unique_ptr<Format> (*make)();
};

std::unique_ptr<Format> small_row_groups() {
  return parquet::make_parquet_format({.row_group_bytes = 64 << 10}).value();
}

class FormatConformance : public ::testing::TestWithParam<Candidate> {
 protected:
  const std::unique_ptr<Format> format_ = GetParam().make();
};

INSTANTIATE_TEST_SUITE_P(Every, FormatConformance,
                         ::testing::Values(Candidate{"csv", make_csv_format}, Candidate{"parquet", small_row_groups}),
                         [](const auto& candidate) { return candidate.param.name; });

TEST_P(FormatConformance, ReadsBackEveryTypeExactly) {
  const auto columns = all_columns();
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    const std::vector<batch::Batch> batches{any_batch(columns, 40, random), any_batch(columns, 1, random)};
    const auto decoded = decode(*format_, columns, encode(*format_, columns, batches));
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

TEST_P(FormatConformance, KeepsTheOrderOfManyBatches) {
  const model::Columns columns{column("n", {.kind = Kind::int64}, false), column("t")};
  Random random(5);
  std::vector<batch::Batch> batches;
  for (int i = 0; i < 40; ++i) batches.push_back(any_batch(columns, 1'000, random));
  const auto decoded = decode(*format_, columns, encode(*format_, columns, batches)).value();
  EXPECT_TRUE(arrow::ConcatenateRecordBatches(decoded).ValueOrDie()->Equals(
      *arrow::ConcatenateRecordBatches(batches).ValueOrDie()));
}

TEST_P(FormatConformance, AFileWithoutRowsReadsBackAsOne) {
  const model::Columns columns{column("a"), column("b", {.kind = Kind::date})};
  EXPECT_TRUE(decode(*format_, columns, encode(*format_, columns, {})).value().empty());
}

TEST_P(FormatConformance, PassesTheErrorOfTheSinkOn) {
  const auto broken = [](const void*, std::int64_t) -> Result<void> { return fail(ErrorKind::unavailable, "gone"); };
  auto encoder = format_->encoder({column("a")}, broken).value();
  const auto written = encoder->write(texts({column("a")}, {"x"}));
  const auto error = written ? encoder->finish().error() : written.error();
  EXPECT_EQ(error.kind, ErrorKind::unavailable);
  EXPECT_EQ(error.message, "gone");
}

TEST_P(FormatConformance, MayBeDroppedHalfWay) {
  const model::Columns columns{column("t")};
  Random random(9);
  auto encoder = format_->encoder(columns, [](const void*, std::int64_t) -> Result<void> { return {}; }).value();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(encoder->write(any_batch(columns, 500, random)).has_value());
}

TEST_P(FormatConformance, RefusesABatchOfOtherColumns) {
  auto encoder =
      format_->encoder({column("a"), column("b")}, [](const void*, std::int64_t) -> Result<void> { return {}; })
          .value();
  const auto written = encoder->write(texts({column("a")}, {"x"}));
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().kind, ErrorKind::internal);
}

TEST_P(FormatConformance, NoticesEveryTruncation) {
  const auto columns = all_columns();
  Random random(3);
  const auto bytes = encode(*format_, columns, {any_batch(columns, 3, random)});
  const auto whole = digest_of(columns, decode(*format_, columns, bytes).value());
  for (std::size_t size = 0; size < bytes.size(); size += 1 + size / 500) {
    const auto cut = decode(*format_, columns, bytes.substr(0, size));
    if (cut.has_value()) {
      EXPECT_NE(digest_of(columns, *cut), whole) << size;  // ended between two rows
    } else {
      EXPECT_EQ(cut.error().kind, ErrorKind::data) << size;
    }
  }
}

/// The bytes with a few random edits.
std::string mutated(std::string text, Random& random) {
  static constexpr std::string_view interesting{"\",\n\r[]{}\\-+.:TZ0e9\0\xff", 20};
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

/// Damage is refused as damage or reads as other values; it never crashes and never gives an invalid array.
TEST_P(FormatConformance, SurvivesDamagedFiles) {
  const auto columns = all_columns();
  Random random(11);
  const auto bytes = encode(*format_, columns, {any_batch(columns, 2, random)});
  const auto head = GetParam().make == make_csv_format ? encode(*format_, columns, {}).size() : 0;
  int refused = 0;
  for (int round = 0; round < 3'000; ++round) {
    const auto damaged = bytes.substr(0, head) + mutated(bytes.substr(head), random);
    const auto decoded = decode(*format_, columns, damaged);
    if (decoded.has_value()) {
      for (const auto& one : *decoded) ASSERT_TRUE(one->ValidateFull().ok()) << one->ValidateFull().ToString();
    } else {
      ASSERT_EQ(decoded.error().kind, ErrorKind::data) << decoded.error().to_string();
      ++refused;
    }
  }
  EXPECT_GT(refused, 1'000);
}

}  // namespace
}  // namespace rivet::format
