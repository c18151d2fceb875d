// SPDX-License-Identifier: Apache-2.0
// The SQL of predicates: types of literals, NULLs, names, and what is refused.
#include "source/postgres/predicate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rivet::source::postgres {
namespace {

using model::Bound;
using model::KeyRange;
using model::NullKey;
using model::PageRange;
using model::Predicate;
using model::RowNumbers;
using model::VersionRange;
using ::testing::EndsWith;
using ::testing::HasSubstr;

std::string quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) out += c == quote ? std::string(2, quote) : std::string(1, c);
  return out + quote;
}

const Quoting kQuoting{.identifier = [](std::string_view name) { return quoted(name, '"'); },
                       .literal =
                           [](std::string_view text) {
                             return text.find('\xff') == std::string_view::npos ? quoted(text, '\'') : std::string();
                           }};

Field field(std::string name, std::string literal_type, std::string operator_schema = "") {
  return {.name = std::move(name),
          .type = {},
          .not_null = false,
          .literal_type = std::move(literal_type),
          .operator_schema = std::move(operator_schema)};
}

const std::vector<Field> kFields{field("id", "bigint"), field("na\"me", "bpchar"), field("mail", "ext.citext", "ext")};
const model::Relation kTable{.schema = "shop", .table = "orders"};

Result<std::string> clause(const model::Relation& relation, const Predicate& predicate,
                           const std::vector<model::Key>& keys = {}) {
  return from_clause({.quoting = kQuoting, .relation = relation, .fields = kFields, .keys = keys}, predicate);
}

TEST(Predicate, OfEveryRowIsNoCondition) {
  EXPECT_EQ(*clause(kTable, {}), R"(FROM "shop"."orders" AS _rivet)");
  EXPECT_EQ(*clause({.query = "SELECT 1 -- one"}, {}), "FROM (SELECT 1 -- one\n) AS _rivet");
}

TEST(Predicate, ComparesOneColumnWithALiteralOfItsType) {
  const KeyRange range{.columns = {"na\"me"}, .lower = Bound{{"O'Hara"}, false}, .upper = Bound{{"P"}, true}};
  EXPECT_EQ(*clause(kTable, {{range}}),
            R"(FROM "shop"."orders" AS _rivet WHERE _rivet."na""me" > 'O''Hara'::bpchar AND )"
            R"(_rivet."na""me" <= 'P'::bpchar)");
}

TEST(Predicate, ComparesSeveralColumnsAsARowAndLeavesNullsOut) {
  const KeyRange range{.columns = {"id", "na\"me"}, .lower = {}, .upper = Bound{{"7", "x"}, false}};
  EXPECT_EQ(*clause(kTable, {{range}}),
            R"(FROM "shop"."orders" AS _rivet WHERE (_rivet."id", _rivet."na""me") < ('7'::bigint, 'x'::bpchar) AND )"
            R"(_rivet."id" IS NOT NULL AND _rivet."na""me" IS NOT NULL)");
}

TEST(Predicate, OfARangeOpenAtBothEndsIsEveryRowWithTheKey) {
  const KeyRange range{.columns = {"id"}, .lower = {}, .upper = {}};
  EXPECT_THAT(*clause(kTable, {{range}}), HasSubstr(R"(WHERE _rivet."id" IS NOT NULL)"));
}

TEST(Predicate, NamesTheSchemaOfAComparisonThatTheSearchPathHides) {
  const KeyRange range{.columns = {"mail"}, .lower = Bound{{"a"}, true}, .upper = {}};
  EXPECT_THAT(*clause(kTable, {{range}}), HasSubstr(R"(_rivet."mail" OPERATOR(ext.>=) 'a'::ext.citext)"));
  const KeyRange pair{.columns = {"id", "mail"}, .lower = Bound{{"1", "a"}, true}, .upper = {}};
  EXPECT_EQ(clause(kTable, {{pair}}).error().kind, ErrorKind::config);
}

TEST(Predicate, FindsRowsThatLackAnyPartOfTheKey) {
  EXPECT_THAT(*clause(kTable, {{NullKey{{"id", "mail"}}}}),
              HasSubstr(R"(WHERE (_rivet."id" IS NULL OR _rivet."mail" IS NULL))"));
}

TEST(Predicate, ReadsPagesHalfOpenAndTheLastOnesWithoutEnd) {
  EXPECT_THAT(*clause(kTable, {{PageRange{.first = 10, .end = 20}}}),
              HasSubstr("WHERE _rivet.ctid >= '(10,0)'::tid AND _rivet.ctid < '(20,0)'::tid"));
  EXPECT_TRUE(clause(kTable, {{PageRange{.first = 20, .end = {}}}})->ends_with("WHERE _rivet.ctid >= '(20,0)'::tid"));
  EXPECT_EQ(clause({.query = "SELECT 1"}, {{PageRange{}}}).error().kind, ErrorKind::config);
}

