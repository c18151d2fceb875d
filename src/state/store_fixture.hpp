// SPDX-License-Identifier: Apache-2.0
// For the tests of this folder: a store in a temporary directory, or in a schema of the server that RIVET_TEST_POSTGRES
// names (`host port user database`; tests/e2e/test_postgres_state_units.py starts one), and updates with everything
// filled in.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>

#include <unistd.h>

#include "state/postgres/postgres_store.hpp"
#include "state/sqlite/connection.hpp"
#include "state/sqlite/sqlite_store.hpp"

namespace rivet::state {

/// An instant, `seconds` after the beginning of the tests' time.
inline base::Timestamp instant(int seconds) {
  return base::Timestamp(std::chrono::seconds(1'795'220'433 + seconds) + std::chrono::microseconds(716'808));
}

inline const Owner kMe = "host/boot/100/5/aaaa";
inline const Owner kOther = "host/boot/200/6/bbbb";
inline const Owner kWorker = "host/boot/300/8/dddd";

/// A directory that goes away with the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = std::filesystem::temp_directory_path() / "rivet-state-XXXXXX";
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A run of export `orders` with `units` units.
inline RunStarted start(std::string run_id, int units = 2) {
  RunStarted update{.run_id = std::move(run_id),
                    .export_name = "orders",
                    .prefix = "out/",
                    .plan_hash = "hash",
                    .plan_json = R"({"a":1})",
                    .mode = "chunked",
                    .nonce = "0a1b2c3d",
                    .owner = kMe,
                    .at = instant(0),
                    .lease_until = instant(60),
                    .max_attempts = 2,
                    .units = {},
                    .format = "parquet",
                    .compression = "zstd"};
  for (int i = 0; i < units; ++i) {
    update.units.push_back({.index = i,
                            .predicate = {},
                            .start_key = std::to_string(i * 10),
                            .end_key = std::to_string(i * 10 + 9),
                            .reason = "range"});
  }
  return update;
}

/// The position of an export whose greatest cursor is `cursor`.
inline model::Position at_cursor(std::string cursor) {
  return {.cursor = {std::move(cursor)}, .horizon = 731, .source_id = "server/1"};
}

/// The commit of a claim with one part of `rows` rows.
inline UnitCommitted commit(const std::string& run_id, const UnitClaim& claim, std::int64_t rows = 10,
                            const Owner& owner = kMe) {
  const model::Digest digest{.rows = static_cast<std::uint64_t>(rows), .low = 7, .high = 8, .columns = {1, ~0ULL}};
  model::Part part{
      .run_id = run_id,
      .unit_index = claim.unit.index,
      .epoch = claim.epoch,
      .path = run_id + "-" + std::to_string(claim.unit.index) + "-" + std::to_string(claim.epoch) + ".parquet",
      .rows = rows,
      .size_bytes = 100,
      .content_fingerprint = "xxh3:0123456789abcdef",
      .content_md5 = "K0/JJFqLM46Ygk10v3f5og==",
      .digest = digest,
      .created_at = instant(3)};
  return {.run_id = run_id,
          .unit_index = claim.unit.index,
          .epoch = claim.epoch,
          .owner = owner,
          .parts = {std::move(part)},
          .rows = rows,
          .digest = digest,
          .snapshot = "731:731:",
          .read_at = instant(2),
          .gates_json = "{}",
          .at = instant(4)};
}

/// Whether the tests have a server.
inline bool has_server() { return std::getenv("RIVET_TEST_POSTGRES") != nullptr; }

/// A schema of the tests' server that goes away with the test.
class TemporarySchema {
 public:
  TemporarySchema() {
    static int count = 0;
    name_ = "t" + std::to_string(::getpid()) + "_" + std::to_string(++count);
  }
  ~TemporarySchema() {
    if (has_server()) run("DROP SCHEMA IF EXISTS " + name_ + " CASCADE");
  }
  TemporarySchema(const TemporarySchema&) = delete;
  TemporarySchema& operator=(const TemporarySchema&) = delete;

