// SPDX-License-Identifier: Apache-2.0
// Unnamed statements with text parameters; transactions that bring their settings along; what was lost is found out.
#include "state/postgres/connection.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <random>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <poll.h>

#include "base/hash.hpp"
#include "state/postgres/dialect.hpp"
#include "state/postgres/errors.hpp"
#include "state/postgres/hints.hpp"

namespace rivet::state::postgres {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// The server gives up first, so that it says why. A lock is waited for as long as in SQLite.
constexpr std::string_view kLimits =
    "set_config('lock_timeout', '10s', true), set_config('statement_timeout', '60s', true)";
/// A process that stands still must not hold others up; readers hold nobody up.
constexpr std::string_view kIdleLimit = "set_config('idle_in_transaction_session_timeout', '60s', true)";
constexpr milliseconds kAnswerLimit = 90s;
constexpr milliseconds kPatience = 30s;  // a server that restarts is back by then
constexpr int kAttempts = 6;

/// What apply() has returned from is on the server's disk. Stronger settings than `on` stay.
constexpr std::string_view kDurable =
    "CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END";

/// Grows from attempt to attempt; two processes do not meet again and again.
milliseconds pause_before(int attempt) {
  static thread_local std::minstd_rand random(std::random_device{}());
  const int longest = std::min(10 << std::min(attempt, 7), 1000);
  return milliseconds(longest / 2 + static_cast<int>(random() % static_cast<unsigned>(longest / 2 + 1)));
}

std::string_view cell(const PGresult* result, int row, int column) {
  return {PQgetvalue(result, row, column), static_cast<std::size_t>(PQgetlength(result, row, column))};
}

/// Values as libpq wants them: text, but for bytes.
struct Parameters {
  explicit Parameters(const std::vector<sql::Value>& values) {
    texts.reserve(values.size());  // pointers into it stay
    for (const auto& value : values) std::visit([this](const auto& v) { add(v); }, value);
  }

  void add(std::monostate) { push(nullptr, 0, 0); }
  void add(std::int64_t number) { push_text(std::to_string(number)); }
  void add(const std::string& text) {
    holds_nul = holds_nul || text.find('\0') != std::string::npos;
    push_text(text);
  }
  void add(sql::Blob blob) {
    push(blob.bytes.data() != nullptr ? blob.bytes.data() : "", static_cast<int>(blob.bytes.size()), 1);
  }
  void push_text(std::string text) {
    texts.push_back(std::move(text));
    push(texts.back().c_str(), 0, 0);
  }
  void push(const char* pointer, int length, int format) {
    pointers.push_back(pointer);
    lengths.push_back(length);
    formats.push_back(format);
  }

  std::vector<std::string> texts;
  std::vector<const char*> pointers;
  std::vector<int> lengths, formats;
  bool holds_nul = false;
};

}  // namespace

/// A statement that is sent when the first row is asked for; its result is then here as a whole.
class ResultCursor final : public sql::Cursor {
 public:
  ResultCursor(Connection& connection, const sql::Query& query, std::vector<sql::Value> values)
      : connection_(connection), query_(query), values_(std::move(values)) {}

  Result<bool> next() override {
    if (result_ == nullptr) result_ = TRY(connection_.run_query(query_, values_));
    return ++row_ < PQntuples(result_.get());
  }

  bool is_null(int column) const override { return PQgetisnull(result_.get(), row_, column) == 1; }

  std::string_view text(int column) const override { return cell(result_.get(), row_, column); }

  std::string blob(int column) const override {
    std::size_t size = 0;
    const auto* escaped = reinterpret_cast<const unsigned char*>(PQgetvalue(result_.get(), row_, column));
    const std::unique_ptr<unsigned char, decltype(&PQfreemem)> bytes(PQunescapeBytea(escaped, &size), PQfreemem);
    return bytes == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(bytes.get()), size);
  }

  std::int64_t integer(int column) const override {
    const auto digits = text(column);
    std::int64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
  }

 private:
  Connection& connection_;
  const sql::Query query_;
  std::vector<sql::Value> values_;
  pq::PgResult result_{nullptr, PQclear};
  int row_ = -1;
};

Result<std::unique_ptr<Connection>> Connection::open(Address address) {
  std::unique_ptr<Connection> connection(new Connection(std::move(address)));
  TRY(connection->connect());
  return connection;
}

Result<void> Connection::connect() {
  handle_ = pq::connect_with(address_.params);
  if (handle_ == nullptr) return fail(ErrorKind::unavailable, "out of memory while connecting to the state store");
  if (PQstatus(handle_.get()) != CONNECTION_OK) {
    auto error = connect_error(handle_.get(), location());
    handle_.reset();
    return fail(std::move(error));
  }
  prepared_.clear();
  prepares_ = !behind_pooler(TRY(ask("SELECT pg_backend_pid()")));
  return {};
}