TEST(Predicate, NumbersAllRowsBeforeAnyOtherConditionAndBreaksTiesByAKey) {
  const Predicate predicate{{RowNumbers{.column = "id", .first = 1, .last = 10}, NullKey{{"mail"}}}};
  const std::vector<model::Key> keys{{.columns = {"mail"}, .primary = false, .nullable = true},
                                     {.columns = {"id", "na\"me"}, .primary = false, .nullable = false}};
  EXPECT_EQ(*clause(kTable, predicate, keys),
            R"(FROM (SELECT _rivet.*, row_number() OVER (ORDER BY _rivet."id", _rivet."na""me") AS "_rivet_chunk_rn" )"
            R"(FROM "shop"."orders" AS _rivet) AS _rivet )"
            R"(WHERE _rivet."_rivet_chunk_rn" BETWEEN 1 AND 10 AND (_rivet."mail" IS NULL))");
}

TEST(Predicate, BreaksTiesByTheWholeRowWithoutAKey) {
  EXPECT_THAT(*clause({.query = "SELECT 1"}, {{RowNumbers{.column = "id", .first = 1, .last = 10}}}),
              HasSubstr(R"(ORDER BY _rivet."id", hashtextextended((_rivet.*)::text, 0))"));
}

TEST(Predicate, NumbersInAColumnThatTheRelationHasNot) {
  const std::vector<Field> fields{field("id", "bigint"), field("_rivet_chunk_rn", "bigint")};
  const PredicateScope scope{.quoting = kQuoting, .relation = kTable, .fields = fields, .keys = {}};
  EXPECT_THAT(*from_clause(scope, {{RowNumbers{.column = "id", .first = 1, .last = 2}}}),
              HasSubstr(R"(WHERE _rivet."_rivet_chunk_rn_" BETWEEN 1 AND 2)"));
}

PredicateScope versioned(std::int64_t next) {
  static const std::vector<model::Key> no_keys;
  return {.quoting = kQuoting, .relation = kTable, .fields = kFields, .keys = no_keys, .next_version = next};
}

constexpr std::int64_t kCycle = std::int64_t{1} << 32;

TEST(Predicate, CountsRowVersionsBackFromTheEndOfTheSnapshot) {
  EXPECT_THAT(*from_clause(versioned(1000), {{VersionRange{.from = 900, .below = 950}}}),
              EndsWith("WHERE age(_rivet.xmin) > (SELECT age('1000'::xid)::bigint + 50) AND "
                       "age(_rivet.xmin) <= (SELECT age('1000'::xid)::bigint + 100)"));
  EXPECT_THAT(*from_clause(versioned(3 * kCycle + 7), {{VersionRange{.from = 0, .below = 3 * kCycle - 1}}}),
              EndsWith("WHERE (age(_rivet.xmin) > (SELECT age('7'::xid)::bigint + 8) OR age(_rivet.xmin) < 0)"));
}

TEST(Predicate, MeetsNoVersionBehindTheSnapshotAndEveryOneBeforeIt) {
  EXPECT_THAT(*from_clause(versioned(1000), {{VersionRange{.from = 0, .below = 2000}}}), EndsWith("WHERE true"));
  EXPECT_THAT(*from_clause(versioned(1000), {{VersionRange{.from = 1001, .below = 2000}}}), EndsWith("WHERE false"));
  EXPECT_THAT(*from_clause(versioned(1000), {{VersionRange{.from = 950, .below = 950}}}), EndsWith("WHERE false"));
}

TEST(Predicate, SpellsDistancesThatAgeCannotTellModuloTheCycle) {
  EXPECT_THAT(*from_clause(versioned(5 * kCycle + 9), {{VersionRange{.from = 4 * kCycle + 10, .below = 5 * kCycle}}}),
              EndsWith("WHERE ((age(_rivet.xmin)::bigint - (SELECT age('9'::xid)::bigint + 0)) & 4294967295) "
                       "BETWEEN 10 AND 4294967295 AND _rivet.xmin <> ALL ('{0,1,2}'::xid[])"));
  EXPECT_THAT(*from_clause(versioned(5 * kCycle + 9), {{VersionRange{.from = 0, .below = 4 * kCycle + 10}}}),
              HasSubstr("& 4294967295) > 4294967295 OR _rivet.xmin = ANY ('{0,1,2}'::xid[]))"));
}

