// SPDX-License-Identifier: Apache-2.0
// One measurement of the cascade on a PostgreSQL server, for bench/cascade.py: `cascade_bench HOST PORT USER DATABASE
// SCHEMA MEASURE [NUMBER...]` prints a JSON object of what it measured.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "base/peak_memory.hpp"
#include "cascade/dispatch.hpp"
#include "cascade/reconcilers.hpp"
#include "state/postgres/hints.hpp"
#include "state/postgres/postgres_store.hpp"
#include "state/sql/cascade_store.hpp"

namespace rivet {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

template <class T>
T must(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "cascade_bench: {}\n", result.error().to_string());
    std::exit(1);
  }
  return std::move(result).take();
}

void must(const Result<void>& result) {
  if (!result) must(Result<int>(fail(result.error())));
}

double seconds_since(Clock::time_point began) { return Seconds(Clock::now() - began).count(); }

/// Runs `work(i)` in so many threads that begin together; how long all took.
double timed_threads(int count, const std::function<void(int)>& work) {
  std::atomic<int> missing = count;
  std::atomic<bool> go = false;
  std::vector<std::jthread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      --missing;
      while (!go) std::this_thread::sleep_for(100us);
      work(i);
    });
  }
  while (missing > 0) std::this_thread::sleep_for(1ms);
  const auto began = Clock::now();
  go = true;
  threads.clear();
  return seconds_since(began);
}

class Bench {
 public:
  explicit Bench(state::postgres::Address address) : address_(std::move(address)), cascade_(open()) {}

  /// A backlog: `ends` nodes whose ends nobody has been told of, `fan_in` of them in each group.
  void fill(int ends, int fan_in) {
    cascade::Submission graph = run_of("backlog");
    std::vector<std::string> ups;
    for (int i = 0; i < ends; ++i) {
      graph.nodes.push_back({.spec = {.name = fmt::format("u{}", i)}, .name_space = "n", .tags = {}});
      ups.push_back(graph.nodes.back().spec.name);
      if (static_cast<int>(ups.size()) < fan_in && i + 1 < ends) continue;
      graph.nodes.push_back({.spec = {.name = fmt::format("d{}", i), .depends_on = cascade::Dependencies{.of = ups}},
                             .name_space = "n",
                             .tags = {}});
      ups.clear();
    }
    must(cascade_->submit(graph));
    const auto connection = must(state::postgres::Connection::open(address_));
    must(connection->run_script(
        fmt::format("SET search_path = {}; UPDATE node SET phase = 'terminal', outcome = 'success' WHERE phase = "
                    "'runnable'; INSERT INTO outbox (node_id, round, outcome, namespace, tags, committed_at) SELECT "
                    "node_id, 0, outcome, namespace, tags, 0 FROM node WHERE phase = 'terminal' ORDER BY node_id",
                    address_.schema)));
    must(connection->run_script(
        fmt::format("VACUUM ANALYZE {0}.node, {0}.outbox, {0}.dep_edge, {0}.dep_group", address_.schema)));
    must(connection->run_script("CHECKPOINT"));
  }

  void drain() {
    const auto began = Clock::now();
    std::int64_t edges = 0, events = 0;
    for (;;) {
      const auto done = must(cascade::sweep(*cascade_, {}));
      if (done.scanned == 0) break;
      if (done.errors > 0) must(Result<int>(fail(ErrorKind::internal, done.last_error)));
      edges += done.edges;
      events += done.scanned;
    }
    const auto took = seconds_since(began);
    fmt::print("{{\"edges_per_s\": {:.0f}, \"events\": {}, \"peak_mb\": {}}}\n", static_cast<double>(edges) / took,
               events, base::peak_rss_mb());
  }

  void fan_in(int ends) {
    fill(ends, ends);
    std::vector<cascade::StoredNode> downs;
    for (const auto& node : must(cascade_->nodes("backlog"))) {
      if (node.phase == cascade::Phase::blocked) downs.push_back(node.node_id);
    }
    const auto began = Clock::now();
    const auto done = must(cascade_->advance(downs, {}));
    fmt::print("{{\"s\": {:.4f}, \"edges\": {}}}\n", seconds_since(began), done.marked);
  }

  void supervise() {
    cascade::Unhinted hints;
    cascade::Supervisor supervisor(*cascade_, hints, {}, {cascade::kReconcilers.begin(), cascade::kReconcilers.end()},
                                   nullptr);
    const auto began = Clock::now();
    supervisor.run_once();
    fmt::print("{{\"s\": {:.3f}, \"peak_mb\": {}}}\n", seconds_since(began), base::peak_rss_mb());
  }

