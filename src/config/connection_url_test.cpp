// SPDX-License-Identifier: Apache-2.0
// URLs as people write them, with passwords as people choose them.
#include "config/connection_url.hpp"

#include "config/source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rivet::config {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ConnectionUrl, ReadsEveryPart) {
  const auto url = parse_connection_url("postgresql://ann:pw@db.example.org:5433/shop?sslmode=require&options=-c%20a=b",
                                        SourceType::postgres);
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url->user, "ann");
  EXPECT_EQ(url->password, "pw");
  EXPECT_EQ(url->host, "db.example.org");
  EXPECT_EQ(url->port, 5433);
  EXPECT_EQ(url->database, "shop");
  EXPECT_EQ(url->parameters.at("sslmode"), "require");
  EXPECT_EQ(url->parameters.at("options"), "-c a=b");
}

struct Odd {
  std::string_view written, meant;
};

class OddPassword : public ::testing::TestWithParam<Odd> {};

TEST_P(OddPassword, EndsAtTheLastAtSignBeforeAHost) {
  const auto text = "postgres://ann:" + std::string(GetParam().written) + "@db.local:5432/shop?sslmode=disable";
  const auto url = parse_connection_url(text, SourceType::postgres);
  ASSERT_TRUE(url.has_value()) << url.error().message;
  EXPECT_EQ(url->password, GetParam().meant);
  EXPECT_EQ(url->user, "ann");
  EXPECT_EQ(url->host, "db.local");
  EXPECT_EQ(url->database, "shop");
  EXPECT_EQ(url->parameters.size(), 1U);
  EXPECT_THAT(url->secrets, Contains(std::string(GetParam().written)));
  EXPECT_THAT(url->secrets, Contains(std::string(GetParam().meant)));
}

INSTANTIATE_TEST_SUITE_P(Passwords, OddPassword,
                         ::testing::Values(Odd{"a/b", "a/b"}, Odd{"a?b", "a?b"}, Odd{"a#b", "a#b"}, Odd{"a@b", "a@b"},
                                           Odd{"@", "@"}, Odd{"a:b", "a:b"}, Odd{"50%", "50%"}, Odd{"a%zzb", "a%zzb"},
                                           Odd{"a%2Fb", "a/b"}, Odd{"a%40b%25", "a@b%"},
                                           Odd{"p@ss/w?rd#1", "p@ss/w?rd#1"}, Odd{"x@host/y?z=1", "x@host/y?z=1"},
                                           Odd{"gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F"}, Odd{"a b", "a b"},
                                           Odd{"a&b=c", "a&b=c"}, Odd{"[x]", "[x]"}, Odd{"%", "%"}, Odd{"a+b", "a+b"},
                                           Odd{"//", "//"}));

TEST(ConnectionUrl, LeavesAnAtSignInAKnownParameterAlone) {
  const auto url = parse_connection_url("postgres://ann:pw@db/shop?application_name=me@work", SourceType::postgres);
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url->password, "pw");
  EXPECT_EQ(url->host, "db");
  EXPECT_EQ(url->parameters.at("application_name"), "me@work");
}

TEST(ConnectionUrl, ReadsAddressesOfVersionSix) {
  const auto url = parse_connection_url("postgres://ann:pw@[fe80::1%25eth0]:5433/shop", SourceType::postgres);
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url->host, "fe80::1%25eth0");
  EXPECT_EQ(url->port, 5433);
}

TEST(ConnectionUrl, TakesTheAddressFromParameters) {
  const auto url =
      parse_connection_url("postgresql:///shop?host=/tmp/pg&port=6000&user=ann&password=p%40w", SourceType::postgres);
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url->host, "/tmp/pg");
  EXPECT_EQ(url->port, 6000);
  EXPECT_EQ(url->user, "ann");
  EXPECT_EQ(url->password, "p@w");
  EXPECT_TRUE(url->parameters.empty());
  EXPECT_THAT(url->secrets, Contains("p@w"));
}

TEST(ConnectionUrl, NeedsNoUserNoPortNoDatabase) {
  const auto url = parse_connection_url("mysql://db", SourceType::mysql);
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url->host, "db");
  EXPECT_EQ(url->port, 0);
  EXPECT_TRUE(url->user.empty());
  EXPECT_TRUE(url->secrets.empty());
}

