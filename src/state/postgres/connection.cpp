// SPDX-License-Identifier: Apache-2.0
// Transactions that bring their settings along where the session cannot keep them; what was lost is found out.
#include "state/postgres/connection.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <random>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/hash.hpp"
#include "state/postgres/dialect.hpp"
#include "state/postgres/errors.hpp"
#include "state/postgres/hints.hpp"

namespace rivet::state::postgres {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kOpening = 1;           // of a transaction's results: what follows its BEGIN
constexpr std::string_view kMoved = "moved";  // no SQLSTATE
constexpr sql::Query kLock{"lock", "SELECT pg_advisory_xact_lock(?)", true};
constexpr milliseconds kPatience = 30s;  // a server that restarts is back by then
constexpr int kAttempts = 6;

/// Grows from attempt to attempt; two processes do not meet again and again.
milliseconds pause_before(int attempt) {
  static thread_local std::minstd_rand random(std::random_device{}());
  const int longest = std::min(10 << std::min(attempt, 7), 1000);
  return milliseconds(longest / 2 + static_cast<int>(random() % static_cast<unsigned>(longest / 2 + 1)));
}

std::string_view cell(const PGresult* result, int row, int column) {
  return {PQgetvalue(result, row, column), static_cast<std::size_t>(PQgetlength(result, row, column))};
}

}  // namespace

/// A statement that was posted; its result is here as a whole once the first row is asked for.
class ResultCursor final : public sql::Cursor {
 public:
  ResultCursor(Connection& connection, Result<std::int64_t> number)
      : connection_(connection), number_(std::move(number)) {}