Result<void> Connection::reconnect() {
  handle_.reset();
  const auto deadline = steady_clock::now() + kPatience;
  for (int attempt = 1;; ++attempt) {
    auto connected = connect();
    if (connected || remedy_of(connected.error()) != Remedy::reconnect || steady_clock::now() >= deadline) {
      return connected;
    }
    std::this_thread::sleep_for(pause_before(attempt));
  }
}

Result<pq::PgResult> Connection::collect(int sent) {
  const auto lost = [&] {
    auto error = lost_connection(PQerrorMessage(handle_.get()), location());
    handle_.reset();
    return fail(std::move(error));
  };
  if (sent == 0) return lost();
  const auto deadline = steady_clock::now() + kAnswerLimit;
  pq::PgResult last(nullptr, PQclear);
  std::optional<Error> first_error;
  for (;;) {
    while (PQisBusy(handle_.get()) != 0) {
      const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
      pollfd socket{PQsocket(handle_.get()), POLLIN, 0};
      if (left <= 0ms || ::poll(&socket, 1, static_cast<int>(left.count())) == 0) {
        handle_.reset();
        return fail(lost_connection(fmt::format("no answer within {} s", kAnswerLimit / 1s), location()));
      }
      if (PQconsumeInput(handle_.get()) == 0) break;  // the broken connection shows as the next result
    }
    pq::PgResult result(PQgetResult(handle_.get()), PQclear);
    if (result == nullptr) break;
    if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR && !first_error) {
      first_error = error_of(result.get(), location());
    }
    last = std::move(result);
  }
  if (PQstatus(handle_.get()) == CONNECTION_BAD) {
    if (!first_error) return lost();
    handle_.reset();
  }
  if (first_error) return fail(std::move(*first_error));
  if (last == nullptr) return fail(ErrorKind::internal, "the server answered a statement with nothing");
  return last;
}

Result<pq::PgResult> Connection::run_text(const std::string& sql) {
  if (handle_ == nullptr) return fail(lost_connection("", location()));
  return collect(PQsendQuery(handle_.get(), sql.c_str()));
}

Result<pq::PgResult> Connection::run_query(const sql::Query& query, const std::vector<sql::Value>& values) {
  if (handle_ == nullptr) return fail(lost_connection("", location()));
  const Parameters parameters(values);
  if (parameters.holds_nul) {
    return fail(
        ErrorKind::data,
        fmt::format("the state store {}: a text holds a NUL character, which PostgreSQL cannot keep", location()),
        "use a store in a file for this export");
  }
  auto& text = texts_[std::string(query.text)];
  if (text.empty()) text = statement_text(query.text);
  if (prepares_ && query.often) {
    const auto name = TRY(prepare(text));
    return collect(PQsendQueryPrepared(handle_.get(), name.c_str(), static_cast<int>(values.size()),
                                       parameters.pointers.data(), parameters.lengths.data(), parameters.formats.data(),
                                       0));
  }
  return collect(PQsendQueryParams(handle_.get(), text.c_str(), static_cast<int>(values.size()), nullptr,
                                   parameters.pointers.data(), parameters.lengths.data(), parameters.formats.data(),
                                   0));
}

/// Named after its text: should somebody stand between us and the server unseen, a name means the same to everybody.
Result<std::string> Connection::prepare(const std::string& text) {
  auto name = fmt::format("rivet_{:016x}", base::xxh3_64(text));
  if (!prepared_.contains(name)) {
    TRY(collect(PQsendPrepare(handle_.get(), name.c_str(), text.c_str(), 0, nullptr)));
    prepared_.insert(name);
  }
  return name;
}

Result<void> Connection::run_script(const std::string& sql) {
  TRY(run_text(sql));
  return {};
}

Result<std::string> Connection::ask(const std::string& sql) {
  const auto result = TRY(run_text(sql));
  return PQntuples(result.get()) == 0 ? std::string() : std::string(cell(result.get(), 0, 0));
}

std::string Connection::quoted(const std::string& identifier) const {
  std::string out = "\"";
  for (const char c : identifier) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + '"';
}

std::string Connection::settings() const {
  const auto path = std::unique_ptr<char, decltype(&PQfreemem)>(
      PQescapeLiteral(handle_.get(), quoted(schema()).c_str(), quoted(schema()).size()), PQfreemem);
  return fmt::format("set_config('search_path', {}, true), {}", path.get(), kLimits);
}

