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
