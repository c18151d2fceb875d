// SPDX-License-Identifier: Apache-2.0
// Asks SQLite's planner and, with rows of our own, its affinities.
#include "source/sqlite/affinity.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

namespace rivet::source::sqlite {

Result<bool> has_loose_affinity(Connection& connection, const std::string& from) {
  // Steps as https://www.sqlite.org/eqp.html names them.
  const auto statement = TRY(connection.prepare("EXPLAIN QUERY PLAN SELECT * FROM " + from));
  while (TRY(connection.step(statement.get()))) {
    const auto step = text_at(statement.get(), 3);
    for (const auto* sign : {"COMPOUND QUERY", "MERGE (", "RECURSIVE STEP", "CONSTANT ROWS", "VIRTUAL TABLE"}) {
      if (step.find(sign) != std::string::npos) return true;
    }
  }
  return false;
}

Result<std::optional<std::size_t>> find_real_affinity(Connection& connection, const std::string& from,
                                                      std::size_t columns) {
  std::vector<std::string> names, ones, types;
  for (std::size_t i = 0; i < columns; ++i) {
    names.push_back(fmt::format("c{}", i));
    ones.push_back("1");
    types.push_back(fmt::format("typeof(c{})", i));
  }
  // The columns take over the affinities of the relation, of which no row is read; UNION keeps the parts together.
  const auto statement = TRY(connection.prepare(
      fmt::format("WITH p({}) AS (SELECT * FROM (SELECT * FROM {} LIMIT 0) UNION SELECT {}) SELECT {} FROM p",
                  fmt::join(names, ", "), from, fmt::join(ones, ", "), fmt::join(types, ", "))));
  if (!TRY(connection.step(statement.get()))) return std::optional<std::size_t>();
  for (std::size_t i = 0; i < columns; ++i) {
    if (text_at(statement.get(), static_cast<int>(i)) == "real") return std::optional(i);
  }
  return std::optional<std::size_t>();
}

}  // namespace rivet::source::sqlite
