// SPDX-License-Identifier: Apache-2.0
// Opens a database file for reading and says in our words what SQLite's result codes mean.
#include "source/sqlite/connection.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <thread>
#include <utility>

namespace rivet::source::sqlite {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kInstructionsBetweenChecks = 4'000;
constexpr std::chrono::milliseconds kLongestNap{20};

std::string_view code_name(int code) {
  switch (code & 0xff) {
    case SQLITE_ERROR: return "SQLITE_ERROR";
    case SQLITE_PERM: return "SQLITE_PERM";
    case SQLITE_BUSY: return "SQLITE_BUSY";
    case SQLITE_LOCKED: return "SQLITE_LOCKED";
    case SQLITE_NOMEM: return "SQLITE_NOMEM";
    case SQLITE_READONLY: return "SQLITE_READONLY";
    case SQLITE_INTERRUPT: return "SQLITE_INTERRUPT";
    case SQLITE_IOERR: return "SQLITE_IOERR";
    case SQLITE_CORRUPT: return "SQLITE_CORRUPT";
    case SQLITE_CANTOPEN: return "SQLITE_CANTOPEN";
    case SQLITE_NOTADB: return "SQLITE_NOTADB";
    case SQLITE_TOOBIG: return "SQLITE_TOOBIG";
    case SQLITE_AUTH: return "SQLITE_AUTH";
    default: return "SQLITE";
  }
}

std::string vendor_code(int code) { return fmt::format("{} ({})", code_name(code), code); }

/// Whether the header of the file says write-ahead log (https://www.sqlite.org/fileformat.html, offset 18).
bool uses_wal(const std::filesystem::path& file) {
  std::array<char, 20> header{};
  std::ifstream(file, std::ios::binary).read(header.data(), header.size());
  return header[18] == 2;
}

Result<void> require_file(const std::filesystem::path& file) {
  std::error_code trouble;
  const auto status = std::filesystem::status(file, trouble);
  if (status.type() == std::filesystem::file_type::not_found) {
    return fail(Error{.kind = ErrorKind::config,
                      .message = fmt::format("{}: no such file", file.string()),
                      .hint = "check source.path; rivet only reads databases and never creates one"});
  }
  if (trouble == std::errc::permission_denied) {
    return fail(ErrorKind::auth, fmt::format("{}: no permission to look into its directory", file.string()));
  }
  if (std::filesystem::is_directory(status)) {
    return fail(Error{.kind = ErrorKind::config,
                      .message = fmt::format("{} is a directory, not a SQLite database", file.string()),
                      .hint = "set source.path to the database file in it"});
  }
  return {};
}

}  // namespace

std::string quote_identifier(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

Connection::Connection(std::filesystem::path file, const SessionOptions& options, std::stop_token stop)
    : file_(std::move(file)), options_(options), stop_(std::move(stop)) {}

Connection::~Connection() { sqlite3_close_v2(handle_); }

Result<std::unique_ptr<Connection>> Connection::open(const std::filesystem::path& file, const SessionOptions& options,
                                                     std::stop_token stop) {
  // An absolute path is never taken for a URI, whatever characters it has.
  std::error_code ignored;
  auto absolute = std::filesystem::absolute(file, ignored);
  TRY(require_file(absolute));
  std::unique_ptr<Connection> connection(new Connection(std::move(absolute), options, std::move(stop)));
  TRY(connection->set_up());
  return connection;
}

Result<void> Connection::set_up() {
  // One thread at a time uses the connection, so it needs no mutex of its own.
  const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (const int code = sqlite3_open_v2(file_.c_str(), &handle_, flags, nullptr); code != SQLITE_OK) {
    return fail(failure(code));
  }
  sqlite3_busy_handler(handle_, on_busy, this);
  sqlite3_progress_handler(handle_, kInstructionsBetweenChecks, on_progress, this);
  watch(nullptr);
  TRY(run("PRAGMA query_only = 1"));
  TRY(query_integer("PRAGMA schema_version"));  // the first look into the file: is it a database at all
  const auto encoding = TRY(prepare("PRAGMA encoding"));
  if (TRY(step(encoding.get()))) {
    utf16_ = std::string_view(reinterpret_cast<const char*>(sqlite3_column_text(encoding.get(), 0))) != "UTF-8";
  }
  return {};
}

Result<Statement> Connection::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  if (code != SQLITE_OK) return fail(failure(code));
  return Statement(statement);
}

Result<bool> Connection::step(sqlite3_stmt* statement) {
  const int code = sqlite3_step(statement);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return fail(failure(code));
}

Result<void> Connection::run(std::string_view sql) {
  const auto statement = TRY(prepare(sql));
  while (TRY(step(statement.get()))) {
  }
  return {};
}

Result<std::optional<std::int64_t>> Connection::query_integer(std::string_view sql) {
  const auto statement = TRY(prepare(sql));
  if (!TRY(step(statement.get())) || sqlite3_column_type(statement.get(), 0) == SQLITE_NULL) {
    return std::optional<std::int64_t>();
  }
  return std::optional<std::int64_t>(sqlite3_column_int64(statement.get(), 0));
}

void Connection::watch(const std::int64_t* progress) {
  progress_ = progress;
  seen_progress_ = progress == nullptr ? 0 : *progress;
  silent_since_ = Clock::now();
}

