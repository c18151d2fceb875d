// SPDX-License-Identifier: Apache-2.0
// Whatever proposes the points, the server orders and compares them, or walks in its own order.
#include "source/postgres/split_points.hpp"

#include <algorithm>
#include <functional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "source/postgres/histogram.hpp"
#include "source/postgres/key_probe.hpp"
#include "source/postgres/keys.hpp"
#include "source/postgres/predicate.hpp"
#include "source/postgres/result_cells.hpp"
#include "source/postgres/sampling.hpp"

namespace rivet::source::postgres {
namespace {

using std::chrono::seconds;
using Points = std::vector<model::KeyValues>;

// The walk looks at more points than it needs, because the step comes from an estimate. A step that was much too
// small shows when this many points do not reach the end; then it grows. One that was too large finds too few points;
// then it shrinks, by less than what would be too small.
constexpr std::int64_t kOversampling = 8;
constexpr std::int64_t kUsefulPoints = 65'536;  // more parts than this are cut without looking at more points
constexpr std::int64_t kUnderestimate = 16;     // by which the step may be too small
constexpr std::int64_t kStepGrowth = 64;
constexpr std::int64_t kStepShrink = 8;

constexpr std::int64_t kWorthWalking = 10;  // entries of an index that may be passed for each one that counts

// Sorts and full scans only where nothing else is possible; what that adds to the estimated cost must not start the
// just-in-time compiler.
constexpr const char* kPreferIndex =
    "SET LOCAL enable_sort = off; SET LOCAL enable_incremental_sort = off; SET LOCAL enable_seqscan = off; "
    "SET LOCAL enable_bitmapscan = off; SET LOCAL jit = off";

using Spelling = std::function<std::string(const Field&, std::size_t)>;

std::string list_of(const std::vector<Field>& columns, const Spelling& spell) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < columns.size(); ++i) out.push_back(spell(columns[i], i + 1));
  return fmt::format("{}", fmt::join(out, ", "));
}

Points points_of(const PgResult& rows) {
  Points points;
  for (int row = 0; row < PQntuples(rows.get()); ++row) {
    auto& point = points.emplace_back();
    for (int i = 0; i < PQnfields(rows.get()); ++i) point.push_back(cell(rows, row, i));
  }
  return points;
}

/// The n-th key column of the relation, its name in derived tables, and that as text.
struct KeyLists {
  std::string own, named, names, texts;
};

KeyLists lists_of(const Quoting& quoting, const std::vector<Field>& columns) {
  return {.own = list_of(columns, [&](const auto& field, auto) { return value_of(quoting, field); }),
          .named = list_of(columns, [&](const auto& field,
                                        auto n) { return fmt::format("{} AS k{}", value_of(quoting, field), n); }),
          .names = list_of(columns, [](const auto&, auto n) { return fmt::format("p.k{}", n); }),
          .texts = list_of(columns, [](const auto&, auto n) { return fmt::format("p.k{}::text", n); })};
}

/// Values of the first column as points of the whole key: each one is where its value would stand in the key's order.
/// The empty first branch gives the list its type and its collation.
Result<std::string> complete_statement(const Quoting& quoting, const SplitRequest& request,
                                       const std::vector<std::string>& values) {
  const auto& leading = request.columns.front();
  const auto lists = lists_of(quoting, request.columns);
  std::vector<std::string> rows;
  for (const auto& value : values) rows.push_back(fmt::format("({})", TRY(typed_literal(quoting, leading, value))));
  auto points = fmt::format("(SELECT {} AS k1 {} UNION ALL VALUES {}) AS p", value_of(quoting, leading),
                            from_rows(request.rows, {"false"}), fmt::join(rows, ", "));
  if (request.columns.size() > 1) {
    const std::vector<std::string> conditions{TRY(comparison(quoting, {leading}, ">=", {"v.k1"})),
                                              all_present(quoting, request.columns)};
    points = fmt::format("(VALUES {}) AS v(k1) CROSS JOIN LATERAL (SELECT {} {} ORDER BY {} LIMIT 1) AS p",
                         fmt::join(rows, ", "), lists.named, from_rows(request.rows, conditions), lists.own);
  }
  return fmt::format("SELECT DISTINCT ON ({0}) {1} FROM {2} ORDER BY {0}", lists.names, lists.texts, points);
}

Points pick(Points points, const std::vector<std::size_t>& chosen) {
  Points out;
  for (const auto index : chosen) out.push_back(std::move(points[index]));
  return out;
}

Result<Points> from_histogram(Connection& connection, const SplitRequest& request, seconds limit) {
  const auto bounds = TRY(read_histogram(connection, request.relation, request.columns.front(), request.parts, limit));
  if (bounds.size() < 3) return Points{};
  std::vector<std::string> values;
  for (const auto index : evenly_spaced(bounds.size() - 2, request.parts)) values.push_back(bounds[index + 1]);
  const auto sql = TRY(complete_statement(connection.quoting(), request, values));
  return points_of(TRY(connection.execute(sql, limit)));
}

Result<Points> by_walk(Connection& connection, const SplitRequest& request, std::int64_t rows, seconds limit) {
  const auto wanted = request.parts * std::clamp<std::int64_t>(kUsefulPoints / request.parts, 1, kOversampling);
  const auto most = wanted * kUnderestimate;
  for (auto step = std::max<std::int64_t>(rows / wanted, 1);;) {
    const auto sql = TRY(walk_statement(connection.quoting(), request, step, most));
    auto points = points_of(TRY(connection.execute(sql, limit)));
    const auto found = static_cast<std::int64_t>(points.size());
    const bool too_few = found + 1 < request.parts && step > 1;
    if (found < most && !too_few) {
      const auto chosen = evenly_spaced(points.size(), request.parts);
      return pick(std::move(points), chosen);
    }
    step = too_few ? std::max<std::int64_t>(step / kStepShrink, 1) : step * kStepGrowth;
  }
}

