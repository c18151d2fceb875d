// SPDX-License-Identifier: Apache-2.0
// One SQLite connection: prepared statements, transactions, busy handling.
#include "state/sqlite/connection.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "state/sqlite/errors.hpp"

namespace rivet::state::sqlite {
namespace {

tl::unexpected<Error> failed(sqlite3* database, int code, const std::string& path, std::string_view doing) {
  auto error = error_of(code, path, database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code));
  error.context.emplace_back(doing);
  return fail(std::move(error));
}

/// The path as SQLite reads it in a URI (https://www.sqlite.org/uri.html).
std::string uri_of(const std::filesystem::path& path) {
  std::string uri = "file:";
  for (const char c : path.native()) {
    const bool special = c == '%' || c == '?' || c == '#';
    uri += special ? fmt::format("%{:02x}", static_cast<unsigned char>(c)) : std::string(1, c);
  }
  return uri;
}

/// Finalizes a statement that is used once.
struct Finalizer {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

/// A prepared statement with its values. Destruction resets it.
class StatementCursor final : public sql::Cursor {
 public:
  StatementCursor(sqlite3* database, sqlite3_stmt* statement, const std::vector<sql::Value>& values,
                  const std::string& path)
      : database_(database), statement_(statement), path_(path), given_(static_cast<int>(values.size())) {
    for (int i = 0; i < given_ && bind_error_ == SQLITE_OK; ++i) {
      bind_error_ =
          std::visit([&](const auto& value) { return bind(i + 1, value); }, values[static_cast<std::size_t>(i)]);
    }
  }
  ~StatementCursor() override {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  StatementCursor(const StatementCursor&) = delete;
  StatementCursor& operator=(const StatementCursor&) = delete;

  Result<bool> next() override {
    const int wanted = sqlite3_bind_parameter_count(statement_);
    if (wanted != given_) {
      return fail(ErrorKind::internal, fmt::format("the statement takes {} parameters, {} were given", wanted, given_));
    }
    if (bind_error_ != SQLITE_OK) return failed(nullptr, bind_error_, path_, "binding");
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return fail(error_of(sqlite3_extended_errcode(database_), path_, sqlite3_errmsg(database_)));
  }

  bool is_null(int column) const override { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

  std::string_view text(int column) const override {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    if (bytes == nullptr) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }

  std::string blob(int column) const override {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
    return bytes == nullptr ? std::string() : std::string(bytes, size);
  }

  std::int64_t integer(int column) const override { return sqlite3_column_int64(statement_, column); }

 private:
  int bind(int at, std::monostate) { return sqlite3_bind_null(statement_, at); }
  int bind(int at, std::int64_t value) { return sqlite3_bind_int64(statement_, at, value); }
  int bind(int at, const std::string& value) {
    return sqlite3_bind_text64(statement_, at, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  int bind(int at, const sql::Numbers& set) { return bind(at, "[" + set.joined() + "]"); }
  int bind(int at, sql::Blob value) {
    const char* bytes = value.bytes.data() != nullptr ? value.bytes.data() : "";  // a null pointer would bind NULL
    return sqlite3_bind_blob64(statement_, at, bytes, value.bytes.size(), SQLITE_TRANSIENT);
  }

  sqlite3* database_;
  sqlite3_stmt* statement_;
  const std::string& path_;
  int given_;
  int bind_error_ = SQLITE_OK;
};

/// A statement that could not be prepared.
class FailedCursor final : public sql::Cursor {
 public:
  explicit FailedCursor(Error error) : error_(std::move(error)) {}
  Result<bool> next() override { return fail(error_); }
  bool is_null(int) const override { return true; }
  std::string_view text(int) const override { return {}; }
  std::string blob(int) const override { return {}; }
  std::int64_t integer(int) const override { return 0; }

 private:
  Error error_;
};

/// `now_us()`: microseconds since 1970 on this machine's clock, which is the store's.
void now_us(sqlite3_context* context, int, sqlite3_value**) {
  const auto now = base::SystemClock().now().time_since_epoch();
  sqlite3_result_int64(context, std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open_named(const std::string& name, int flags, int busy_timeout_ms,
                                                           const std::filesystem::path& path) {
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &database, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  if (database == nullptr) return failed(nullptr, code, path.string(), "opening");
  std::unique_ptr<Connection> connection(new Connection(database, path.string()));
  if (code != SQLITE_OK) return failed(database, code, path.string(), "opening");
  sqlite3_extended_result_codes(database, 1);
  sqlite3_busy_timeout(database, busy_timeout_ms);
  const int made =
      sqlite3_create_function_v2(database, "now_us", 0, SQLITE_UTF8, nullptr, now_us, nullptr, nullptr, nullptr);
  if (made != SQLITE_OK) return failed(database, made, path.string(), "opening");
  return connection;
}

Result<std::unique_ptr<Connection>> Connection::open(const std::filesystem::path& path, int busy_timeout_ms) {
  std::error_code error;
  // An absolute path is never one of SQLite's special names, such as `:memory:` or `file:`.
  const auto absolute = std::filesystem::absolute(path, error);
  if (error || !std::filesystem::is_directory(absolute.parent_path(), error)) {
    return fail(ErrorKind::config, fmt::format("the directory of the state store {} does not exist", path.string()),
                "create it, or put the config file where a file can be written beside it");
  }
  return open_named(absolute.string(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, busy_timeout_ms, path);
}

Result<std::unique_ptr<Connection>> Connection::open_copy(const std::filesystem::path& path, int busy_timeout_ms) {
  auto copy = TRY(open_named(":memory:", SQLITE_OPEN_READWRITE, busy_timeout_ms, path));
  auto* const memory = copy->database_;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return copy;
  const auto original = TRY(open_for_reading(path, busy_timeout_ms));
  auto* const backup = sqlite3_backup_init(memory, "main", original->database_, "main");
  if (backup == nullptr) return failed(memory, sqlite3_errcode(memory), path.string(), "copying");
  sqlite3_backup_step(backup, -1);
  const int copied = sqlite3_backup_finish(backup);
  if (copied != SQLITE_OK) return failed(nullptr, copied, path.string(), "copying");
  return copy;
}

/// Whoever may write in the folder opens the file as every command does, and leaves nothing beside it. Others cannot
/// make the files that a log in the folder needs: without a log the file alone is the truth.
Result<std::unique_ptr<Connection>> Connection::open_for_reading(const std::filesystem::path& path,
                                                                 int busy_timeout_ms) {
  std::error_code error;
  const auto absolute = std::filesystem::absolute(path, error);
  const bool writable = ::access(absolute.parent_path().c_str(), W_OK) == 0 && ::access(absolute.c_str(), W_OK) == 0;
  const bool has_log = std::filesystem::exists(absolute.string() + "-wal", error);
  const auto name = uri_of(absolute) + (writable || has_log ? "" : "?immutable=1");
  const int mode = writable ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  return open_named(name, mode | SQLITE_OPEN_URI, busy_timeout_ms, path);
}

Connection::~Connection() {
  for (const auto& [query, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(database_);
}

Result<void> Connection::prepare(std::span<const sql::Query* const> queries) {
  for (const auto* query : queries) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(database_, query->text.data(), static_cast<int>(query->text.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return failed(database_, code, path_, fmt::format("preparing {}", query->name));
    const auto [at, added] = statements_.emplace(query->text, statement);
    if (!added) sqlite3_finalize(statement);
  }
  return {};
}

std::unique_ptr<sql::Cursor> Connection::execute(const sql::Query& query, std::vector<sql::Value> values) {
  const std::string text(query.text);
  if (!statements_.contains(text)) {
    const std::array one{&query};
    if (auto prepared = prepare(one); !prepared) return std::make_unique<FailedCursor>(std::move(prepared).error());
  }
  return std::make_unique<StatementCursor>(database_, statements_.at(text), values, path_);
}

Result<std::vector<sql::Column>> Connection::columns_of(const std::string& table) {
  static constexpr sql::Query kColumns{"columns_of", "SELECT name, type FROM pragma_table_info(?) ORDER BY cid"};
  std::vector<sql::Column> columns;
  auto rows = start(kColumns, table);
  while (TRY(rows.next())) {
    auto name = rows.text();
    columns.push_back({.name = std::move(name), .is_blob = rows.text() == "BLOB"});
  }
  return columns;
}

Result<void> Connection::run_script(std::string_view sql) {
  const std::string text(sql);
  const int code = sqlite3_exec(database_, text.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failed(database_, code, path_, text.substr(0, text.find('\n')));
  return {};
}

Result<std::string> Connection::ask(std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  const int code = sqlite3_prepare_v2(database_, sql.data(), static_cast<int>(sql.size()), &raw, nullptr);
  const std::unique_ptr<sqlite3_stmt, Finalizer> statement(raw);
  if (code != SQLITE_OK) return failed(database_, code, path_, sql);
  StatementCursor cursor(database_, raw, {}, path_);
  if (!TRY(cursor.next().context(sql))) return std::string();
  return std::string(cursor.text(0));
}

void Connection::rollback() { run_script("ROLLBACK").ignore("closing the connection rolls back too"); }

bool Connection::in_transaction() const { return sqlite3_get_autocommit(database_) == 0; }

bool Connection::read_only() const { return sqlite3_db_readonly(database_, "main") == 1; }

}  // namespace rivet::state::sqlite
