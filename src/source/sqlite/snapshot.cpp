// SPDX-License-Identifier: Apache-2.0
// Pins connections to one instant and makes sure that it is one.
#include "source/sqlite/snapshot.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <random>
#include <thread>
#include <utility>

namespace rivet::source::sqlite {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kFilePrefix = "file-";
constexpr std::string_view kReservePrefix = "wal-";
/// Connections that are pinned in advance. Each costs two file descriptors and, unused, some 50 kB.
constexpr std::size_t kReserveSize = 32;
/// As many as are pinned at least, when writers leave too little time for more.
constexpr std::size_t kLeastReserve = 8;
constexpr std::chrono::seconds kPatience{10};
/// After this share of the patience, half as many are tried.
constexpr int kPatienceShare = 8;

/// Whether the database has a write-ahead log; certain while pinned.
Result<bool> has_wal(Connection& connection) {
  const auto statement = TRY(connection.prepare("PRAGMA journal_mode"));
  return TRY(connection.step(statement.get())) && text_at(statement.get(), 0) == "wal";
}

std::uint32_t big_endian(const unsigned char* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
}

/// File and change counter, page count and schema cookie (https://www.sqlite.org/fileformat.html, offsets 24 to 43).
/// REQUIRES: `pinned` is pinned and has no write-ahead log, so that the header is that of its instant.
Result<std::string> file_state(const Connection& pinned) {
  std::array<unsigned char, 20> header{};
  TRY(pinned.read_file(24, header));
  struct stat file {};
  if (stat(pinned.file().c_str(), &file) != 0) return fail(snapshot_gone(pinned.file(), "the file is not there"));
  return fmt::format("{}{}-{}-{}-{}-{}", kFilePrefix, file.st_dev, file.st_ino, big_endian(header.data()),
                     big_endian(header.data() + 4), big_endian(header.data() + 16));
}

std::string random_name() {
  std::random_device random;
  return fmt::format("{}{:08x}{:08x}", kReservePrefix, random(), random());
}

/// Changes whenever another connection, of any process, has committed.
Result<std::int64_t> data_version(Connection& monitor) {
  return TRY(monitor.query_integer("PRAGMA data_version")).value_or(0);
}

}  // namespace

Result<ReadInstant> SharedInstants::share(Connection& holder, const SessionOptions& options,
                                          const std::stop_token& stop) {
  TRY(holder.pin());
  auto wal = has_wal(holder);
  if (wal && !*wal) {
    auto name = file_state(holder);
    if (!name) holder.unpin();
    return ReadInstant{clock_.now(), TRY(std::move(name))};
  }
  holder.unpin();
  TRY(std::move(wal));
  auto reserve = TRY(open_reserve(options, stop));
  TRY(pin_together(holder, reserve, options, stop));
  reserve.at = clock_.now();
  const ReadInstant instant{reserve.at, random_name()};
  const std::lock_guard lock(mutex_);
  reserves_.emplace(instant.snapshot, std::move(reserve));
  return instant;
}

Result<SharedInstants::Reserve> SharedInstants::open_reserve(const SessionOptions& options,
                                                             const std::stop_token& stop) const {
  Reserve reserve{.monitor = TRY(Connection::open(file_, options, stop))};
  for (std::size_t i = 0; i < kReserveSize; ++i) reserve.idle.push_back(TRY(Connection::open(file_, options, stop)));
  return reserve;
}

/// Tries until nobody has committed between the first pin and the last, with fewer pins if need be.
Result<void> SharedInstants::pin_together(Connection& holder, Reserve& reserve, const SessionOptions& options,
                                          const std::stop_token& stop) const {
  const auto patience = options.lock_timeout.count() == 0 ? kPatience : options.lock_timeout;
  const auto give_up = Clock::now() + patience;
  const auto share = Clock::duration(patience) / kPatienceShare;
  auto shrink_at = Clock::now() + share;
  while (!stop.stop_requested() && Clock::now() < give_up) {
    reserve.data_version = TRY(data_version(*reserve.monitor));
    TRY(holder.pin());
    Result<void> pinned;
    for (auto& connection : reserve.idle) {
      if (pinned) pinned = connection->pin();
    }
    auto after = data_version(*reserve.monitor);
    if (pinned && after && *after == reserve.data_version) return {};
    for (auto& connection : reserve.idle) connection->unpin();
    holder.unpin();
    TRY(std::move(pinned));
    TRY(std::move(after));
    if (Clock::now() < shrink_at) continue;
    reserve.idle.resize(std::max(kLeastReserve, reserve.idle.size() / 2));
    shrink_at += share;
  }
  if (stop.stop_requested()) return fail(holder.cancelled());
  return fail(ErrorKind::unavailable, fmt::format("{} is written to so often that no instant could be shared for {} s",
                                                  file_.string(), patience.count()));
}

Result<PinnedConnection> SharedInstants::join(const SessionOptions& options, const std::stop_token& stop) {
  if (options.snapshot.starts_with(kReservePrefix)) return join_reserve(options, stop);
  return join_file(options, stop);
}

Result<PinnedConnection> SharedInstants::join_file(const SessionOptions& options, const std::stop_token& stop) const {
  PinnedConnection out{TRY(Connection::open(file_, options, stop)), {clock_.now(), options.snapshot}};
  TRY(out.connection->pin());
  if (TRY(has_wal(*out.connection)) || TRY(file_state(*out.connection)) != options.snapshot) {
    return fail(snapshot_gone(file_, "it has been written to"));
  }
  return out;
}

Result<PinnedConnection> SharedInstants::join_reserve(const SessionOptions& options, const std::stop_token& stop) {
  const std::lock_guard lock(mutex_);
  const auto found = reserves_.find(options.snapshot);
  if (found == reserves_.end()) return fail(snapshot_gone(file_, "the session that held it has ended"));
  auto& reserve = found->second;
  if (reserve.idle.empty()) reserve.idle.push_back(TRY(pin_late(reserve, options, stop)));
  auto connection = std::move(reserve.idle.back());
  reserve.idle.pop_back();
  connection->rearm(options, stop);
  return PinnedConnection{std::move(connection), {reserve.at, options.snapshot}};
}

/// One connection more than were reserved, which sees the instant as long as nobody has committed.
Result<std::unique_ptr<Connection>> SharedInstants::pin_late(Reserve& reserve, const SessionOptions& options,
                                                             const std::stop_token& stop) const {
  auto connection = TRY(Connection::open(file_, options, stop));
  TRY(connection->pin());
  if (TRY(data_version(*reserve.monitor)) == reserve.data_version) return connection;
  return fail(ErrorKind::config,
              fmt::format("too many sessions share a snapshot of {}, and for one more it is too late: "
                          "the database has been written to",
                          file_.string()),
              fmt::format("set parallel to at most {}", kLeastReserve));
}

void SharedInstants::give_back(PinnedConnection pinned) {
  const std::lock_guard lock(mutex_);
  const auto found = reserves_.find(pinned.instant.snapshot);
  if (found == reserves_.end() || !pinned.connection->in_transaction()) return;
  pinned.connection->watch(nullptr);
  found->second.idle.push_back(std::move(pinned.connection));
}

void SharedInstants::end(const std::string& name) {
  const std::lock_guard lock(mutex_);
  reserves_.erase(name);
}

}  // namespace rivet::source::sqlite