  /// A supervisor with nothing to do, once it hears of what happens.
  void idle(int seconds) {
    const auto hints = state::postgres::listen_for_hints(address_);
    cascade::Supervisor supervisor(*cascade_, *hints, {}, {cascade::kReconcilers.begin(), cascade::kReconcilers.end()},
                                   nullptr);
    std::jthread running([&](const std::stop_token& stop) { supervisor.run(stop); });
    std::this_thread::sleep_for(3s);
    const auto connection = must(state::postgres::Connection::open(address_));
    const auto counted = [&](const char* sql) { return std::stod(must(connection->ask(sql))); };
    // A BEGIN or COMMIT whose plan is kept is not among the calls.
    const auto* calls = "SELECT sum(calls) FROM public.pg_stat_statements WHERE query !~ '^(BEGIN|COMMIT)'";
    const auto* transactions = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";
    const auto calls_before = counted(calls), transactions_before = counted(transactions);
    const auto began = Clock::now();
    std::this_thread::sleep_for(std::chrono::seconds(seconds));
    const auto took = seconds_since(began);
    const auto queries = counted(calls) - calls_before - 2;  // without these questions
    const auto control = 2 * (counted(transactions) - transactions_before - 3);
    fmt::print("{{\"queries_per_s\": {:.2f}, \"with_control_per_s\": {:.2f}, \"peak_mb\": {}}}\n", queries / took,
               (queries + control) / took, base::peak_rss_mb());
  }

