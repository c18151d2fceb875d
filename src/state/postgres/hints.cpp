// SPDX-License-Identifier: Apache-2.0
// A second connection that only listens (https://www.postgresql.org/docs/15/libpq-notify.html).
#include "state/postgres/hints.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <poll.h>

#include "base/hash.hpp"

namespace rivet::state::postgres {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kProbeEvery = 20s, kProbePatience = 2s, kConnectAgain = 5s;

class Listener final : public cascade::Hints {
 public:
  explicit Listener(Address address) : address_(std::move(address)) {}

  bool wait(milliseconds at_most) override {
    const auto deadline = steady_clock::now() + at_most;
    do {
      if (!keep_alive()) {
        std::this_thread::sleep_for(std::max(until(deadline), 0ms));
        return false;
      }
      if (take_hints()) return true;
      pollfd socket{PQsocket(handle_.get()), POLLIN, 0};
      const auto turn = std::min({until(deadline), until(next_probe_), until(probe_lost_)});
      if (turn > 0ms && ::poll(&socket, 1, static_cast<int>(turn.count())) > 0 && PQconsumeInput(handle_.get()) == 0) {
        drop();
      }
    } while (steady_clock::now() < deadline);
    return handle_ != nullptr && take_hints();
  }

  bool is_healthy() const override { return healthy_; }

 private:
  static milliseconds until(steady_clock::time_point when) {
    return std::chrono::duration_cast<milliseconds>(when - steady_clock::now()) + 1ms;
  }

  /// Connected, listening, and the last probe not overdue.
  bool keep_alive() {
    const auto now = steady_clock::now();
    if (handle_ == nullptr) {
      if (now < connect_at_) return false;
      connect_at_ = now + kConnectAgain;
      if (!connect()) return false;
    }
    if (now >= probe_lost_) {
      healthy_ = false;
      probe_lost_ = steady_clock::time_point::max();
    }
    if (now >= next_probe_) probe();
    return handle_ != nullptr;
  }

  bool connect() {
    handle_ = pq::connect_with(address_.params);
    if (handle_ == nullptr || PQstatus(handle_.get()) != CONNECTION_OK) return drop();
    own_ = "probe " + std::to_string(PQbackendPID(handle_.get()));
    if (!run(fmt::format("LISTEN {}", channel_of(address_.schema)))) return drop();
    probe();
    return handle_ != nullptr;
  }

  /// A hint to ourselves, on the connection that listens: a pooler would give both to whichever session it likes.
  void probe() {
    next_probe_ = steady_clock::now() + kProbeEvery;
    probe_lost_ = steady_clock::now() + kProbePatience;
    if (!run(fmt::format("NOTIFY {}, '{}'", channel_of(address_.schema), own_))) drop();
  }

  bool take_hints() {
    bool hinted = false;
    for (;;) {
      const std::unique_ptr<PGnotify, decltype(&PQfreemem)> notice(PQnotifies(handle_.get()), PQfreemem);
      if (notice == nullptr) return hinted;
      if (notice->extra != own_) {
        hinted = hinted || *notice->extra == '\0';  // another listener's probe is no news
        continue;
      }
      healthy_ = true;
      probe_lost_ = steady_clock::time_point::max();
    }
  }

  bool run(const std::string& sql) {
    const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(handle_.get(), sql.c_str()), PQclear);
    return PQresultStatus(result.get()) == PGRES_COMMAND_OK;
  }

  bool drop() {
    handle_.reset();
    healthy_ = false;
    return false;
  }

  Address address_;
  pq::PgHandle handle_{nullptr, PQfinish};
  std::string own_;
  bool healthy_ = false;
  steady_clock::time_point connect_at_{}, next_probe_{}, probe_lost_ = steady_clock::time_point::max();
};

}  // namespace

std::string channel_of(std::string_view schema) { return fmt::format("rivet_{:016x}", base::xxh3_64(schema)); }

std::unique_ptr<cascade::Hints> listen_for_hints(Address address) {
  return std::make_unique<Listener>(std::move(address));
}

}  // namespace rivet::state::postgres
