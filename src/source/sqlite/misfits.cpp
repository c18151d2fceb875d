// SPDX-License-Identifier: Apache-2.0
// Asks of each value what a read would: does it fit its column, and if not, is it exact as text.
#include "source/sqlite/misfits.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "source/sqlite/cells.hpp"
#include "source/sqlite/describe.hpp"

namespace rivet::source::sqlite {
namespace {

const model::LogicalType kText{.kind = model::LogicalKind::text};

/// What is known of one column so far.
struct Verdict {
  CellRules rules, text_rules;
  FitCell fits = nullptr, fits_text = nullptr;
  bool has_misfit = false;
  bool needs_bytes = false;  // some value has no exact text

  void see(sqlite3_stmt* row, int index) {
    if (sqlite3_column_type(row, index) == SQLITE_NULL) return;
    has_misfit = has_misfit || fits(rules, row, index) != Fault::none;
    needs_bytes = needs_bytes || fits_text(text_rules, row, index) != Fault::none;
  }
};

std::vector<Verdict> verdicts_for(const model::Columns& columns, bool utf16) {
  std::vector<Verdict> verdicts;
  for (const auto& column : columns) {
    verdicts.push_back({.rules = {.type = column.type, .utf16 = utf16},
                        .text_rules = {.type = kText, .utf16 = utf16},
                        .fits = cell_functions(column.type).fits,
                        .fits_text = cell_functions(kText).fits});
  }
  return verdicts;
}

Result<void> see_all(Connection& connection, const Shape& shape, std::vector<Verdict>& verdicts) {
  std::vector<int> all(verdicts.size());
  std::iota(all.begin(), all.end(), 0);
  const auto statement = TRY(connection.prepare(select_columns(shape, all, "")));
  std::int64_t rows = 0;
  connection.watch(&rows);
  auto step = connection.step(statement.get());
  for (; step && *step; step = connection.step(statement.get())) {
    ++rows;
    for (const int index : all) verdicts[static_cast<std::size_t>(index)].see(statement.get(), index);
  }
  connection.watch(nullptr);
  return step ? Result<void>() : fail(step.error());
}

std::string with_bytes(const Shape& shape, const std::vector<Verdict>& verdicts) {
  std::string list;
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    const auto name = quote_identifier(shape.columns[i].name);
    const bool bytes = verdicts[i].has_misfit && verdicts[i].needs_bytes;
    list += fmt::format("{}{}", i == 0 ? "" : ", ", bytes ? fmt::format("CAST({0} AS BLOB) AS {0}", name) : name);
  }
  return fmt::format("SELECT {} FROM {}", list, shape.from);
}

}  // namespace

Result<model::Misfits> find_misfits(Connection& connection, const model::Relation& relation,
                                    const model::Columns& columns) {
  connection.watch(nullptr);
  const auto transaction = TRY(ReadTransaction::begin(connection));
  const auto shape = TRY(read_shape(connection, relation));
  if (shape.columns.size() != columns.size()) {
    return fail(ErrorKind::permanent, fmt::format("{} was altered meanwhile", model::display_name(relation)));
  }
  auto verdicts = verdicts_for(columns, connection.is_utf16());
  TRY(see_all(connection, shape, verdicts));
  model::Misfits misfits;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!verdicts[i].has_misfit) continue;
    if (verdicts[i].needs_bytes) {
      misfits.readable_query = with_bytes(shape, verdicts);
    } else {
      misfits.overrides[columns[i].name] = kText;
    }
  }
  return misfits;
}

}  // namespace rivet::source::sqlite
