// SPDX-License-Identifier: Apache-2.0
// Opens a database file for reading and says in our words what SQLite's result codes mean.
#include "source/sqlite/connection.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <thread>
#include <utility>

#include "source/snapshot_gone.hpp"

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

Result<void> require_file(const std::filesystem::path& file) {
  std::error_code trouble;
  const auto status = std::filesystem::status(file, trouble);
  if (status.type() == std::filesystem::file_type::not_found) {
    return fail(ErrorKind::config, fmt::format("{}: no such file", file.string()),
                "check source.path; rivet only reads databases and never creates one");
  }
  if (trouble == std::errc::permission_denied) {
    return fail(ErrorKind::auth, fmt::format("{}: no permission to look into its directory", file.string()));
  }
  if (std::filesystem::is_directory(status)) {
    return fail(ErrorKind::config, fmt::format("{} is a directory, not a SQLite database", file.string()),
                "set source.path to the database file in it");
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

std::string text_at(sqlite3_stmt* row, int index) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(row, index));
  return text == nullptr ? std::string()
                         : std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(row, index)));
}

void bind_text(sqlite3_stmt* statement, int index, std::string_view text) {
  sqlite3_bind_text(statement, index, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
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
    const auto name = text_at(encoding.get(), 0);
    text_encoding_ = name == "UTF-16le" ? SQLITE_UTF16LE : name == "UTF-16be" ? SQLITE_UTF16BE : SQLITE_UTF8;
  }
  return {};
}

Result<Statement> Connection::prepare(std::string_view sql) {
  if (options_.statements != nullptr) ++*options_.statements;
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

Result<void> Connection::read_file(std::int64_t offset, std::span<unsigned char> out) const {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(handle_, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (file == nullptr || file->pMethods == nullptr) {
    return fail(ErrorKind::unavailable, fmt::format("{} is not open", file_.string()));
  }
  const int code = file->pMethods->xRead(file, out.data(), static_cast<int>(out.size()), offset);
  // Past the end of the file SQLite has filled up with zeros.
  if (code != SQLITE_OK && code != SQLITE_IOERR_SHORT_READ) return fail(failure(code));
  return {};
}

Result<std::int64_t> Connection::begin() {
  TRY(run("BEGIN"));
  // BEGIN takes no snapshot by itself, the first read does.
  auto version = query_integer("PRAGMA schema_version");
  if (!version) sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
  return TRY(std::move(version)).value_or(0);
}

Result<void> Connection::pin() {
  if (in_transaction()) return fail(ErrorKind::internal, "the SQLite session is already in a transaction");
  TRY(begin());
  pinned_ = true;
  return {};
}

void Connection::unpin() {
  if (pinned_) sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
  pinned_ = false;
}

void Connection::rearm(const SessionOptions& options, std::stop_token stop) {
  options_ = options;
  stop_ = std::move(stop);
  watch(nullptr);
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
  if (uses_wal()) return unrecoverable_wal();
  return Error{.kind = ErrorKind::config, .message = fmt::format("{}: cannot be opened", file_.string())};
}

/// Whether the header of the file says write-ahead log (https://www.sqlite.org/fileformat.html, offset 18).
bool Connection::uses_wal() const {
  std::array<unsigned char, 1> version{};
  return read_file(18, version) && version[0] == 2;
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

Error snapshot_gone(const std::filesystem::path& file, std::string_view why) {
  return Error{.kind = ErrorKind::unavailable,
               .message = fmt::format("the shared snapshot of {} is gone: {}", file.string(), why),
               .code = kSnapshotGone,
               .hint = "start the run again: all its units must be read at one instant"};
}

Result<ReadTransaction> ReadTransaction::begin(Connection& connection) {
  if (connection.reading_ || (connection.in_transaction() && !connection.pinned_)) {
    return fail(ErrorKind::internal, "the SQLite session still has an open stream: drop it first");
  }
  if (connection.pinned_ && !connection.in_transaction()) {
    return fail(snapshot_gone(connection.file_, "SQLite ended its transaction after an error"));
  }
  const auto version =
      connection.pinned_ ? TRY(connection.query_integer("PRAGMA schema_version")).value_or(0) : TRY(connection.begin());
  connection.reading_ = true;
  return ReadTransaction(connection, version);
}

ReadTransaction::ReadTransaction(ReadTransaction&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)), schema_version_(other.schema_version_) {}

ReadTransaction::~ReadTransaction() {
  if (connection_ == nullptr) return;
  connection_->reading_ = false;
  if (!connection_->pinned_) sqlite3_exec(connection_->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

}  // namespace rivet::source::sqlite
