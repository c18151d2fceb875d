// SPDX-License-Identifier: Apache-2.0
// Read like any query, so that every engine understands the question.
#include "inspect/condition.hpp"

#include <arrow/api.h>
#include <fmt/format.h>

#include "base/text.hpp"

namespace rivet::inspect {
namespace {

tl::unexpected<Error> no_answer(const std::string& why) {
  return fail(ErrorKind::config, "the query of a gate " + why, "it must give one row with one value: true or false");
}

/// Engines differ in how they carry a truth value; its text is true, t or 1 with all of them.
Result<bool> truth_of(const arrow::Array& column) {
  if (column.IsNull(0)) return false;
  const auto value = column.GetScalar(0);
  const auto text = value.ok() ? base::lower((*value)->ToString()) : std::string();
  if (text == "true" || text == "t" || text == "1") return true;
  if (text == "false" || text == "f" || text == "0") return false;
  return no_answer(fmt::format("gave {} and neither true nor false", text));
}

}  // namespace

Result<bool> holds(const source::Source& source, const std::string& query, const source::SessionOptions& options,
                   const std::stop_token& stop) {
  const auto session = TRY(source.open(options, stop));
  source::ReadRequest request{.relation = {.query = query}};
  request.columns = TRY(session->describe(request.relation, {})).columns;
  if (request.columns.size() != 1) return no_answer(fmt::format("has {} columns", request.columns.size()));
  const auto stream = TRY(session->read(request));
  std::optional<bool> answer;
  while (const auto batch = TRY(stream->next())) {
    if ((*batch)->num_rows() == 0) continue;
    if (answer || (*batch)->num_rows() > 1) return no_answer("gave more than one row");
    answer = TRY(truth_of(*(*batch)->column(0)));
  }
  if (!answer) return no_answer("gave no row");
  return *answer;
}

}  // namespace rivet::inspect