TEST(Predicate, RefusesVersionsOfRowsThatHaveNone) {
  const VersionRange versions{.from = 1, .below = 2};
  EXPECT_EQ(clause(kTable, {{versions}}).error().kind, ErrorKind::config);
  EXPECT_EQ(clause({.query = "SELECT 1"}, {{versions}}).error().kind, ErrorKind::config);
  const RowNumbers numbers{.column = "id", .first = 1, .last = 2};
  EXPECT_EQ(from_clause(versioned(9), {{numbers, versions}}).error().kind, ErrorKind::internal);
}

TEST(Predicate, JoinsTheBoundsOfTheRelationAndThoseOfTheUnitBesideTheTable) {
  const KeyRange within{.columns = {"id"}, .lower = Bound{{"5"}, false}, .upper = {}};
  const model::Relation bounded{.schema = "shop", .table = "orders", .within = {{within}}};
  EXPECT_EQ(*clause(bounded, {}), R"(FROM "shop"."orders" AS _rivet WHERE _rivet."id" > '5'::bigint)");
  EXPECT_THAT(*clause(bounded, {{PageRange{.first = 3, .end = {}}}}),
              EndsWith(R"(WHERE _rivet."id" > '5'::bigint AND _rivet.ctid >= '(3,0)'::tid)"));
  EXPECT_EQ(*clause({.query = "SELECT 1", .within = {{NullKey{{"id"}}}}}, {}),
            "FROM (SELECT 1\n) AS _rivet WHERE (_rivet.\"id\" IS NULL)");
  const model::Relation paged{.table = "orders", .within = {{PageRange{}}}};
  EXPECT_EQ(clause(paged, {}).error().kind, ErrorKind::internal);
}

TEST(Predicate, NumbersOnlyTheRowsWithinTheBounds) {
  const model::Relation bounded{.table = "orders", .within = {{NullKey{{"mail"}}}}};
  EXPECT_THAT(*clause(bounded, {{RowNumbers{.column = "id", .first = 1, .last = 10}}}),
              EndsWith(R"(FROM "orders" AS _rivet WHERE (_rivet."mail" IS NULL)) AS _rivet )"
                       R"(WHERE _rivet."_rivet_chunk_rn" BETWEEN 1 AND 10)"));
}

TEST(Predicate, ComparesACoalescedKeyAsOneValue) {
  const auto expression = coalesce_of(kQuoting, {"id", "na\"me"});
  ASSERT_EQ(expression, R"(COALESCE(_rivet."id", _rivet."na""me"))");
  auto made = field(expression, "text");
  made.expression = expression;
  const std::vector<model::Key> no_keys;
  const PredicateScope scope{
      .quoting = kQuoting, .relation = kTable, .fields = kFields, .keys = no_keys, .coalesced = {made}};
  const KeyRange range{
      .columns = {"id", "na\"me"}, .lower = Bound{{"5"}, false}, .upper = Bound{{"7"}}, .coalesced = true};
  EXPECT_THAT(*from_clause(scope, {{range}}),
              EndsWith("WHERE " + expression + " > '5'::text AND " + expression + " <= '7'::text"));
  EXPECT_THAT(*from_clause(scope, {{NullKey{{"id", "na\"me"}, true}}}), EndsWith("WHERE (" + expression + " IS NULL)"));
  EXPECT_THAT(*from_clause(scope, {{NullKey{{"id"}, true}}}), EndsWith(R"(WHERE (_rivet."id" IS NULL))"));
  EXPECT_EQ(clause(kTable, {{range}}).error().kind, ErrorKind::internal) << "not described";
}

TEST(Predicate, RefusesWhatItCannotSay) {
  const KeyRange unknown{.columns = {"nope"}, .lower = {}, .upper = {}};
  EXPECT_EQ(clause(kTable, {{unknown}}).error().kind, ErrorKind::permanent);
  const KeyRange uneven{.columns = {"id"}, .lower = Bound{{"1", "2"}, true}, .upper = {}};
  EXPECT_EQ(clause(kTable, {{uneven}}).error().kind, ErrorKind::internal);
  const KeyRange broken{.columns = {"na\"me"}, .lower = Bound{{"\xff"}, true}, .upper = {}};
  EXPECT_EQ(clause(kTable, {{broken}}).error().kind, ErrorKind::data);
  const RowNumbers numbers{.column = "id", .first = 1, .last = 2};
  EXPECT_EQ(clause(kTable, {{numbers, PageRange{}}}).error().kind, ErrorKind::internal);
}

}  // namespace
}  // namespace rivet::source::postgres
