// SPDX-License-Identifier: Apache-2.0
// A database file in a temporary directory, written by SQL, and short ways to read it through a Source.
#pragma once

#include "batch/cell_text.hpp"
#include "source/source.hpp"
#include "source/sqlite/source.hpp"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rivet::source::sqlite {

/// Lives for one test; removes its directory.
class TestDatabase {
 public:
  explicit TestDatabase(std::string_view file_name = "test.db") {
    std::string pattern = (std::filesystem::temp_directory_path() / "rivet-sqlite-XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    file_ = directory_ / file_name;
    EXPECT_EQ(sqlite3_open(file_.c_str(), &handle_), SQLITE_OK);
    execute("PRAGMA synchronous = off");
  }
  ~TestDatabase() {
    close();
    std::filesystem::remove_all(directory_);
  }
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  void execute(const std::string& sql) {
    char* message = nullptr;
    EXPECT_EQ(sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, &message), SQLITE_OK)
        << (message == nullptr ? "" : message) << " in " << sql;
    sqlite3_free(message);
  }
  /// Whether SQLite ran it.
  bool try_execute(const std::string& sql) {
    return sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
  }
  void close() {
    sqlite3_close(handle_);
    handle_ = nullptr;
  }

  const std::filesystem::path& file() const { return file_; }
  const std::filesystem::path& directory() const { return directory_; }

 private:
  std::filesystem::path directory_, file_;
  sqlite3* handle_ = nullptr;
};

inline const base::ManualClock& test_clock() {
  static const base::ManualClock clock{base::Timestamp{std::chrono::microseconds{1'700'000'000'000'000}}};
  return clock;
}

inline Result<std::unique_ptr<Session>> open_session(const std::filesystem::path& file, SessionOptions options = {},
                                                     std::stop_token stop = {}) {
  config::Source config;
  config.type = config::SourceType::sqlite;
  config.path = file;
  const auto source = TRY(make_sqlite_source(config, test_clock()));
  return source->open(options, std::move(stop));
}

inline model::Relation table(std::string name) { return {.table = std::move(name)}; }
inline model::Relation query(std::string sql) { return {.query = std::move(sql)}; }

/// All cells as canonical text, row by row; NULL is `<null>`.
using Rows = std::vector<std::vector<std::string>>;

inline void add_rows(const arrow::RecordBatch& batch, const model::Columns& columns, Rows& rows) {
  EXPECT_TRUE(batch.ValidateFull().ok());
  const auto first = rows.size();
  rows.resize(first + static_cast<std::size_t>(batch.num_rows()));
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const batch::CellWriter writer(columns[i].type);
    const auto& array = *batch.column(static_cast<int>(i));
    for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
      std::string text = "<null>";
      if (!array.IsNull(row)) writer.append(array, row, text = "");
      rows[first + static_cast<std::size_t>(row)].push_back(std::move(text));
    }
  }
}

inline Result<Rows> drain(BatchStream& stream, const model::Columns& columns) {
  Rows rows;
  while (const auto batch = TRY(stream.next())) add_rows(**batch, columns, rows);
  return rows;
}

/// Describes and reads everything on a session of its own.
inline Result<Rows> read_all(const std::filesystem::path& file, const model::Relation& relation,
                             const model::TypeOverrides& overrides = {}, BatchLimits limits = {}) {
  const auto session = TRY(open_session(file));
  auto inventory = TRY(session->describe(relation, overrides));
  const auto stream = TRY(session->read({.relation = relation, .columns = inventory.columns, .limits = limits}));
  return drain(*stream, inventory.columns);
}

}  // namespace rivet::source::sqlite