/// The keys that end each part, when the rows are sorted and cut into equal parts; not the last part's, which is no
/// point to cut at.
Result<Points> by_sort(Connection& connection, const SplitRequest& request, const Sample& sample, seconds limit) {
  const auto quoting = connection.quoting();
  const auto lists = lists_of(quoting, request.columns);
  const RowSource rows{.item = request.rows.item + sample.clause, .condition = request.rows.condition};
  const auto from = from_rows(rows, {all_present(quoting, request.columns), sample.condition});
  const auto sql = fmt::format(
      "SELECT DISTINCT ON ({0}) {1} FROM (SELECT {2}, row_number() OVER (ORDER BY {3}) AS n, count(*) OVER () AS total "
      "{4}) AS p WHERE n * {5} / total <> (n - 1) * {5} / total ORDER BY {0}",
      lists.names, lists.texts, lists.named, lists.own, from, request.parts);
  auto points = points_of(TRY(connection.execute(sql, limit)));
  if (!points.empty()) points.pop_back();
  return points;
}

/// The rows of the whole relation, or of a sample where the walk would take too long.
Result<Points> by_index(Connection& connection, const SplitRequest& request, seconds limit) {
  const auto quoting = connection.quoting();
  const auto select = "SELECT " + from_rows(request.rows, {all_present(quoting, request.columns)});
  const auto rows = TRY(estimate_rows(connection, select, limit)).value_or(0);
  Points points;
  if (const auto sample = TRY(plan_sample(connection, request.relation, rows, request.parts, limit))) {
    points = TRY(by_sort(connection, request, *sample, limit));
  }
  return points.empty() ? by_walk(connection, request, rows, limit) : std::move(points);
}

/// The points without one at the very last key, behind which there is nothing.
Result<Points> before_last_key(Connection& connection, const SplitRequest& request, Points points, seconds limit) {
  if (points.empty()) return points;
  if (points.back() == TRY(probe_last_key(connection, request.rows, request.columns, limit))) points.pop_back();
  return points;
}

/// Whether the statistics of the first column are about the rows that are cut.
bool has_statistics(const SplitRequest& request) {
  return request.relation.within.is_whole() && request.columns.front().expression.empty();
}

/// Whether a term bounds the key itself, so that a walk meets no other rows.
bool bounds_key(const model::Term& term, const model::KeyColumns& key) {
  const auto* range = std::get_if<model::KeyRange>(&term);
  if (range == nullptr || range->coalesced != key.coalesced) return false;
  return key.coalesced ? range->columns == key.columns : range->columns.front() == key.columns.front();
}

/// Whether an index of the key meets few rows out of bounds. To sort the others costs less otherwise.
Result<bool> can_walk(Connection& connection, const SplitRequest& request, seconds limit) {
  if (!TRY(has_ordered_index(connection, request.relation, request.key, limit))) return false;
  const auto& terms = request.relation.within.terms;
  const auto is_on_key = [&](const auto& term) { return bounds_key(term, request.key); };
  if (terms.empty() || std::any_of(terms.begin(), terms.end(), is_on_key)) return true;
  const auto inside = TRY(estimate_rows(connection, "SELECT " + from_rows(request.rows, {}), limit)).value_or(0);
  const auto all = TRY(estimate_rows(connection, "SELECT FROM " + request.rows.item, limit)).value_or(0);
  return inside * kWorthWalking >= all;
}

}  // namespace

std::vector<std::size_t> evenly_spaced(std::size_t points, int parts) {
  std::vector<std::size_t> chosen;
  const auto wanted = std::min(static_cast<std::size_t>(std::max(parts, 1) - 1), points);
  const auto gaps = wanted + 1;
  for (std::size_t i = 1; i <= wanted; ++i) chosen.push_back((2 * i * (points + 1) + gaps) / (2 * gaps) - 1);
  return chosen;
}

Result<std::string> walk_statement(const Quoting& quoting, const SplitRequest& request, std::int64_t step,
                                   std::int64_t most) {
  const auto lists = lists_of(quoting, request.columns);
  std::vector<std::string> last;
  for (std::size_t n = 1; n <= request.columns.size(); ++n) last.push_back(fmt::format("walk.k{}", n));
  const auto step_from = [&](const std::string& condition) {
    return fmt::format("SELECT {} {} ORDER BY {} OFFSET {} LIMIT 1", lists.named, from_rows(request.rows, {condition}),
                       lists.own, step - 1);
  };
  const auto present = all_present(quoting, request.columns);
  const auto behind = TRY(comparison(quoting, request.columns, ">", last));
  return fmt::format(
      "WITH RECURSIVE walk AS (({}) UNION ALL SELECT {} FROM walk CROSS JOIN LATERAL ({}) AS p) "
      "SELECT {} FROM walk AS p LIMIT {}",
      step_from(present), lists.names, step_from(present + " AND " + behind), lists.texts, most);
}

Result<Points> find_split_points(Connection& connection, const SplitRequest& request, seconds limit) {
  if (request.parts < 2) return Points{};
  const bool walkable = TRY(can_walk(connection, request, limit));
  if (walkable) TRY(connection.execute(kPreferIndex, limit));
  Points points;
  if (has_statistics(request) && (walkable || request.columns.size() == 1)) {
    points = TRY(from_histogram(connection, request, limit));
  }
  if (points.empty() && !walkable) return by_sort(connection, request, {.clause = "", .condition = "true"}, limit);
  if (points.empty()) points = TRY(by_index(connection, request, limit));
  return walkable ? before_last_key(connection, request, std::move(points), limit) : std::move(points);
}

}  // namespace rivet::source::postgres
