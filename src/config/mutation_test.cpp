// SPDX-License-Identifier: Apache-2.0
// Thousands of damaged files: whatever the bytes are, loading answers.
#include "config/test_support.hpp"

#include <random>

namespace rivet::config {
namespace {

constexpr std::string_view kSeed =
    R"(source: {type: postgres, url: "postgres://ann:p@w/${PW}@localhost:5432/shop?sslmode=disable",
  tuning: {profile: safe, batch_size: 10}}
exports:
  - name: orders
    query: |
      SELECT * FROM orders
      WHERE d > '${DAY}';
    mode: chunked
    chunk_by_key: [id, n]
    chunk_size: 100
    format: parquet
    compression: zstd
    compression_level: 3
    destination: &out
      type: local
      path: "out/{date}/{export}"
    columns: {price: 'decimal(10,2)', note: text}
    quality: {null_ratio_max: {a: 0.5}, unique_columns: [id]}
    meta_columns: {exported_at: true, row_hash: [id]}
  - {name: other, table: '"a.b"."c"', format: csv, destination: *out, max_file_size: 1.5MB}
notifications: {slack: {webhook_url: "https://x/y", on: [failure]}}
)";

class Mutator {
 public:
  std::string next() {
    std::string text(kSeed);
    for (auto edits = pick(6) + 1; edits > 0; --edits) edit(text);
    return text;
  }

 private:
  std::size_t pick(std::size_t below) { return below == 0 ? 0 : random_() % below; }

  void edit(std::string& text) {
    static constexpr std::string_view kOddBytes = "{}[]:,&*!|>'\"%@#-?\n\t ~$\\\x01\x7f\xc3\xff.0";
    const auto at = pick(text.size());
    switch (pick(6)) {
      case 0: text[at] = static_cast<char>(pick(256)); break;
      case 1: text[at] = kOddBytes[pick(kOddBytes.size())]; break;
      case 2: text.insert(at, 1, kOddBytes[pick(kOddBytes.size())]); break;
      case 3: text.erase(at, pick(8) + 1); break;
      case 4: text.insert(at, text.substr(pick(text.size()), pick(40))); break;
      default: text.resize(at + 1); break;
    }
  }

  std::mt19937 random_{20'260'418};
};

TEST(Mutation, NeverEscapesAsAnExceptionOrCrash) {
  const test::Files files;
  const std::map<std::string, std::string> environment{{"PW", "x"}, {"DAY", "2026-01-01"}};
  test::Surroundings unharmed{.environment = environment};
  ASSERT_EQ(test::problems_of(files, kSeed, unharmed), "LOADED");
  Mutator mutator;
  int refused = 0;
  for (int round = 0; round < 2'000; ++round) {
    test::Surroundings around{.environment = environment};
    const auto loaded = test::load_text(files, mutator.next(), around);
    if (loaded) continue;
    ++refused;
    ASSERT_EQ(loaded.error().kind, ErrorKind::config);
    ASSERT_FALSE(loaded.error().message.empty());
  }
  EXPECT_GT(refused, 500);
}

}  // namespace
}  // namespace rivet::config
