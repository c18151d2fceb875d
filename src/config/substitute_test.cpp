// SPDX-License-Identifier: Apache-2.0
// `${NAME}` and who may provide it.
#include "config/substitute.hpp"

#include "config/test_support.hpp"

#include <gmock/gmock.h>

namespace rivet::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

/// The query after loading, or the problems.
std::string query_with(std::string_view query, test::Surroundings& around) {
  const test::Files files;
  const auto text =
      "source: {type: sqlite, path: shop.db}\nexports:\n  - name: a\n    format: csv\n"
      "    destination: {type: local, path: out}\n    query: " +
      std::string(query) + "\n";
  const auto config = test::load_text(files, text, around);
  return config ? config->exports.at(0).relation.query : test::problems_of(files, text, around);
}

TEST(Substitute, TakesTheParameterBeforeTheEnvironment) {
  test::Surroundings around{.environment = {{"DAY", "env"}, {"HOST", "h"}}, .params = {{"DAY", "param"}}};
  EXPECT_EQ(query_with("SELECT '${DAY}', '${HOST}${DAY}'", around), "SELECT 'param', 'hparam'");
}

TEST(Substitute, NamesTheMissingVariableAndItsLine) {
  test::Surroundings around;
  EXPECT_EQ(query_with("|\n      SELECT 1\n      WHERE d = '${DAY}'", around),
            "rivet.yaml:8: ${DAY} is set neither by -p nor in the environment");
}

TEST(Substitute, ReportsEveryMissingVariable) {
  test::Surroundings around;
  const auto problems = query_with("SELECT ${A}, ${B}", around);
  EXPECT_THAT(problems, HasSubstr("rivet.yaml:6: ${A} is"));
  EXPECT_THAT(problems, HasSubstr("rivet.yaml:6: ${B} is"));
}

TEST(Substitute, DoesNotScanWhatItInserted) {
  test::Surroundings around{.environment = {{"A", "${B}"}, {"B", "no"}}};
  EXPECT_EQ(query_with("SELECT '${A}'", around), "SELECT '${B}'");
}

TEST(Substitute, CannotChangeTheStructureOfTheFile) {
  test::Surroundings around{.environment = {{"A", "x\nmode: cdc # ' \" {"}}};
  EXPECT_EQ(query_with("${A}", around), "x\nmode: cdc # ' \" {");
}

TEST(Substitute, LeavesOddTextAlone) {
  test::Surroundings around;
  EXPECT_EQ(query_with("SELECT '${}$' || '$A' || '${'", around), "SELECT '$' || '$A' || '${'");
}

TEST(Substitute, RefusesNulAndBrokenText) {
  test::Surroundings around{.environment = {{"BAD", "\xff"}}, .params = {{"NUL", std::string("a\0b", 3)}}};
  const auto problems = query_with("${NUL}${BAD}", around);
  EXPECT_THAT(problems, HasSubstr("${NUL} has a value with a NUL byte"));
  EXPECT_THAT(problems, HasSubstr("${BAD} has a value that is not UTF-8"));
}

TEST(Substitute, LeavesKeysAlone) {
  const test::Files files;
  test::Surroundings around{.environment = {{"K", "mode"}}};
  EXPECT_THAT(test::problems_of(files, test::with_export("    ${K}: full\n"), around),
              HasSubstr("rivet.yaml:7: unknown key '${K}'"));
}

TEST(Substitute, GivesNumbersAndBooleansWhereTheyAreMeant) {
  const test::Files files;
  test::Surroundings around{.environment = {{"N", "7"}, {"YES", "true"}}};
  const auto config = test::load_text(files, test::with_export("    skip_empty: ${YES}\n    wave: ${N}\n"), around);
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_TRUE(config->exports[0].skip_empty);
  EXPECT_EQ(config->exports[0].wave, 7);
}

TEST(Substitute, WarnsAboutAnUnusedParameter) {
  const test::Files files;
  test::Surroundings around{.params = {{"USED", "1"}, {"SPARE", "2"}}};
  const auto config = test::load_text(files, test::with_export("    wave: ${USED}\n"), around);
  ASSERT_TRUE(config.has_value());
  EXPECT_THAT(config->warnings, ElementsAre(HasSubstr("rivet.yaml: parameter 'SPARE' is not used")));
}

}  // namespace
}  // namespace rivet::config
