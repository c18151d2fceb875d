// SPDX-License-Identifier: Apache-2.0
// When a connection may go in plain text, and which TLS mode libpq is told.
#include "source/postgres/connect_params.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>

namespace rivet::source::postgres {
namespace {

std::string value_of(const ConnectParams& params, const std::string& key) {
  const auto found = std::find_if(params.begin(), params.end(), [&](const auto& pair) { return pair.first == key; });
  return found == params.end() ? "" : found->second;
}

config::Source on(const std::string& host) {
  unsetenv("PGHOST");
  config::Source source;
  source.host = host;
  return source;
}

std::string mode_of(const config::Source& source) {
  const auto params = connect_params(source);
  return params ? value_of(*params, "sslmode") : "refused: " + params.error().message;
}

TEST(IsLocalHost, OnlyWhatCannotLeaveTheMachine) {
  for (const auto* host :
       {"", "/var/run/postgresql", "@abstract", "localhost", "127.0.0.1", "127.9.9.9", "::1", "localhost,127.0.0.1"}) {
    EXPECT_TRUE(is_local_host(host)) << host;
  }
  for (const auto* host :
       {"db", "10.0.0.1", "127.evil.example", "localhost.example", "::2", "localhost,db", "db,localhost"}) {
    EXPECT_FALSE(is_local_host(host)) << host;
  }
}

TEST(ConnectParams, RemoteHostsNeedADecision) {
  EXPECT_EQ(mode_of(on("127.0.0.1")), "allow");
  EXPECT_TRUE(mode_of(on("db.example")).starts_with("refused")) << mode_of(on("db.example"));
  auto decided = on("db.example");
  decided.tls = config::Tls{.mode = config::TlsMode::disable};
  EXPECT_EQ(mode_of(decided), "disable");
  decided.tls = config::Tls{};
  EXPECT_EQ(mode_of(decided), "verify-full");
}

TEST(ConnectParams, TheStrongerOfUrlAndBlockWins) {
  auto source = on("db.example");
  source.tls = config::Tls{.mode = config::TlsMode::require};
  source.url_parameters["sslmode"] = "prefer";
  EXPECT_EQ(mode_of(source), "require");
  source.url_parameters["sslmode"] = "verify-full";
  EXPECT_EQ(mode_of(source), "verify-full");
  source.tls.reset();
  EXPECT_EQ(mode_of(source), "verify-full");
  source.url_parameters["sslmode"] = "prefer";
  EXPECT_TRUE(mode_of(source).starts_with("refused"));
  source.url_parameters["sslmode"] = "full";
  EXPECT_TRUE(mode_of(source).starts_with("refused"));
}

TEST(ConnectParams, ARemoteAddressBehindALocalNameIsRemote) {
  auto source = on("localhost");
  source.url_parameters["hostaddr"] = "10.1.2.3";
  EXPECT_TRUE(mode_of(source).starts_with("refused"));
}

TEST(ConnectParams, PghostCounts) {
  const auto source = on("");
  EXPECT_EQ(mode_of(source), "allow");
  setenv("PGHOST", "db.example", 1);
  EXPECT_TRUE(mode_of(source).starts_with("refused"));
  unsetenv("PGHOST");
}

}  // namespace
}  // namespace rivet::source::postgres
