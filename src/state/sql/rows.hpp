// SPDX-License-Identifier: Apache-2.0
// Rows of the store as the views of its contract. Each reads the columns that statements.hpp selects, in their order.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "state/sql/connection.hpp"
#include "state/store.hpp"

namespace rivet::state::sql {

RunView read_run(Execution& row);
UnitView read_unit(Execution& row);
FileView read_file(Execution& row);
MetricsRecorded read_metrics(Execution& row);
RecentGroup read_recent_group(Execution& row);
ProgressionView read_progression(Execution& row);
LiveUnit read_live_unit(Execution& row);
model::UnitRef read_unit_ref(Execution& row);
/// A single number; a single text; a single blob.
std::int64_t read_number(Execution& row);
std::string read_text(Execution& row);
std::string read_blob(Execution& row);

/// The enumerator whose name the next column holds; `what` is told of any other word.
template <class Values>
auto read_word(Execution& row, const Values& values, std::string_view what) {
  const auto word = row.text();
  const auto found = std::find_if(values.begin(), values.end(), [&](auto value) { return name_of(value) == word; });
  if (found != values.end()) return *found;
  row.refuse(what);
  return values.front();
}

/// All rows of an execution.
template <class View>
Result<std::vector<View>> read_all(Execution rows, View (*read)(Execution&)) {
  std::vector<View> views;
  while (TRY(rows.next())) views.push_back(read(rows));
  return views;
}

/// The first row, if there is one.
template <class View>
Result<std::optional<View>> read_first(Execution rows, View (*read)(Execution&)) {
  if (!TRY(rows.next())) return std::optional<View>();
  std::optional<View> view(read(rows));
  TRY(rows.finish());
  return view;
}

}  // namespace rivet::state::sql
