// SPDX-License-Identifier: Apache-2.0
// SQLite's C interface as values that release themselves: a connection, a running statement.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "state/sql/connection.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace rivet::state::sqlite {

/// One database file, opened for reading and writing. Not thread safe.
class Connection final : public sql::Connection {
 public:
  /// Opens or creates the file and waits up to `busy_timeout_ms` for locks. Nothing is read or written yet.
  /// Kinds: config when the directory does not exist, permanent when it cannot be opened.
  static Result<std::unique_ptr<Connection>> open(const std::filesystem::path& path, int busy_timeout_ms);
  /// A database in memory: a copy of that in the file, or empty when there is no file. Nothing is written, so that a
  /// folder will do that may only be read. Kinds: permanent when the file cannot be read, data when it is none of ours.
  static Result<std::unique_ptr<Connection>> open_copy(const std::filesystem::path& path, int busy_timeout_ms);
  ~Connection() override;

  /// Prepares statements once and for all; one that was not prepared is when it is first started. Kind internal when
  /// one does not fit the schema.
  Result<void> prepare(std::span<const sql::Query* const> queries);

  /// Runs unprepared statements, separated by semicolons.
  Result<void> run_script(std::string_view sql);
  /// The first column of the first row of an unprepared statement; empty when there is no row.
  Result<std::string> ask(std::string_view sql);

  /// A write transaction takes the write lock of the file when it begins, so there is nothing left to lock.
  Result<void> lock_export(const std::string&) override { return {}; }
  Result<void> lock_journal(const std::string&) override { return {}; }
  /// Nobody listens to a file.
  Result<void> notify() override { return {}; }
  /// SQLite has waited for locks as long as it was told to, and a file does not come back.
  bool may_repeat(const Error&, int) override { return false; }
  Result<std::vector<sql::Column>> columns_of(const std::string& table) override;
  /// SQLite numbers rows so by itself.
  Result<void> number_from(const std::string&, const std::string&) override { return {}; }
  const std::string& location() const override { return path_; }

  bool read_only() const;

 private:
  Connection(sqlite3* database, std::string path) : database_(database), path_(std::move(path)) {}
  /// What SQLite opens by this name; errors name `path`.
  static Result<std::unique_ptr<Connection>> open_named(const std::string& name, int flags, int busy_timeout_ms,
                                                        const std::filesystem::path& path);
  static Result<std::unique_ptr<Connection>> open_for_reading(const std::filesystem::path& path, int busy_timeout_ms);

  std::unique_ptr<sql::Cursor> execute(const sql::Query& query, std::vector<sql::Value> values) override;
  Result<void> open_write() override { return run_script("BEGIN IMMEDIATE"); }
  Result<void> open_read() override { return run_script("BEGIN"); }
  bool in_transaction() const override;
  Result<void> commit() override { return run_script("COMMIT"); }
  void rollback() override;

  sqlite3* database_;
  std::string path_;
  std::unordered_map<std::string, sqlite3_stmt*> statements_;  ///< by their text
};

}  // namespace rivet::state::sqlite
