// SPDX-License-Identifier: Apache-2.0
// Non-blocking libpq with poll: a wait ends with input, a stop request or the silence limit.
#include "source/postgres/connection.hpp"

#include <charconv>
#include <functional>
#include <future>
#include <system_error>
#include <thread>

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "source/postgres/errors.hpp"

namespace rivet::source::postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

// While a COPY streams, the kernel wakes us only when this much has collected, or after the pause: the
// server sends 8 kB at a time, and one wake-up for each costs more than the copying.
constexpr int kReceiveLowWater = 256 * 1024;
constexpr milliseconds kCollectPause{4};

constexpr seconds kCancelTimeout{2};
constexpr seconds kSettleTimeout{10};

int timeout_of(milliseconds limit) { return limit.count() <= 0 ? -1 : static_cast<int>(limit.count()); }

void set_low_water(int socket, int bytes) { ::setsockopt(socket, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes); }

int bytes_waiting(int socket) {
  int waiting = 0;
  return ::ioctl(socket, FIONREAD, &waiting) == 0 ? waiting : 0;
}

}  // namespace

Connection::Connection(PGconn* connection, std::stop_token stop)
    : connection_(connection), stop_(std::move(stop)), wake_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  on_stop_.emplace(stop_, std::function<void()>([fd = wake_fd_] {
                     const std::uint64_t one = 1;
                     [[maybe_unused]] const auto written = ::write(fd, &one, sizeof one);
                   }));
}

Connection::~Connection() {
  on_stop_.reset();
  PQfinish(connection_);
  ::close(wake_fd_);
}

Result<std::unique_ptr<Connection>> Connection::open(const ConnectParams& params, seconds timeout,
                                                     std::stop_token stop) {
  const pq::Keywords keywords(params);
  PGconn* raw = PQconnectStartParams(keywords.names(), keywords.values(), 0);
  if (raw == nullptr) return fail(ErrorKind::overloaded, "out of memory while connecting");
  std::unique_ptr<Connection> opened(new Connection(raw, std::move(stop)));
  if (PQstatus(raw) == CONNECTION_BAD) return fail(connect_error(raw));
  const auto deadline = steady_clock::now() + timeout;
  for (auto state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK; state = PQconnectPoll(raw)) {
    if (state == PGRES_POLLING_FAILED) return fail(connect_error(raw));
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
    if (left <= milliseconds(0) || TRY(opened->wait(state == PGRES_POLLING_WRITING, left)) == Wake::silence) {
      return fail(ErrorKind::unavailable, fmt::format("no answer from the server within {} s", timeout.count()),
                  "check host and port, and that no firewall drops the packets");
    }
  }
  PQsetnonblocking(raw, 1);
  pq::drop_notices(raw);
  return opened;
}

Error Connection::stopped() const { return {.kind = ErrorKind::cancelled, .message = "interrupted"}; }

Error Connection::silent(seconds limit) {
  cancel();
  return {.kind = ErrorKind::permanent,
          .message = fmt::format("the server sent nothing for {} s", limit.count()),
          .code = "RIVET_SOURCE_STATEMENT_TIMEOUT",
          .hint = "raise tuning.statement_timeout_s, or make the query cheaper"};
}

Result<Connection::Wake> Connection::wait(bool for_write, milliseconds limit) {
  pollfd fds[2] = {{PQsocket(connection_), static_cast<short>(for_write ? POLLOUT : POLLIN), 0}, {wake_fd_, POLLIN, 0}};
  const int ready = ::poll(fds, 2, timeout_of(limit));
  if (stop_.stop_requested()) return fail(stopped());
  if (ready == 0) return Wake::silence;
  return for_write && (fds[0].revents & POLLOUT) != 0 ? Wake::writable : Wake::readable;
}

Result<void> Connection::send(int sent, seconds limit) {
  if (sent == 0) return fail(lost_connection(connection_));
  if (statements_ != nullptr) ++*statements_;
  for (int left = PQflush(connection_); left != 0; left = PQflush(connection_)) {
    if (left < 0) return fail(lost_connection(connection_));
    const auto woke = TRY(wait(true, limit));
    if (woke == Wake::silence) return fail(silent(limit));
    if (woke == Wake::readable && PQconsumeInput(connection_) == 0) {
      return fail(lost_connection(connection_));
    }
  }
  return {};
}

Result<PgResult> Connection::collect(seconds limit) {
  PgResult last(nullptr, PQclear);
  std::optional<Error> first_error;
  for (;;) {
    while (PQisBusy(connection_) != 0) {
      auto woke = wait(false, limit);
      if (!woke) {
        cancel();
        return fail(std::move(woke).error());
      }
      if (*woke == Wake::silence) return fail(silent(limit));
      if (PQconsumeInput(connection_) == 0) break;  // the broken connection shows as the next result
    }
    PgResult result(PQgetResult(connection_), PQclear);
    if (result == nullptr) break;
    const auto status = PQresultStatus(result.get());
    if (status == PGRES_FATAL_ERROR && !first_error) first_error = error_of(result.get());
    last = std::move(result);
    if (status == PGRES_COPY_OUT) break;
  }
  if (first_error) return fail(std::move(*first_error));
  if (last == nullptr) return fail(lost_connection(connection_));
  return last;
}

Result<PgResult> Connection::execute(const std::string& sql, seconds limit) {
  TRY(send(PQsendQuery(connection_, sql.c_str()), limit));
  return collect(limit);
}