int Connection::on_progress(void* self) {
  auto& me = *static_cast<Connection*>(self);
  if (me.stop_.stop_requested()) return 1;
  if (me.options_.statement_timeout.count() == 0) return 0;
  const auto now = Clock::now();
  if (me.progress_ != nullptr && *me.progress_ != me.seen_progress_) {
    me.seen_progress_ = *me.progress_;
    me.silent_since_ = now;
  }
  return now - me.silent_since_ >= me.options_.statement_timeout ? 1 : 0;
}

int Connection::on_busy(void* self, int attempts) {
  auto& me = *static_cast<Connection*>(self);
  const auto now = Clock::now();
  if (attempts == 0) me.busy_since_ = now;
  if (me.stop_.stop_requested()) return 0;
  if (me.options_.lock_timeout.count() != 0 && now - me.busy_since_ >= me.options_.lock_timeout) return 0;
  std::this_thread::sleep_for(std::min(std::chrono::milliseconds(attempts + 1), kLongestNap));
  return 1;
}

Error Connection::cancelled() const {
  return Error{.kind = ErrorKind::cancelled, .message = fmt::format("reading {} was stopped", file_.string())};
}

Error Connection::interrupted() const {
  if (stop_.stop_requested()) return cancelled();
  return Error{.kind = ErrorKind::permanent,
               .message = fmt::format("{}: no row for {} s", file_.string(), options_.statement_timeout.count()),
               .code = "RIVET_SOURCE_STATEMENT_TIMEOUT",
               .hint =
                   "raise tuning.statement_timeout_s, or make the query cheaper; a type under columns: spares a "
                   "column the look at its values"};
}

Error Connection::cannot_open() const {
  if (access(file_.c_str(), R_OK) != 0) {
    return Error{.kind = ErrorKind::auth,
                 .message = fmt::format("{}: no permission to read it", file_.string()),
                 .hint = "give the user that runs rivet read permission on the file"};
  }
  if (uses_wal(file_)) return unrecoverable_wal();
  return Error{.kind = ErrorKind::config, .message = fmt::format("{}: cannot be opened", file_.string())};
}

Error Connection::unrecoverable_wal() const {
  return Error{
      .kind = ErrorKind::permanent,
      .message = fmt::format("{} is in WAL mode, and its -shm file can be neither used nor created", file_.string()),
      .hint =
          "let rivet write in the database's directory, keep a writer open while it runs, or read a copy made "
          "with VACUUM INTO"};
}

Error Connection::read_only_trouble(int code) const {
  if (code == SQLITE_READONLY_ROLLBACK) {
    return Error{.kind = ErrorKind::permanent,
                 .message = fmt::format("{} was left in the middle of a write (hot journal)", file_.string()),
                 .hint = "open it once with the program that writes it, which rolls the write back, then run again"};
  }
  if (code == SQLITE_READONLY_RECOVERY || code == SQLITE_READONLY_CANTLOCK || code == SQLITE_READONLY_CANTINIT ||
      code == SQLITE_READONLY_DIRECTORY) {
    return unrecoverable_wal();
  }
  return Error{.kind = ErrorKind::permanent,
               .message = fmt::format("{}: {}", file_.string(), sqlite3_errmsg(handle_)),
               .hint = "rivet opens databases read-only: the statement must be a plain SELECT"};
}

Error Connection::failure(int code) const {
  const auto make = [&](ErrorKind kind, std::string_view message, std::string hint = {}) {
    return Error{.kind = kind, .message = fmt::format("{}: {}", file_.string(), message), .hint = std::move(hint)};
  };
  const char* said = handle_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle_);
  Error error = make(ErrorKind::permanent, said);
  switch (code & 0xff) {
    case SQLITE_INTERRUPT: error = interrupted(); break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      error = stop_.stop_requested()
                  ? cancelled()
                  : make(ErrorKind::unavailable,
                         fmt::format("locked by another process for {} s", options_.lock_timeout.count()),
                         "wait until the other program has finished writing, or raise tuning.lock_timeout_s");
      break;
    case SQLITE_NOTADB:
      error = make(ErrorKind::config, "not a SQLite database, or an encrypted one",
                   "check source.path; decrypt an encrypted database first");
      break;
    case SQLITE_CORRUPT:
      error = make(ErrorKind::permanent, fmt::format("the database is damaged: {}", said),
                   "run PRAGMA integrity_check and restore it from a backup");
      break;
    case SQLITE_CANTOPEN: error = cannot_open(); break;
    case SQLITE_READONLY: error = read_only_trouble(code); break;
    case SQLITE_PERM:
    case SQLITE_AUTH: error.kind = ErrorKind::auth; break;
    case SQLITE_IOERR: error.kind = ErrorKind::unavailable; break;
    case SQLITE_NOMEM: error.kind = ErrorKind::overloaded; break;
    default: break;
  }
  error.vendor_code = vendor_code(code);
  return error;
}

Result<ReadTransaction> ReadTransaction::begin(Connection& connection) {
  if (connection.in_transaction()) {
    return fail(ErrorKind::internal, "the SQLite session still has an open stream: drop it first");
  }
  TRY(connection.run("BEGIN"));
  ReadTransaction transaction(connection, 0);
  // BEGIN takes no snapshot by itself, the first read does.
  transaction.schema_version_ = TRY(connection.query_integer("PRAGMA schema_version")).value_or(0);
  return transaction;
}

ReadTransaction::ReadTransaction(ReadTransaction&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)), schema_version_(other.schema_version_) {}

ReadTransaction::~ReadTransaction() {
  if (connection_ != nullptr) sqlite3_exec(connection_->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

}  // namespace rivet::source::sqlite
