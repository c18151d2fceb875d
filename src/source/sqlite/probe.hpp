// SPDX-License-Identifier: Apache-2.0
// Decides the type of a column from its values, where its declaration does not.
#pragma once

#include "model/column.hpp"
#include "source/sqlite/cells.hpp"
#include "source/sqlite/types.hpp"

#include <sqlite3.h>

#include <string>

namespace rivet::source::sqlite {

/// Looks at the values of one column until they can no longer change the answer.
class ColumnProbe {
 public:
  /// REQUIRES: `declared` is by_name or by_storage. `utf16` as in CellRules.
  ColumnProbe(Declared declared, bool utf16);

  /// Takes column `index` of the current row into account.
  void see(sqlite3_stmt* row, int index);
  /// Whether further values change nothing.
  bool is_settled() const { return settled_; }
  /// Sets type, fidelity and warning of `column` from what was seen.
  void conclude(model::Column& column) const;

 private:
  void see_storage(sqlite3_stmt* row, int index);
  void see_misfit(sqlite3_stmt* row, int index);
  void conclude_by_storage(model::Column& column) const;
  std::string classes() const;

  const Declared declared_;
  const CellRules rules_;
  const FitCell fits_;
  bool settled_ = false;
  std::string misfit_;  // the value that did not fit; empty when all did
  bool integers_ = false, wide_integers_ = false, reals_ = false, texts_ = false, blobs_ = false;
};

}  // namespace rivet::source::sqlite
