// SPDX-License-Identifier: Apache-2.0
// Short questions to a server that works meanwhile.
#include "cli/doctor_source.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/registry.hpp"
#include "plan/make_plan.hpp"
#include "source/source.hpp"

namespace rivet::cli {
namespace {

using report::DoctorCheck;
using report::failed_check;

constexpr std::chrono::seconds kPatience{15}, kPatienceWithPooler{5};
constexpr std::chrono::seconds kToleratedSkew{2};
constexpr std::chrono::minutes kToleratedLag{1};

std::string_view engine_of(config::SourceType type) {
  switch (type) {
    case config::SourceType::postgres: return "Postgres";
    case config::SourceType::sqlite: return "SQLite";
    default: return config::name_of(type);
  }
}

DoctorCheck encryption_check(const source::ServerFacts& facts) {
  if (!facts.encryption->empty()) return {.name = "Source TLS", .detail = *facts.encryption};
  return {.name = "Source TLS", .detail = "off: the connection is plain text"};
}

DoctorCheck standby_check(const source::ServerFacts& facts) {
  DoctorCheck check{.name = "Source role", .detail = facts.standby ? "standby" : "primary"};
  if (!facts.standby || !facts.standby_lag) return check;
  check.detail += fmt::format(", {} behind", base::human_duration(facts.standby_lag->count()));
  if (*facts.standby_lag >= kToleratedLag) check.hint = "rows of that time are read by a later run only";
  return check;
}

DoctorCheck clock_check(const source::ServerFacts& facts) {
  using Seconds = std::chrono::duration<double>;
  const auto ahead = Seconds(*facts.clock_ahead).count();
  DoctorCheck check{.name = "Clock",
                    .detail = fmt::format("the server's is {:.1f} s {} ours (to within {:.1f} s)", std::abs(ahead),
                                          ahead < 0 ? "behind" : "ahead of", Seconds(facts.clock_error).count())};
  if (std::abs(ahead) - Seconds(facts.clock_error).count() >= Seconds(kToleratedSkew).count()) {
    check.hint = "let NTP set both clocks: run ids, {date} in paths and windows of days follow ours";
  }
  return check;
}

/// A server process that serves another session while this one is still connected is not bound to either.
DoctorCheck pooler_check(const source::Source& source, const source::ServerFacts& facts, const Context& context) {
  if (!facts.pooled) return {.name = "Pooler", .detail = "none"};
  const auto other = source.open({.statement_timeout = kPatienceWithPooler}, context.stop);
  const auto others = other ? (*other)->facts() : Result<source::ServerFacts>(fail(other.error()));
  if (!others || others->backend != facts.backend) {
    return {.name = "Pooler",
            .detail = "the connection goes through one, which keeps a server session for each client"};
  }
  return {.name = "Pooler",
          .detail =
              "the connection goes through one in transaction mode; each read sets what it needs in its own "
              "transaction",
          .hint =
              "`consistency: snapshot` and `parallel` hold transactions open: give the pool a session for each, or "
              "name the server itself"};
}

Result<DoctorCheck> connections_check(source::Session& session, const config::Config& config) {
  const auto left = TRY(session.connections_left());
  std::int64_t wanted = 1;
  for (const auto& entry : config.exports) wanted = std::max<std::int64_t>(wanted, entry.keys.parallel);
  if (!left) return DoctorCheck{.name = "Connections", .detail = "no limit is told"};
  const auto ours = *left + 1;  // the one that asks is given back
  DoctorCheck check{.name = "Connections",
                    .detail = fmt::format("{} can be had, {} wanted by the largest `parallel`", ours, wanted)};
  if (ours >= wanted) return check;
  check.failed = ErrorKind::unavailable;
  check.hint = "lower `parallel`, raise max_connections, or run when fewer clients are connected";
  return check;
}

/// To explain a read needs the same rights as the read.
Result<void> try_to_read(source::Session& session, const config::Export& entry) {
  TRY(plan::check_supported(entry));
  const auto inventory = TRY(session.describe(entry.relation, entry.columns));
  TRY(session.explain({.relation = entry.relation, .columns = inventory.columns, .predicate = {}, .limits = {}}));
  return {};
}

DoctorCheck export_check(source::Session& session, const config::Export& entry) {
  const auto name = fmt::format("Export {} can be read", entry.name);
  const auto tried = try_to_read(session, entry);
  return tried ? DoctorCheck{.name = name, .detail = model::display_name(entry.relation)}
               : failed_check(name, tried.error());
}

void check_server(const source::Source& source, source::Session& session, const config::Config& config,
                  const Context& context, std::vector<DoctorCheck>& checks) {
  const auto facts = session.facts();
  if (!facts) return checks.push_back(failed_check("Source session settings", facts.error()));
  checks.back().detail = facts->product + (facts->user.empty() ? "" : ", user " + facts->user);
  checks.push_back({.name = "Source session settings", .detail = "can be set for each read"});
  if (facts->encryption) checks.push_back(encryption_check(*facts));
  if (!facts->backend.empty()) {
    checks.push_back(pooler_check(source, *facts, context));
    checks.push_back(standby_check(*facts));
  }
  if (facts->clock_ahead) checks.push_back(clock_check(*facts));
  auto connections = connections_check(session, config);
  checks.push_back(connections ? std::move(*connections) : failed_check("Connections", connections.error()));
}

}  // namespace

std::vector<DoctorCheck> check_source(const config::Config& config, const Context& context) {
  const auto name = fmt::format("Source auth ({})", engine_of(config.source.type));
  const auto source = make_source(config.source, context.clock);
  if (!source) return {failed_check(name, source.error())};
  const auto session = (*source)->open({.statement_timeout = kPatience}, context.stop);
  if (!session) return {failed_check(name, session.error())};
  std::vector<DoctorCheck> checks{{.name = name}};
  check_server(**source, **session, config, context, checks);
  for (const auto& entry : config.exports) checks.push_back(export_check(**session, entry));
  return checks;
}

}  // namespace rivet::cli