TEST(ConnectionUrl, FitsTheTypeOfTheSource) {
  EXPECT_TRUE(parse_connection_url("sqlserver://a:b@h/d", SourceType::mssql).has_value());
  EXPECT_TRUE(parse_connection_url("mssql://a:b@h/d", SourceType::mssql).has_value());
  EXPECT_TRUE(parse_connection_url("PostgreSQL://a:b@h/d", SourceType::postgres).has_value());
  EXPECT_FALSE(parse_connection_url("mysql://a:b@h/d", SourceType::postgres).has_value());
  EXPECT_FALSE(parse_connection_url("postgres://a:b@h/d", SourceType::sqlite).has_value());
}

TEST(ConnectionUrl, ReadsSqliteFiles) {
  EXPECT_EQ(parse_connection_url("sqlite:shop.db", SourceType::sqlite)->database, "shop.db");
  EXPECT_EQ(parse_connection_url("sqlite:///srv/shop.db", SourceType::sqlite)->database, "/srv/shop.db");
  EXPECT_FALSE(parse_connection_url("sqlite://", SourceType::sqlite).has_value());
}

class BadUrl : public ::testing::TestWithParam<std::string_view> {};

TEST_P(BadUrl, IsRefusedWithoutShowingAnyOfIt) {
  const auto url = parse_connection_url(GetParam(), SourceType::postgres);
  ASSERT_FALSE(url.has_value());
  EXPECT_EQ(url.error().kind, ErrorKind::config);
  EXPECT_THAT(url.error().to_string(), Not(HasSubstr("hunter")));
}

INSTANTIATE_TEST_SUITE_P(Urls, BadUrl,
                         ::testing::Values("", "hunter", "postgres:", "postgres:/hunter", "hunter2://u:p@h/d",
                                           "postgres://u:hunter2@h:port/d", "postgres://u:hunter2@h:0/d",
                                           "postgres://u:hunter2@h:70000/d", "postgres://u:hunter2@h one/d",
                                           "postgres://u:hunter2", "postgres://u:hunter2@[::1/d",
                                           "postgres://u:hunter2@h/d?x", "postgres://u:hunter2@h1,h2/d",
                                           "postgres://u%00:hunter2@h/d", "postgres://u:hunter2%00@h/d",
                                           "postgres://u%FF:hunter2@h/d", "postgres://u:hunter2@h/d?port=hunter3"));

TEST(Loopback, IsThisMachineOnly) {
  for (const auto* host : {"", "localhost", "127.0.0.1", "127.9.9.9", "::1", "/var/run/postgresql"}) {
    EXPECT_TRUE(is_loopback(host)) << host;
  }
  for (const auto* host :
       {"127.0.0.1.example.org", "db", "10.0.0.1", "localhost.example.org", "0.0.0.0", "127.evil.0.1"}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
}

TEST(ConnectionUrl, TellsTheTypeByTheScheme) {
  EXPECT_EQ(type_of_url("postgresql://ann@localhost/shop"), SourceType::postgres);
  EXPECT_EQ(type_of_url("MariaDB://localhost/shop"), SourceType::mysql);
  EXPECT_EQ(type_of_url("sqlite:shop.db"), SourceType::sqlite);
  for (const auto* other : {"", "shop.db", "postgresql", "oracle://x/y"}) EXPECT_FALSE(type_of_url(other)) << other;
}

TEST(SourceFromUrl, AsksForADecisionBeyondThisMachine) {
  base::Redactor redactor;
  const auto local = source_from_url("postgresql://ann:s3cret@localhost/shop", {}, redactor);
  ASSERT_TRUE(local.has_value());
  EXPECT_TRUE(local->has_secret);
  EXPECT_EQ(local->source.port, 5432);
  EXPECT_EQ(redactor.clean("s3cret"), "***");
  EXPECT_FALSE(source_from_url("postgresql://ann@localhost/shop", {}, redactor)->has_secret);
  EXPECT_TRUE(source_from_url("postgresql://localhost/shop?password=x1y2", {}, redactor)->has_secret);
  const std::string_view far = "postgresql://ann@db.example.com/shop";
  EXPECT_EQ(source_from_url(far, {}, redactor).error().kind, ErrorKind::config);
  EXPECT_TRUE(source_from_url(far, Tls{.mode = TlsMode::disable}, redactor).has_value());
  EXPECT_TRUE(source_from_url(std::string(far) + "?sslmode=require", {}, redactor).has_value());
}

}  // namespace
}  // namespace rivet::config
