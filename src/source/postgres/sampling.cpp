// SPDX-License-Identifier: Apache-2.0
// The visibility map's totals against what a walk may cost.
#include "source/postgres/sampling.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "source/postgres/fields.hpp"
#include "source/postgres/result_cells.hpp"

namespace rivet::source::postgres {
namespace {

using std::chrono::seconds;

constexpr double kWalkableRows = 5e6;  // entries of an index that are read in one or two seconds
constexpr double kVisitCost = 12;      // of a row in the table, in entries of the index
constexpr int kMostParts = 2'000;
constexpr double kPagesPerPart = 100, kRowsPerPart = 200;
constexpr double kFewestRowsPerPart = 5;
constexpr double kFewestPages = 1'000, kMostPages = 20'000, kMostRows = 100'000;

// Pages, and those visible to all, of the table or of its partitions.
constexpr const char* kVisibilityQuery = R"(
SELECT coalesce(sum(greatest(c.relallvisible, 0)), 0)::bigint,
       coalesce(sum(pg_relation_size(c.oid, 'main')), 0)::bigint / current_setting('block_size')::bigint,
       coalesce(bool_and(m.amname = 'heap'), false)
  FROM pg_class c LEFT JOIN pg_am m ON m.oid = c.relam
 WHERE c.relkind IN ('r', 'm')
   AND (c.oid = $1::regclass OR c.oid IN (SELECT t.relid FROM pg_partition_tree($1::regclass) t WHERE t.isleaf)))";

}  // namespace

Result<std::optional<Sample>> plan_sample(Connection& connection, const model::Relation& relation, std::int64_t rows,
                                          int parts, seconds limit) {
  const auto table = table_name(connection.quoting(), relation);
  const auto facts = TRY(connection.execute(kVisibilityQuery, {table}, limit));
  const auto pages = static_cast<double>(number(facts, 0, 1));
  const auto count = static_cast<double>(rows);
  if (pages < kFewestPages || parts > kMostParts || !is_true(facts, 0, 2)) return std::nullopt;
  const auto hidden = 1 - std::min(static_cast<double>(number(facts, 0, 0)) / pages, 1.0);
  if (count * (1 + kVisitCost * hidden) <= kWalkableRows) return std::nullopt;
  const auto share = std::min(std::clamp(kPagesPerPart * parts, kFewestPages, kMostPages) / pages, 1.0);
  if (count * share < kFewestRowsPerPart * parts) return std::nullopt;
  const auto kept = std::min(std::min(kRowsPerPart * parts, kMostRows) / (count * share), 1.0);
  return Sample{.clause = fmt::format(" TABLESAMPLE SYSTEM ({:.6f})", std::max(share * 100, 1e-6)),
                .condition = fmt::format("random() < {:.9f}", kept)};
}

}  // namespace rivet::source::postgres
