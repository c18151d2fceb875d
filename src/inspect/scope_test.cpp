// SPDX-License-Identifier: Apache-2.0
// Names, patterns, and what is said when they fit nothing.
#include "inspect/scope.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rivet::inspect {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Entries = std::vector<model::CatalogueEntry>;

Entries shop() {
  return {{.schema = "archive", .name = "orders", .needs_schema = true},
          {.schema = "public", .name = "orders"},
          {.schema = "public", .name = "orders_2024", .left_out = "a partition of orders"},
          {.schema = "public", .name = "tmp_users"},
          {.schema = "public", .name = "users"}};
}

std::vector<std::string> names_of(const Result<Chosen>& chosen) {
  std::vector<std::string> out;
  if (!chosen) return {chosen.error().to_string()};
  for (const auto& entry : chosen->entries) out.push_back(entry.schema + "." + entry.name);
  return out;
}

TEST(Scope, TakesEverythingWorthAnExport) {
  EXPECT_THAT(names_of(choose(shop(), {})),
              ElementsAre("archive.orders", "public.orders", "public.tmp_users", "public.users"));
}

TEST(Scope, ExcludeWinsOverInclude) {
  EXPECT_THAT(names_of(choose(shop(), {.include = {"*users"}, .exclude = {"tmp_*"}})), ElementsAre("public.users"));
  EXPECT_THAT(names_of(choose(shop(), {.include = {"archive.*"}})), ElementsAre("archive.orders"));
}

TEST(Scope, FindsANameAsTheSourceWould) {
  EXPECT_THAT(names_of(choose(shop(), {.tables = {{.table = "orders"}}})), ElementsAre("public.orders"));
  EXPECT_THAT(names_of(choose(shop(), {.tables = {{.schema = "archive", .table = "orders"}, {.table = "users"}}})),
              ElementsAre("archive.orders", "public.users"));
  auto elsewhere = shop();
  for (auto& entry : elsewhere) entry.needs_schema = true;
  EXPECT_THAT(names_of(choose(elsewhere, {.tables = {{.table = "orders"}}})),
              ElementsAre(HasSubstr("archive.orders, public.orders")));
}

TEST(Scope, GivesANamedRelationThatIsOtherwiseLeftOut) {
  EXPECT_THAT(names_of(choose(shop(), {.tables = {{.table = "orders_2024"}}})), ElementsAre("public.orders_2024"));
}

TEST(Scope, NamesTheNearestWhenNothingFits) {
  EXPECT_THAT(names_of(choose(shop(), {.tables = {{.table = "user"}}})),
              ElementsAre(HasSubstr("did you mean 'users'?")));
  EXPECT_THAT(names_of(choose(shop(), {.include = {"oders*"}})), ElementsAre(HasSubstr("did you mean 'orders'?")));
  EXPECT_THAT(names_of(choose(shop(), {.include = {"zzzzzzzzzzzz"}})),
              ElementsAre(HasSubstr("there are archive.orders")));
  EXPECT_THAT(names_of(choose(shop(), {.exclude = {"*"}})), ElementsAre(HasSubstr("--exclude")));
  EXPECT_THAT(names_of(choose(shop(), {.include = {"orders_*"}})), ElementsAre(HasSubstr("a partition of orders")));
  EXPECT_THAT(names_of(choose({}, {})), ElementsAre(HasSubstr("there are no tables")));
}

TEST(Scope, TellsAnExcludeThatFitsNothing) {
  const auto chosen = choose(shop(), {.exclude = {"nothing*"}});
  ASSERT_TRUE(chosen.has_value());
  EXPECT_THAT(chosen->unused_excludes, ElementsAre("nothing*"));
}

}  // namespace
}  // namespace rivet::inspect
