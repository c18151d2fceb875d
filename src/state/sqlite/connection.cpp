// SPDX-License-Identifier: Apache-2.0
// One SQLite connection: prepared statements, transactions, busy handling.
#include "state/sqlite/connection.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include <utility>

#include <fmt/format.h>

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

}  // namespace

Execution::Execution(sqlite3* database, sqlite3_stmt* statement, std::string_view query, const std::string& path)
    : database_(database), statement_(statement), query_(query), path_(path) {}

Execution::Execution(Execution&& other) noexcept
    : database_(other.database_),
      statement_(std::exchange(other.statement_, nullptr)),
      query_(other.query_),
      path_(other.path_),
      parameter_(other.parameter_),
      column_(other.column_),
      bind_error_(other.bind_error_),
      problem_(std::move(other.problem_)) {}

Execution::~Execution() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void Execution::bound(int code) {
  if (bind_error_ == SQLITE_OK) bind_error_ = code;
}

void Execution::bind(std::string_view value) {
  if (statement_ == nullptr) return;
  const char* bytes = value.data() != nullptr ? value.data() : "";  // a null pointer would bind NULL
  bound(sqlite3_bind_text64(statement_, ++parameter_, bytes, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void Execution::bind(Blob value) {
  if (statement_ == nullptr) return;
  const char* bytes = value.bytes.data() != nullptr ? value.bytes.data() : "";  // a null pointer would bind NULL
  bound(sqlite3_bind_blob64(statement_, ++parameter_, bytes, value.bytes.size(), SQLITE_TRANSIENT));
}

void Execution::bind(std::nullopt_t) {
  if (statement_ != nullptr) bound(sqlite3_bind_null(statement_, ++parameter_));
}

void Execution::bind(base::Timestamp value) { bind(std::string_view(base::to_rfc3339(value))); }

void Execution::bind_integer(std::int64_t value) {
  if (statement_ != nullptr) bound(sqlite3_bind_int64(statement_, ++parameter_, value));
}

Result<bool> Execution::next() {
  if (statement_ == nullptr) return fail(ErrorKind::internal, fmt::format("statement {} was not prepared", query_));
  if (bind_error_ != SQLITE_OK) return failed(nullptr, bind_error_, path_, query_);
  if (parameter_ != sqlite3_bind_parameter_count(statement_)) {
    return fail(ErrorKind::internal, fmt::format("statement {} takes {} parameters, {} were given", query_,
                                                 sqlite3_bind_parameter_count(statement_), parameter_));
  }
  TRY(finish());
  column_ = 0;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return failed(database_, sqlite3_extended_errcode(database_), path_, query_);
}

Result<void> Execution::run() {
  while (TRY(next())) {
  }
  return {};
}

Result<void> Execution::finish() const {
  if (problem_.empty()) return {};
  return fail(ErrorKind::data,
              fmt::format("the state store {} holds a row that cannot be read: {} ({})", path_, problem_, query_),
              "it was written by a newer version, or is damaged: use that version, or restore a copy");
}

void Execution::refuse(std::string_view what) {
  if (problem_.empty()) problem_ = what;
}

bool Execution::is_null() const { return sqlite3_column_type(statement_, column_) == SQLITE_NULL; }

std::string_view Execution::view() const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column_));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column_))};
}

std::string Execution::text() {
  std::string value(view());
  ++column_;
  return value;
}

std::optional<std::string> Execution::optional_text() {
  if (!is_null()) return text();
  ++column_;
  return std::nullopt;
}

std::string Execution::blob() {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column_));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column_));
  ++column_;
  return bytes == nullptr ? std::string() : std::string(bytes, size);
}

std::int64_t Execution::integer() { return sqlite3_column_int64(statement_, column_++); }

std::optional<std::int64_t> Execution::optional_integer() {
  if (!is_null()) return integer();
  ++column_;
  return std::nullopt;
}

int Execution::small_integer() {
  const auto value = integer();
  if (!std::in_range<int>(value)) refuse("a number is out of range");
  return static_cast<int>(value);
}

std::optional<bool> Execution::optional_boolean() {
  const auto value = optional_integer();
  if (!value) return std::nullopt;
  return *value != 0;
}

base::Timestamp Execution::time() {
  const auto parsed = base::parse_rfc3339(text());
  if (parsed.has_value()) return *parsed;
  refuse("a time is not RFC 3339");
  return {};
}

std::optional<base::Timestamp> Execution::optional_time() {
  if (!is_null()) return time();
  ++column_;
  return std::nullopt;
}

Transaction::~Transaction() {
  if (connection_ == nullptr || !connection_->in_transaction()) return;
  connection_->run_script("ROLLBACK").ignore("closing the connection rolls back too");
}

Result<void> Transaction::commit() {
  TRY(connection_->run_script("COMMIT"));
  connection_ = nullptr;
  return {};
}

Result<std::unique_ptr<Connection>> Connection::open_named(const std::string& name, int flags, int busy_timeout_ms,
                                                           const std::filesystem::path& path) {
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &database, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  if (database == nullptr) return failed(nullptr, code, path.string(), "opening");
  std::unique_ptr<Connection> connection(new Connection(database, path.string()));
  if (code != SQLITE_OK) return failed(database, code, path.string(), "opening");
  sqlite3_extended_result_codes(database, 1);
  sqlite3_busy_timeout(database, busy_timeout_ms);
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

Result<void> Connection::prepare(std::span<const Query* const> queries) {
  for (const auto* query : queries) {
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(database_, query->text.data(), static_cast<int>(query->text.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (code != SQLITE_OK) return failed(database_, code, path_, fmt::format("preparing {}", query->name));
    const auto [at, added] = statements_.emplace(query, statement);
    if (!added) sqlite3_finalize(statement);
  }
  return {};
}

sqlite3_stmt* Connection::find(const Query& query) const {
  const auto found = statements_.find(&query);
  return found == statements_.end() ? nullptr : found->second;
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
  Execution execution(database_, raw, sql, path_);
  if (!TRY(execution.next())) return std::string();
  return execution.text();
}

Result<Transaction> Connection::begin_write() {
  TRY(run_script("BEGIN IMMEDIATE"));
  return Transaction(this);
}

Result<Transaction> Connection::begin_read() {
  TRY(run_script("BEGIN"));
  return Transaction(this);
}

bool Connection::in_transaction() const { return sqlite3_get_autocommit(database_) == 0; }

bool Connection::read_only() const { return sqlite3_db_readonly(database_, "main") == 1; }

}  // namespace rivet::state::sqlite
