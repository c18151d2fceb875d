// SPDX-License-Identifier: Apache-2.0
// Which rows of a relation a unit reads, without a word of SQL: every engine spells it in its own dialect.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace rivet::model {

/// One value per key column, each as text that the engine which gave it compares exactly. Integers and dates
/// (`2024-02-29`, midnight UTC) are spelled the same for every engine, so that a planner may make them up.
using KeyValues = std::vector<std::string>;

/// An end of a range.
struct Bound {
  KeyValues values;
  bool inclusive = true;

  bool operator==(const Bound&) const = default;
};

/// Rows whose key lies in a range, compared as a row value by the server, in its order. A missing bound is open.
/// A row with NULL in any key column is in no range.
struct KeyRange {
  std::vector<std::string> columns;
  std::optional<Bound> lower, upper;
  bool coalesced = false;  ///< the key is one value: the first of the columns that is not NULL

  bool operator==(const KeyRange&) const = default;
};

/// Rows in which any of the columns is NULL (all of them, when coalesced): what no range has.
struct NullKey {
  std::vector<std::string> columns;
  bool coalesced = false;

  bool operator==(const NullKey&) const = default;
};

/// Row versions made by transactions numbered [from, below), in the 64-bit numbering of the source's horizon.
struct VersionRange {
  std::int64_t from = 0, below = 0;

  bool operator==(const VersionRange&) const = default;
};

/// Rows of the physical pages [first, end) of a table; without `end` to the last one. Only meaningful within one
/// snapshot.
struct PageRange {
  std::int64_t first = 0;
  std::optional<std::int64_t> end;

  bool operator==(const PageRange&) const = default;
};

/// Rows number [first, last], from 1, when all rows are ordered by the column.
struct RowNumbers {
  std::string column;
  std::int64_t first = 1, last = 1;

  bool operator==(const RowNumbers&) const = default;
};

/// A condition on one row.
using Term = std::variant<KeyRange, NullKey, VersionRange, PageRange, RowNumbers>;

/// The rows for which all terms hold; without terms every row.
struct Predicate {
  std::vector<Term> terms = {};

  bool is_whole() const { return terms.empty(); }
  bool operator==(const Predicate&) const = default;
};

/// Two predicates that hold the rows of the given one, each of them once: a range of one integer key, cut in its
/// middle. Nothing for any other predicate, and for a range of fewer than `least` keys.
std::optional<std::pair<Predicate, Predicate>> halves_of(const Predicate& predicate, std::int64_t least);

/// `whole`, or a JSON array of terms; and back. Kind data for anything else.
std::string to_text(const Predicate& predicate);
Result<Predicate> predicate_from_text(std::string_view text);

}  // namespace rivet::model