  postgres::Address address() const {
    postgres::Address address{.params = {}, .schema = name_, .location = "postgresql://tests/" + name_};
    std::istringstream words(std::getenv("RIVET_TEST_POSTGRES"));
    for (const auto* key : {"host", "port", "user", "dbname"}) {
      std::string value;
      words >> value;
      address.params.emplace_back(key, value);
    }
    return address;
  }

  /// Asks outside of every store; the first column of the first row.
  std::string run(const std::string& sql) const {
    auto connection = postgres::Connection::open(address());
    EXPECT_TRUE(connection.has_value()) << connection.error().to_string();
    auto answer = (*connection)->ask("SET search_path = " + name_ + "; " + sql);
    EXPECT_TRUE(answer.has_value()) << answer.error().to_string();
    return answer.value_or("");
  }

 private:
  std::string name_;
};

/// A store of its own, and steps that must succeed.
class StoreTest : public testing::Test {
 protected:
  StoreTest() : store_(open()) {}

  std::filesystem::path file() const { return directory_ / ".rivet_state.db"; }

  std::unique_ptr<StateStore> open() const {
    auto store = has_server() ? postgres::open_postgres_store(schema_.address()) : sqlite::open_sqlite_store(file());
    EXPECT_TRUE(store.has_value()) << store.error().to_string();
    return std::move(store).take();
  }

  /// Runs SQL in the tables as users' scripts do; the first column of the first row.
  std::string ask(const std::string& sql) const {
    if (has_server()) return schema_.run(sql);
    auto connection = sqlite::Connection::open(file(), 1000);
    EXPECT_TRUE(connection.has_value());
    auto answer = (*connection)->ask(sql);
    EXPECT_TRUE(answer.has_value()) << answer.error().to_string();
    return answer.value_or("");
  }

  void must(const StateUpdate& update) {
    const auto result = store_->apply(update);
    ASSERT_TRUE(result.has_value()) << result.error().to_string();
  }

  /// The error of an update that must be refused; nothing may have changed by it.
  Error refused(const StateUpdate& update) {
    const auto result = store_->apply(update);
    EXPECT_FALSE(result.has_value()) << "was accepted";
    return result.has_value() ? Error{} : result.error();
  }

  UnitClaim must_claim(const std::string& run_id, const Owner& owner = kMe) {
    auto claim = store_->claim(run_id, owner, instant(1), instant(61));
    EXPECT_TRUE(claim.has_value() && claim->has_value());
    return claim.has_value() && claim->has_value() ? **claim : UnitClaim{};
  }

  RunView run(const std::string& run_id) {
    auto view = store_->run(run_id);
    EXPECT_TRUE(view.has_value() && view->has_value());
    return view.has_value() && view->has_value() ? **view : RunView{};
  }

  std::vector<UnitView> units(const std::string& run_id) {
    return store_->units(run_id).value_or(std::vector<UnitView>());
  }

  /// Claims and commits all units of a started run.
  void complete(const std::string& run_id) {
    for (;;) {
      const auto claim = store_->claim(run_id, kMe, instant(1), instant(61));
      ASSERT_TRUE(claim.has_value());
      if (!claim->has_value()) return;
      must(commit(run_id, **claim));
    }
  }

  /// A whole run up to its seal.
  void sealed(const std::string& run_id, bool append = false, std::optional<std::string> cursor = std::nullopt,
              const std::string& mode = "chunked", int unit_count = 2) {
    auto update = start(run_id, unit_count);
    update.mode = mode;
    must(update);
    complete(run_id);
    auto position = cursor ? std::optional(at_cursor(*cursor)) : std::nullopt;
    must(RunSealed{
        .run_id = run_id, .owner = kMe, .append = append, .position = std::move(position), .at = instant(10)});
  }

  std::vector<std::string> live_paths(const std::string& prefix = "out/") {
    std::vector<std::string> paths;
    const auto live = store_->live_parts("orders", prefix);
    EXPECT_TRUE(live.has_value());
    if (live.has_value())
      for (const auto& file : *live) paths.push_back(file.part.path);
    return paths;
  }

  TemporaryDirectory directory_;
  TemporarySchema schema_;
  std::unique_ptr<StateStore> store_;
};

}  // namespace rivet::state
