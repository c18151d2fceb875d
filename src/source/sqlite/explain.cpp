// SPDX-License-Identifier: Apache-2.0
// EXPLAIN QUERY PLAN (https://www.sqlite.org/eqp.html): SCAN visits every row, SEARCH does not.
#include "source/sqlite/explain.hpp"

#include "source/sqlite/describe.hpp"
#include "source/sqlite/predicate.hpp"

namespace rivet::source::sqlite {

Result<model::ScanPlan> explain_read(Connection& connection, const ReadRequest& request) {
  const auto transaction = TRY(ReadTransaction::begin(connection));
  const auto shape = TRY(read_shape(connection, request.relation));
  auto select = TRY(select_rows(shape, request.relation, request.predicate, false));
  select.text.insert(0, "EXPLAIN QUERY PLAN ");
  const auto lines = TRY(prepare_bound(connection, select));
  model::ScanPlan plan{.text = "", .uses_index = true, .has_index = true};
  while (TRY(connection.step(lines.get()))) {
    const auto line = text_at(lines.get(), 3);
    if (plan.text.empty()) plan.text = line;
    if (line.starts_with("SCAN")) plan.uses_index = plan.has_index = false;
  }
  return plan;
}

}  // namespace rivet::source::sqlite