  /// `rate` ends a second for some seconds, each told at once by who ended it.
  void latency(int rate, int seconds) {
    constexpr int kWorkers = 4;
    const int total = rate * seconds;
    auto graph = run_of("latency");
    for (int i = 0; i < total; ++i) {
      const auto up = fmt::format("u{}", i);
      graph.nodes.push_back({.spec = {.name = up}, .name_space = "n", .tags = {}});
      graph.nodes.push_back({.spec = {.name = fmt::format("d{}", i), .depends_on = cascade::Dependencies{.of = {up}}},
                             .name_space = "n",
                             .tags = {}});
    }
    must(cascade_->submit(graph));
    const auto claims = must(cascade_->claim({.owner = "w", .scope = {}, .lease = 3'600s}, total));
    std::vector<std::unique_ptr<cascade::Store>> stores;
    for (int i = 0; i < kWorkers; ++i) stores.push_back(open());
    std::vector<double> took(claims.size());
    std::atomic<std::size_t> late = 0;
    const auto spacing = Seconds(1.0 / rate);
    std::atomic<std::int64_t> zero = 0;
    timed_threads(kWorkers, [&](int worker) {
      std::int64_t expected = 0;
      zero.compare_exchange_strong(expected, Clock::now().time_since_epoch().count());
      const auto began = Clock::time_point(Clock::duration(zero.load()));
      for (auto i = static_cast<std::size_t>(worker); i < claims.size(); i += kWorkers) {
        const auto when = began + std::chrono::duration_cast<Clock::duration>(spacing * static_cast<double>(i));
        std::this_thread::sleep_until(when);
        late += Clock::now() - when > 50ms;
        auto& store = *stores[static_cast<std::size_t>(worker)];
        const auto at = Clock::now();
        must(cascade::finish(store, claims[i].node.node_id, claims[i].node.epoch, cascade::Outcome::success, ""));
        took[i] = seconds_since(at) * 1e3;
      }
    });
    if (static_cast<int>(must(cascade_->claim({.owner = "w", .scope = {}}, total)).size()) != total) {
      must(Result<int>(fail(ErrorKind::internal, "not every child knows")));
    }
    std::sort(took.begin(), took.end());
    const auto quantile = [&](double share) { return took[static_cast<std::size_t>(share * double(took.size() - 1))]; };
    fmt::print("{{\"p50_ms\": {:.2f}, \"p99_ms\": {:.2f}, \"late\": {}}}\n", quantile(0.5), quantile(0.99),
               late.load());
  }

  /// Claims and commits of units, one part each.
  void units(int total, int workers) {
    std::vector<std::unique_ptr<state::StateStore>> stores;
    for (int i = 0; i < workers; ++i) stores.push_back(must(state::postgres::open_postgres_store(address_)));
    const auto now = base::SystemClock().now();
    state::RunStarted run{.run_id = "units",
                          .export_name = "orders",
                          .prefix = "out/",
                          .plan_hash = "hash",
                          .plan_json = "{}",
                          .mode = "chunked",
                          .nonce = "0a1b2c3d",
                          .owner = "host/boot/1",
                          .at = now,
                          .lease_until = now + 1h,
                          .max_attempts = 3,
                          .units = {},
                          .format = "parquet",
                          .compression = "zstd"};
    for (int i = 0; i < total; ++i) {
      run.units.push_back({.index = i,
                           .predicate = {},
                           .start_key = std::to_string(i),
                           .end_key = std::to_string(i),
                           .reason = "range"});
    }
    must(stores[0]->apply(run));
    std::atomic<int> done = 0;
    const auto took = timed_threads(workers, [&](int worker) {
      auto& store = *stores[static_cast<std::size_t>(worker)];
      const auto owner = fmt::format("host/boot/{}", worker);
      for (;;) {
        const auto claim = must(store.claim("units", owner, now, now + 1h));
        if (!claim) return;
        must(store.apply(committed(*claim, owner, now)));
        ++done;
      }
    });
    fmt::print("{{\"units_per_s\": {:.0f}, \"units\": {}}}\n", done / took, done.load());
  }

  /// Runs of one node each, submitted, claimed and ended.
  void nodes(int total, int workers) {
    std::vector<std::unique_ptr<cascade::Store>> stores;
    for (int i = 0; i < workers; ++i) stores.push_back(open());
    std::atomic<int> next = 0;
    const auto took = timed_threads(workers, [&](int worker) {
      auto& store = *stores[static_cast<std::size_t>(worker)];
      const auto owner = fmt::format("w{}", worker);
      for (int i = next++; i < total; i = next++) {
        auto graph = run_of(fmt::format("run{}", i));
        graph.nodes.push_back({.spec = {.name = "a"}, .name_space = "n", .tags = {}});
        must(store.submit(graph));
        for (const auto& claim : must(store.claim({.owner = owner}, 1))) {
          must(store.finish(claim.node.node_id, claim.node.epoch, cascade::Outcome::success, ""));
        }
      }
    });
    fmt::print("{{\"ops_per_s\": {:.0f}}}\n", total / took);
  }

 private:
  std::unique_ptr<cascade::Store> open() const {
    return state::sql::make_cascade(must(state::postgres::open_postgres_connection(address_)));
  }

  static cascade::Submission run_of(std::string run_id) {
    return {.run_id = std::move(run_id),
            .run_key = {},
            .name_space = "n",
            .tags = {},
            .payload = "{}",
            .payload_hash = "hash",
            .nodes = {}};
  }

  static state::UnitCommitted committed(const state::UnitClaim& claim, const std::string& owner, base::Timestamp now) {
    const model::Digest digest{.rows = 10, .low = 7, .high = 8, .columns = {1, 2}};
    model::Part part{.run_id = "units",
                     .unit_index = claim.unit.index,
                     .epoch = claim.epoch,
                     .path = fmt::format("units-{}-{}.parquet", claim.unit.index, claim.epoch),
                     .rows = 10,
                     .size_bytes = 100,
                     .content_fingerprint = "xxh3:0123456789abcdef",
                     .content_md5 = "K0/JJFqLM46Ygk10v3f5og==",
                     .digest = digest,
                     .created_at = now};
    return {.run_id = "units",
            .unit_index = claim.unit.index,
            .epoch = claim.epoch,
            .owner = owner,
            .parts = {std::move(part)},
            .rows = 10,
            .digest = digest,
            .snapshot = "731:731:",
            .read_at = now,
            .gates_json = "{}",
            .at = now};
  }

  state::postgres::Address address_;
  std::unique_ptr<cascade::Store> cascade_;
};

int run(const std::vector<std::string>& words) {
  state::postgres::Address address{.params = {}, .schema = words[4], .location = "bench"};
  const char* keys[] = {"host", "port", "user", "dbname"};
  for (std::size_t i = 0; i < 4; ++i) address.params.emplace_back(keys[i], words[i]);
  Bench bench(std::move(address));
  const auto number = [&](std::size_t at) { return std::stoi(words.at(at)); };
  const std::map<std::string, std::function<void()>> measures{{"fill", [&] { bench.fill(number(6), number(7)); }},
                                                              {"drain", [&] { bench.drain(); }},
                                                              {"fan_in", [&] { bench.fan_in(number(6)); }},
                                                              {"supervise", [&] { bench.supervise(); }},
                                                              {"idle", [&] { bench.idle(number(6)); }},
                                                              {"latency", [&] { bench.latency(number(6), number(7)); }},
                                                              {"units", [&] { bench.units(number(6), number(7)); }},
                                                              {"nodes", [&] { bench.nodes(number(6), number(7)); }}};
  measures.at(words[5])();
  return 0;
}

}  // namespace
}  // namespace rivet

int main(int argc, char** argv) {
  if (argc < 7) {
    fmt::print(stderr, "usage: cascade_bench HOST PORT USER DATABASE SCHEMA MEASURE [NUMBER...]\n");
    return 2;
  }
  return rivet::run({argv + 1, argv + argc});
}