  Result<bool> next() override {
    if (!number_) return fail(number_.error());
    if (result_ == nullptr) result_ = TRY(connection_.answer_of(*number_));
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
  const Result<std::int64_t> number_;
  pq::PgResult result_{nullptr, PQclear};
  int row_ = -1;
};

Result<std::unique_ptr<Connection>> Connection::open(Address address) {
  std::unique_ptr<Connection> connection(new Connection(std::move(address)));
  TRY(connection->connect());
  return connection;
}

Result<void> Connection::connect() {
  auto handle = pq::connect_with(address_.params);
  if (handle == nullptr) return fail(ErrorKind::unavailable, "out of memory while connecting to the state store");
  if (PQstatus(handle.get()) != CONNECTION_OK) return fail(connect_error(handle.get(), location()));
  pipeline_ = Pipeline(std::move(handle), location());
  forget();
  direct_ = !behind_pooler(TRY(ask("SELECT pg_backend_pid()")));
  if (direct_) TRY(run_script(fmt::format("SELECT {}", settings("false"))));
  return {};
}

Result<void> Connection::reconnect() {
  const auto deadline = steady_clock::now() + kPatience;
  for (int attempt = 1;; ++attempt) {
    auto connected = connect();
    if (connected || remedy_of(connected.error()) != Remedy::reconnect || steady_clock::now() >= deadline) {
      return connected;
    }
    std::this_thread::sleep_for(pause_before(attempt));
  }
}

Result<void> Connection::receive(std::vector<pq::PgResult>& results) {
  const bool begins = std::exchange(begun_, false);
  auto asked = std::exchange(asked_, {});
  results = TRY(pipeline_.receive());
  for (const auto& [number, place] : asked) answers_.emplace(number, std::move(results[place]));
  if (!begins) return {};
  const auto* opening = results[kOpening].get();
  if (direct_ && behind_pooler(cell(opening, 0, 0))) {
    return fail({.kind = ErrorKind::unavailable,
                 .message = fmt::format("the state store {}: another server process answers than before", location()),
                 .vendor_code = std::string(kMoved)});
  }
  transaction_id_ = PQnfields(opening) > 1 ? std::string(cell(opening, 0, 1)) : std::string();
  return {};
}

Result<void> Connection::post(const sql::Query& query, std::vector<sql::Value> values) {
  auto& text = texts_[std::string(query.text)];
  if (text.empty()) text = statement_text(query.text);
  return pipeline_.post(query.name, text, values, direct_ && query.often);
}

Result<std::int64_t> Connection::ask_later(const sql::Query& query, std::vector<sql::Value> values) {
  const auto place = pipeline_.pending();
  TRY(post(query, std::move(values)));
  asked_.emplace_back(++last_asked_, place);
  return last_asked_;
}

Result<pq::PgResult> Connection::answer_of(std::int64_t number) {
  std::vector<pq::PgResult> results;
  if (!answers_.contains(number)) TRY(receive(results));
  auto answer = answers_.extract(number);
  if (answer.empty()) return fail(ErrorKind::internal, "a statement was asked for its rows after its transaction");
  return std::move(answer.mapped());
}

Result<pq::PgResult> Connection::run_text(const std::string& sql) {
  std::vector<pq::PgResult> results;
  if (pipeline_.is_pending()) TRY(receive(results));
  return pipeline_.run_text(sql);
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

/// One statement for all; what has come about when a call returns is on the server's disk.
std::string Connection::settings(std::string_view local) const {
  return fmt::format(
      "set_config('search_path', {1}, {0}), set_config('lock_timeout', '10s', {0}), "
      "set_config('statement_timeout', '60s', {0}), "
      "CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', {0}) END",
      local, pipeline_.literal(quoted(schema())));
}

Result<void> Connection::open(const char* begin, std::string_view what) {
  forget();
  if (pipeline_.is_lost()) return fail(lost_connection("", location()));
  TRY(pipeline_.post("begin", begin, {}, direct_));
  TRY(pipeline_.post("open",
                     direct_ ? fmt::format("SELECT {}", what) : fmt::format("SELECT {}, {}", what, settings("true")),
                     {}, direct_));
  begun_ = true;
  return {};
}

void Connection::forget() {
  transaction_id_.clear();
  asked_.clear();
  answers_.clear();
  hints_ = begun_ = false;
}

/// A process that stands still must not hold others up; readers hold nobody up.
Result<void> Connection::open_write() {
  return open("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
              "pg_backend_pid(), txid_current(), set_config('idle_in_transaction_session_timeout', '60s', true)");
}

Result<void> Connection::open_read() {
  return open("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "pg_backend_pid()");
}

bool Connection::in_transaction() const { return pipeline_.in_transaction(); }

void Connection::rollback() {
  std::vector<pq::PgResult> results;
  if (pipeline_.is_pending()) receive(results).ignore("nothing of it is kept anyway");
  if (!pipeline_.run_text("ROLLBACK")) pipeline_ = Pipeline(pq::PgHandle(nullptr, PQfinish), location());
}

Result<void> Connection::commit() {
  std::vector<pq::PgResult> results;
  if (begun_) TRY(receive(results));  // whose answer is lost must be known
  if (hints_) TRY(pipeline_.post("notify", fmt::format("NOTIFY {}", channel_of(schema())), {}, direct_));
  TRY(pipeline_.post("commit", "COMMIT", {}, direct_));
  if (const auto done = receive(results); !done) {
    const bool lost = remedy_of(done.error()) == Remedy::reconnect;
    return lost && !transaction_id_.empty() ? find_out(done.error()) : Result<void>(fail(done.error()));
  }
  if (std::string_view(PQcmdStatus(results.back().get())) == "COMMIT") return {};
  return fail(ErrorKind::internal, fmt::format("the state store {}: the server rolled back instead", location()));
}

Result<void> Connection::find_out(Error lost) {
  const auto question = fmt::format("SELECT txid_status({})", transaction_id_);
  const auto deadline = steady_clock::now() + kPatience;
  for (int attempt = 1; steady_clock::now() < deadline; ++attempt) {
    if (pipeline_.is_lost() && !reconnect()) break;
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
  const bool moved = error.vendor_code == kMoved || error.vendor_code == "26000" || error.vendor_code == "42P05";
  if (moved && std::exchange(direct_, false)) return true;  // a pooler that did not show
  const auto remedy = remedy_of(error);
  if (remedy == Remedy::none || attempt >= kAttempts) return false;
  if (remedy == Remedy::reconnect) return reconnect().has_value();
  std::this_thread::sleep_for(pause_before(attempt));
  return true;
}

Result<void> Connection::lock(std::string_view what, std::string_view name) {
  std::string key(what);
  for (const auto part : {std::string_view(schema()), name}) key.append(1, '\0').append(part);
  return run(kLock, static_cast<std::int64_t>(base::xxh3_64("rivet " + key)));
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
  return server_process != std::to_string(pipeline_.announced_process());
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
  return std::make_unique<ResultCursor>(*this, ask_later(query, std::move(values)));
}

}  // namespace rivet::state::postgres
