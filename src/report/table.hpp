// SPDX-License-Identifier: Apache-2.0
// Plain text tables whose columns grow with their content.
#pragma once

#include <string>
#include <vector>

namespace rivet::report {

/// Collects rows, then prints heading, rule and rows.
class TextTable {
 public:
  enum class Align { left, right };
  struct Column {
    std::string heading;
    Align align = Align::left;
    int width = 0;  ///< at least; the last column is never padded
  };

  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// REQUIRES: one cell per column. `below` are extra lines printed under the row as they are.
  void add(std::vector<std::string> cells, std::vector<std::string> below = {});
  std::string text() const;

 private:
  struct Row {
    std::vector<std::string> cells, below;
  };
  std::string line(const std::vector<std::string>& cells) const;

  std::vector<Column> columns_;
  std::vector<Row> rows_;
};

}  // namespace rivet::report
