// SPDX-License-Identifier: Apache-2.0
// A certificate is read by people who trust neither its text nor where it came from.
#include "model/certificate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "base/hash.hpp"
#include "base/signature.hpp"
#include "model/verification.hpp"

namespace rivet::model {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

base::Timestamp at(int second) { return base::Timestamp(std::chrono::seconds(1'700'000'000 + second)); }

CertifiedPart part(std::string path, std::uint64_t rows) {
  return {.path = std::move(path),
          .rows = static_cast<std::int64_t>(rows),
          .size_bytes = 100,
          .sha256 = std::string(64, 'a'),
          .digest = {.rows = rows, .low = 3 * rows, .high = 5 * rows, .columns = {7 * rows}}};
}

Certificate rich() {
  return {.issued_at = at(100),
          .tool_version = "1.2.3",
          .tool_sha256 = std::string(64, 'b'),
          .export_name = "orders",
          .source = {.engine = "postgres",
                     .database = "71/5",
                     .schema = "public",
                     .table = "orders",
                     .query = "",
                     .consistency = "unit",
                     .read_from = at(1),
                     .read_to = at(2)},
          .destination_uri = "file:///out",
          .format = "parquet",
          .compression = "zstd",
          .generation = 3,
          .manifest_path = "manifest.orders.json",
          .manifest_sha256 = std::string(64, 'c'),
          .columns = {{.name = "id", .native_type = "bigint", .type = {.kind = LogicalKind::int64}},
                      {.name = "m",
                       .native_type = "money",
                       .type = {.kind = LogicalKind::text},
                       .fidelity = Fidelity::logical_string,
                       .warning = "carried as text"}},
          .rows = 5,
          .digest = {.rows = 5, .low = 15, .high = 25, .columns = {35}},
          .parts = {part("a.parquet", 2), part("b.parquet", 3)},
          .runs = {{.run_id = "r1",
                    .repair = true,
                    .started_at = at(0),
                    .sealed_at = at(5),
                    .plan_sha256 = std::string(64, 'd'),
                    .database = "71/5",
                    .snapshots = {"1:2:"},
                    .units = 2,
                    .rows = 5,
                    .quality_passed = true,
                    .validated = false,
                    .reconciled = std::nullopt}},
          .reconciled_at = at(50),
          .uncounted = {{.path = "old.parquet", .size_bytes = 9}}};
}

std::string unsigned_text(const Certificate& certificate) {
  const auto json = to_json(certificate);
  return file_text(json, {.value = base::sha256_hex(canonical_text(json))});
}

std::string signed_text(const Certificate& certificate) {
  const auto key = base::SigningKey::from_pem(
                       "-----BEGIN PRIVATE KEY-----\n"
                       "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
                       "-----END PRIVATE KEY-----\n")
                       .take();
  const auto json = to_json(certificate);
  return file_text(json, {.public_key = key.public_key(), .value = key.sign(canonical_text(json))});
}

TEST(Certificate, IsReadBackAsItWas) {
  for (const auto& text : {unsigned_text(rich()), signed_text(rich())}) {
    const auto file = certificate_file_from_text(text);
    ASSERT_TRUE(file.has_value()) << file.error().to_string();
    EXPECT_TRUE(holds(*file));
    EXPECT_EQ(to_json(file->certificate), to_json(rich()));
    EXPECT_EQ(file->certificate.columns, rich().columns);
    EXPECT_THAT(inconsistencies(file->certificate), IsEmpty());
  }
}

TEST(Certificate, StatesTheLossOfEveryColumn) {
  const auto columns = to_json(rich())["columns"];
  EXPECT_EQ(columns[0]["fidelity"], "exact");
  EXPECT_EQ(columns[1]["fidelity"], "logical_string");
}

/// Every field of the statement, changed one at a time.
TEST(Certificate, NoEditedFieldHolds) {
  for (const auto& text : {unsigned_text(rich()), signed_text(rich())}) {
    const auto document = nlohmann::json::parse(text);
    const auto flat = document["statement"].flatten();
    for (const auto& [path, value] : flat.items()) {
      auto edited = document;
      auto& field = edited["statement"][nlohmann::json::json_pointer(path)];
      if (value.is_string()) {
        auto& shown = field.get_ref<std::string&>();
        if (shown.empty()) shown = "x";
        shown.back() = shown.back() == '0' ? '1' : '0';
      } else if (value.is_number()) {
        field = value.get<std::int64_t>() + 1;
      } else if (value.is_boolean()) {
        field = !value.get<bool>();
      } else {
        field = "x";
      }
      const auto file = certificate_file_from_text(canonical_text(edited) + "\n");
      EXPECT_FALSE(file.has_value() && holds(*file)) << path;
    }
  }
}

/// Two writings of one value would let a second one pass for the first.
TEST(Certificate, OnlyItsCanonicalFormIsRead) {
  const auto text = signed_text(rich());
  const auto document = nlohmann::json::parse(text);
  EXPECT_FALSE(certificate_file_from_text(document.dump(2) + "\n").has_value());
  EXPECT_FALSE(certificate_file_from_text(canonical_text(document)).has_value()) << "without its newline";
  EXPECT_FALSE(certificate_file_from_text(text + " ").has_value());
  auto doubled = text;
  doubled.replace(doubled.find("\"rows\":5"), 8, "\"rows\":4,\"rows\":5");
  EXPECT_FALSE(certificate_file_from_text(doubled).has_value()) << "a key twice";
}

TEST(Certificate, ReordersNothing) {
  auto edited = nlohmann::json::parse(signed_text(rich()));
  auto& parts = edited["statement"]["parts"];
  std::swap(parts[0], parts[1]);
  const auto file = certificate_file_from_text(canonical_text(edited) + "\n");
  ASSERT_TRUE(file.has_value());
  EXPECT_FALSE(holds(*file));
}

TEST(Certificate, AStatementThatDoesNotAddUpIsTold) {
  auto certificate = rich();
  certificate.parts[0].rows = 7;
  EXPECT_THAT(inconsistencies(certificate), testing::ElementsAre(HasSubstr("the parts have 10")));
  certificate = rich();
  certificate.parts[1].digest.low = 1;
  EXPECT_THAT(inconsistencies(certificate), testing::ElementsAre(HasSubstr("digest")));
  certificate = rich();
  certificate.parts[1].path = certificate.parts[0].path;
  EXPECT_THAT(inconsistencies(certificate), testing::ElementsAre(HasSubstr("twice")));
  certificate.parts[1].path = "../b.parquet";
  EXPECT_THAT(inconsistencies(certificate), testing::ElementsAre(HasSubstr("leaves the folder")));
}

/// Whatever bytes come, they are refused or hold nothing.
TEST(Certificate, MutatedBytesNeverPass) {
  const auto text = signed_text(rich());
  std::mt19937 random(20'261'122);
  for (int i = 0; i < 2'000; ++i) {
    auto mutated = text;
    const auto position = random() % mutated.size();
    switch (random() % 3) {
      case 0: mutated[position] = static_cast<char>(random()); break;
      case 1: mutated.erase(position, 1 + random() % 9); break;
      default: mutated.insert(position, mutated.substr(random() % mutated.size(), random() % 9));
    }
    if (mutated == text) continue;
    const auto file = certificate_file_from_text(mutated);
    EXPECT_FALSE(file.has_value() && holds(*file)) << mutated;
  }
}

}  // namespace
}  // namespace rivet::model