/// One statement for all settings: a transaction is two round trips more than what it is for, and three statements.
Result<void> Connection::open_write() {
  hints_ = false;
  if (handle_ == nullptr) return fail(lost_connection("", location()));
  transaction_id_ =
      TRY(ask(fmt::format("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT txid_current(), {}, {}, {}",
                          settings(), kIdleLimit, kDurable)));
  return {};
}

Result<void> Connection::open_read() {
  hints_ = false;
  transaction_id_.clear();
  if (handle_ == nullptr) return fail(lost_connection("", location()));
  return run_script(fmt::format("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT {}", settings()));
}

bool Connection::in_transaction() const {
  return handle_ != nullptr && PQtransactionStatus(handle_.get()) != PQTRANS_IDLE;
}

void Connection::rollback() {
  if (!run_text("ROLLBACK")) handle_.reset();
}

Result<void> Connection::commit() {
  const auto done = run_text(hints_ ? fmt::format("NOTIFY {}; COMMIT", channel_of(schema())) : "COMMIT");
  if (!done) {
    const bool lost = remedy_of(done.error()) == Remedy::reconnect;
    return lost && !transaction_id_.empty() ? find_out(done.error()) : Result<void>(fail(done.error()));
  }
  if (std::string_view(PQcmdStatus(done->get())) == "COMMIT") return {};
  return fail(ErrorKind::internal, fmt::format("the state store {}: the server rolled back instead", location()));
}

Result<void> Connection::find_out(Error lost) {
  const auto question = fmt::format("SELECT txid_status({})", transaction_id_);
  const auto deadline = steady_clock::now() + kPatience;
  for (int attempt = 1; steady_clock::now() < deadline; ++attempt) {
    if (handle_ == nullptr && !reconnect()) break;
    const auto status = ask(question);
    if (status && *status == "committed") return {};
    if (status && *status == "aborted") return fail(std::move(lost));
    // A server that was restored or promoted without the transaction has never heard of its number.
    if (!status && status.error().vendor_code == "22023") return fail(std::move(lost));
    if (!status && remedy_of(status.error()) != Remedy::reconnect) break;
    std::this_thread::sleep_for(pause_before(attempt));  // in progress: the server has not noticed yet
  }
  lost.message += "; whether the last change was stored is not known";
  lost.vendor_code.clear();
  return fail(std::move(lost));
}

bool Connection::may_repeat(const Error& error, int attempt) {
  const bool unprepared = error.vendor_code == "26000" || error.vendor_code == "42P05";
  if (unprepared && std::exchange(prepares_, false)) return true;  // a pooler that does not show
  const auto remedy = remedy_of(error);
  if (remedy == Remedy::none || attempt >= kAttempts) return false;
  if (remedy == Remedy::reconnect) return reconnect().has_value();
  std::this_thread::sleep_for(pause_before(attempt));
  return true;
}

Result<void> Connection::lock(std::string_view what, std::string_view name) {
  std::string key(what);
  for (const auto part : {std::string_view(schema()), name}) key.append(1, '\0').append(part);
  return run_script(
      fmt::format("SELECT pg_advisory_xact_lock({})", static_cast<std::int64_t>(base::xxh3_64("rivet " + key))));
}

Result<std::vector<sql::Column>> Connection::columns_of(const std::string& table) {
  static constexpr sql::Query kColumns{"columns_of",
                                       "SELECT attname, atttypid = 'bytea'::regtype FROM pg_attribute WHERE attrelid = "
                                       "to_regclass(?) AND attnum > 0 AND NOT attisdropped ORDER BY attnum"};
  std::vector<sql::Column> columns;
  auto rows = start(kColumns, table);
  while (TRY(rows.next())) {
    auto name = rows.text();
    columns.push_back({.name = std::move(name), .is_blob = rows.text() == "t"});
  }
  return columns;
}

Result<void> Connection::number_from(const std::string& table, const std::string& column) {
  return run_script(fmt::format(
      "SELECT setval(pg_get_serial_sequence('{0}', '{1}'), coalesce(max({1}), 0) + 1, false) FROM {0}", table, column));
}

bool Connection::behind_pooler(std::string_view server_process) const {
  return server_process != std::to_string(PQbackendPID(handle_.get()));
}

/// Sent with the COMMIT: without a payload, and once.
Result<void> Connection::notify() {
  hints_ = true;
  return {};
}

Result<void> Connection::lock_tables() { return lock("tables", ""); }

Result<void> Connection::lock_export(const std::string& export_name) { return lock("export", export_name); }

Result<void> Connection::lock_journal(const std::string& run_id) { return lock("journal", run_id); }

std::unique_ptr<sql::Cursor> Connection::execute(const sql::Query& query, std::vector<sql::Value> values) {
  return std::make_unique<ResultCursor>(*this, query, std::move(values));
}

}  // namespace rivet::state::postgres
