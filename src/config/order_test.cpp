// SPDX-License-Identifier: Apache-2.0
// What may wait for what, and how it is said when it cannot.
#include "config/definition.hpp"
#include "config/test_support.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace rivet::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

constexpr std::string_view kRest = "format: csv, destination: {type: local, path: out}";

/// A file with exports a, b and c; `keys` are further ones of c, which stands in line 5.
std::string with_c(std::string_view keys, std::string_view root = "") {
  return fmt::format(
      "source: {{type: sqlite, path: shop.db}}\n"
      "exports:\n"
      "  - {{name: a, table: a, {0}}}\n"
      "  - {{name: b, table: b, {0}}}\n"
      "  - {{name: c, table: c, {0}{1}{2}}}\n{3}",
      kRest, keys.empty() ? "" : ", ", keys, root);
}

Config loaded(const std::string& text) {
  const test::Files files;
  test::Surroundings around;
  auto config = test::load_text(files, text, around);
  EXPECT_TRUE(config.has_value()) << config.error().message << "\n" << text;
  return config ? *config : Config{};
}

std::string refused(const std::string& text) {
  const test::Files files;
  test::Surroundings around;
  return test::problems_of(files, text, around);
}

TEST(Order, ReadsWhomAnExportWaitsFor) {
  EXPECT_FALSE(loaded(with_c("")).exports[2].depends_on);
  const auto all = *loaded(with_c("depends_on: [a, b]")).exports[2].depends_on;
  EXPECT_EQ(all, (cascade::Dependencies{cascade::PolicyKind::all_of, 0, {"a", "b"}, cascade::OnSatisfied::let_run}));
  const auto any = *loaded(with_c("depends_on: {any_of: [a, b]}")).exports[2].depends_on;
  EXPECT_EQ(
      any, (cascade::Dependencies{cascade::PolicyKind::any_of, 0, {"a", "b"}, cascade::OnSatisfied::cancel_remaining}));
  const auto two = *loaded(with_c("depends_on: {quorum: 2, of: [a, b], on_satisfied: let_run}")).exports[2].depends_on;
  EXPECT_EQ(two, (cascade::Dependencies{cascade::PolicyKind::quorum, 2, {"a", "b"}, cascade::OnSatisfied::let_run}));
}

TEST(Order, ReadsGates) {
  const auto config = loaded(with_c("depends_on: [ready, there, said]",
                                    "gates:\n"
                                    "  - {name: ready, sql: 'SELECT 1 ;'}\n"
                                    "  - {name: there, manifest: a, depends_on: [a]}\n"
                                    "  - {name: said, command: [test, x, '=', x]}\n"));
  ASSERT_EQ(config.gates.size(), 3U);
  EXPECT_EQ(config.gates[0].sql, "SELECT 1");
  EXPECT_EQ(config.gates[1].manifest, "a");
  EXPECT_THAT(config.gates[1].depends_on->of, ElementsAre("a"));
  EXPECT_THAT(config.gates[2].command, ElementsAre("test", "x", "=", "x"));
  const auto nodes = nodes_of(config);
  ASSERT_EQ(nodes.size(), 6U);
  EXPECT_EQ(nodes[3].name, "ready");
  EXPECT_EQ(nodes[3].kind, cascade::NodeKind::gate);
}

TEST(Order, LaysPlacementOverThatOfTheFile) {
  const auto config = loaded(with_c("namespace: own, tags: {site: berlin, level: 2}",
                                    "namespace: sales\ntags: {site: paris, team: data}\n"
                                    "gates:\n  - {name: g, sql: SELECT 1, tags: {team: ops}}\n"));
  EXPECT_EQ(config.exports[0].placement.name_space, "sales");
  EXPECT_THAT(config.exports[0].placement.tags, ElementsAre(Pair("site", "paris"), Pair("team", "data")));
  EXPECT_EQ(config.exports[2].placement.name_space, "own");
  EXPECT_THAT(config.exports[2].placement.tags,
              ElementsAre(Pair("level", "2"), Pair("site", "berlin"), Pair("team", "data")));
  EXPECT_THAT(config.gates[0].placement.tags, ElementsAre(Pair("site", "paris"), Pair("team", "ops")));
}

struct Wrong {
  std::string_view keys, expected;
};

class WrongOrder : public ::testing::TestWithParam<Wrong> {};
TEST_P(WrongOrder, IsRefused) { EXPECT_THAT(refused(with_c(GetParam().keys)), HasSubstr(GetParam().expected)); }