Result<PgResult> Connection::execute(const std::string& sql, const std::vector<std::string>& parameters,
                                     seconds limit) {
  std::vector<const char*> values;
  for (const auto& parameter : parameters) values.push_back(parameter.c_str());
  TRY(send(PQsendQueryParams(connection_, sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(), nullptr,
                             nullptr, 0),
           limit));
  return collect(limit);
}

Result<PgResult> Connection::describe(const std::string& sql, seconds limit) {
  TRY(send(PQsendPrepare(connection_, "", sql.c_str(), 0, nullptr), limit));
  TRY(collect(limit));
  TRY(send(PQsendDescribePrepared(connection_, ""), limit));
  return collect(limit);
}

Result<void> Connection::begin_copy(const std::string& sql, seconds limit) {
  TRY(send(PQsendQuery(connection_, sql.c_str()), limit));
  const auto result = TRY(collect(limit));
  if (PQresultStatus(result.get()) != PGRES_COPY_OUT) {
    return fail(ErrorKind::internal, "the server did not start the COPY");
  }
  set_low_water(PQsocket(connection_), kReceiveLowWater);
  return {};
}

Result<void> Connection::await_input(seconds limit, std::optional<steady_clock::time_point>& silent_since) {
  bool arrived = bytes_waiting(PQsocket(connection_)) > 0;
  if (!arrived) arrived = TRY(wait(false, kCollectPause)) != Wake::silence || bytes_waiting(PQsocket(connection_)) > 0;
  const auto now = steady_clock::now();
  if (arrived || !silent_since) silent_since = now;
  if (limit.count() > 0 && now - *silent_since > limit) return fail(silent(limit));
  if (PQconsumeInput(connection_) == 0) return fail(lost_connection(connection_));
  return {};
}

Result<CopyBlock> Connection::copy_block(seconds limit) {
  std::optional<steady_clock::time_point> silent_since;
  for (;;) {
    char* bytes = nullptr;
    const int size = PQgetCopyData(connection_, &bytes, 1);
    if (size > 0) return CopyBlock{.bytes = CopyRow(bytes, PQfreemem), .size = size};
    if (size == -1) return CopyBlock{};
    if (size == -2) return fail(lost_connection(connection_));
    TRY(await_input(limit, silent_since));
  }
}

Result<std::int64_t> Connection::finish_copy(seconds limit) {
  set_low_water(PQsocket(connection_), 1);
  const auto result = TRY(collect(limit));
  if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) {
    return fail(ErrorKind::unavailable, "the server ended the COPY without saying that it is complete");
  }
  const std::string_view tag = PQcmdTuples(result.get());
  std::int64_t rows = -1;
  std::from_chars(tag.data(), tag.data() + tag.size(), rows);
  return rows;
}

void Connection::cancel() {
  const std::shared_ptr<PGcancel> request(PQgetCancel(connection_), PQfreeCancel);
  if (request == nullptr || cancel_hangs_) return;
  std::promise<void> answered;
  const auto answer = answered.get_future();
  try {
    // PQcancel waits for the server without a limit, and the server may be what hangs.
    std::thread([request, answered = std::move(answered)]() mutable {
      char why[256];
      PQcancel(request.get(), why, sizeof why);
      answered.set_value();
    }).detach();
    cancel_hangs_ = answer.wait_for(kCancelTimeout) != std::future_status::ready;
  } catch (const std::system_error&) {
    // no thread to be had: closing the connection has to do
  }
}

Result<void> Connection::settle() {
  if (PQtransactionStatus(connection_) == PQTRANS_ACTIVE) {
    auto block = copy_block(kSettleTimeout);
    while (block && block->bytes != nullptr) block = copy_block(kSettleTimeout);
    set_low_water(PQsocket(connection_), 1);
    collect(kSettleTimeout).ignore("how the statement ended does not matter");
  }
  if (PQstatus(connection_) == CONNECTION_BAD) return fail(lost_connection(connection_));
  return {};
}

int Connection::server_version() const { return PQserverVersion(connection_); }

int Connection::announced_process() const { return PQbackendPID(connection_); }

std::string Connection::encryption() const {
  if (PQsslInUse(connection_) == 0) return "";
  const auto attribute = [&](const char* name) {
    const char* value = PQsslAttribute(connection_, name);
    return std::string(value == nullptr ? "" : value);
  };
  return attribute("protocol") + " " + attribute("cipher");
}

std::string Connection::parameter(const char* name) const {
  const char* value = PQparameterStatus(connection_, name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string Connection::quoted_identifier(std::string_view name) const {
  const std::unique_ptr<char, decltype(&PQfreemem)> quoted(PQescapeIdentifier(connection_, name.data(), name.size()),
                                                           PQfreemem);
  return quoted == nullptr ? std::string() : std::string(quoted.get());
}

std::string Connection::quoted_literal(std::string_view text) const {
  const std::unique_ptr<char, decltype(&PQfreemem)> quoted(PQescapeLiteral(connection_, text.data(), text.size()),
                                                           PQfreemem);
  return quoted == nullptr ? std::string() : std::string(quoted.get());
}

Quoting Connection::quoting() const {
  return {.identifier = [this](std::string_view name) { return quoted_identifier(name); },
          .literal = [this](std::string_view text) { return quoted_literal(text); }};
}

}  // namespace rivet::source::postgres