INSTANTIATE_TEST_SUITE_P(
    DependsOn, WrongOrder,
    ::testing::Values(
        Wrong{"depends_on: [aa]", ":5: 'c' depends on 'aa', and there is no such export or gate; did you mean 'a'?"},
        Wrong{"depends_on: [nobody_like_that]", "there is no such export or gate"},
        Wrong{"depends_on: [c]", "'c' depends on itself"}, Wrong{"depends_on: [a, a]", "'depends_on' names 'a' twice"},
        Wrong{"depends_on: []", "'depends_on' is an empty list"},
        Wrong{"depends_on: a", "'depends_on' must be a list of names or a map, it is a single value"},
        Wrong{"depends_on: {}", "depends_on needs 'any_of', or 'quorum' with 'of'"},
        Wrong{"depends_on: {any_of: []}", "'any_of' is an empty list"},
        Wrong{"depends_on: {any_of: [a, b], quorum: 1, of: [a]}", "'any_of' and 'quorum' exclude each other"},
        Wrong{"depends_on: {any_of: [a], of: [b]}", "'of' belongs to 'quorum'"},
        Wrong{"depends_on: {quorum: 1}", "'quorum' needs 'of'"},
        Wrong{"depends_on: {quorum: 3, of: [a, b]}", "'c' asks for a quorum of 3 of 2: it must be between 1 and 2"},
        Wrong{"depends_on: {quorum: 0, of: [a, b]}", "'quorum' must be between 1 and"},
        Wrong{"depends_on: {any_of: [a], on_satisfied: stop}", "use one of cancel_remaining, let_run"},
        Wrong{"depends_on: {anyof: [a]}", "unknown key 'anyof' in depends_on; did you mean 'any_of'?"},
        Wrong{"any_of: [a]", "unknown key 'any_of' in export 'c'; it belongs under depends_on:"},
        Wrong{"tags: [a]", "'tags' must be a map"}, Wrong{"tags: {a: [b]}", "'tags': 'a' must be text"},
        Wrong{"namespace: ''", "'namespace' is empty"}));

TEST(Order, ShowsACycle) {
  const auto text = fmt::format(
      "source: {{type: sqlite, path: shop.db}}\n"
      "exports:\n"
      "  - {{name: a, table: a, {0}, depends_on: [b]}}\n"
      "  - {{name: b, table: b, {0}, depends_on: [g]}}\n"
      "gates:\n  - {{name: g, sql: SELECT 1, depends_on: [a]}}\n",
      kRest);
  EXPECT_EQ(refused(text), "rivet.yaml:3: dependency cycle: a -> b -> g -> a");
}

TEST(Order, RefusesGatesThatAskNothingOrTooMuch) {
  const auto gate = [](std::string_view keys) {
    return refused(with_c("", fmt::format("gates:\n  - {{{}}}\n", keys)));
  };
  EXPECT_THAT(gate("name: g"), HasSubstr(":7: gate 'g' needs exactly one of 'sql', 'command' and 'manifest'"));
  EXPECT_THAT(gate("name: g, sql: SELECT 1, manifest: a"), HasSubstr("exactly one of"));
  EXPECT_THAT(gate("sql: SELECT 1"), HasSubstr("a gate needs 'name'"));
  EXPECT_THAT(gate("name: g, sql: ' ; '"), HasSubstr("'sql' has no statement in it"));
  EXPECT_THAT(gate("name: g, command: []"), HasSubstr("'command' must be a list of words"));
  EXPECT_THAT(gate("name: g, command: ls"), HasSubstr("'command' must be a list of words"));
  EXPECT_THAT(gate("name: g, manifest: aa"), HasSubstr("'manifest': there is no export 'aa'; did you mean 'a'?"));
  EXPECT_THAT(gate("name: a, sql: SELECT 1"), HasSubstr("gate name 'a' is taken, first in line 3"));
  EXPECT_THAT(gate("name: g, sq: SELECT 1"), HasSubstr("did you mean 'sql'?"));
  EXPECT_THAT(refused(with_c("", "gates: {name: g}\n")), HasSubstr("'gates' must be a list of gates"));
  EXPECT_THAT(refused(with_c("gates: []")), HasSubstr("it belongs under the top level"));
}

TEST(Order, AGateNeedsOneManifestToLookAt) {
  const auto text = fmt::format(
      "source: {{type: sqlite, path: shop.db}}\n"
      "exports:\n"
      "  - {{name: a, table: a, format: csv, destination: {{type: stdout}}}}\n"
      "  - {{name: b, table: b, format: csv, partition_by: day, destination: {{type: local, path: "
      "'out/{{partition}}'}}}}\n"
      "gates:\n  - {{name: g, manifest: a}}\n  - {{name: h, manifest: b}}\n");
  EXPECT_THAT(refused(text), HasSubstr(":6: 'manifest': export 'a' writes to stdout and has none"));
  EXPECT_THAT(refused(text), HasSubstr(":7: 'manifest': export 'b' has one in each partition"));
}

TEST(Order, IsNotAskedOfADefinition) {
  const auto config = loaded(with_c("depends_on: [a, b]"));
  base::Redactor redactor;
  const Definition definition{
      .source = config.source_definition, .exports = {config.exports[2].definition}, .file = config.file};
  const auto alone = load_definition(definition, false, {}, redactor);
  ASSERT_TRUE(alone.has_value()) << alone.error().message;
  EXPECT_THAT(alone->exports[0].depends_on->of, ElementsAre("a", "b"));
}

}  // namespace
}  // namespace rivet::config
