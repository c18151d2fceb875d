// SPDX-License-Identifier: Apache-2.0
// Column widths in display columns, not bytes.
#include "report/table.hpp"

#include <algorithm>

#include "report/terminal.hpp"

namespace rivet::report {

void TextTable::add(std::vector<std::string> cells, std::vector<std::string> below) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    columns_[i].width = std::max(columns_[i].width, display_width(cells[i]));
  }
  rows_.push_back({std::move(cells), std::move(below)});
}

std::string TextTable::line(const std::vector<std::string>& cells) const {
  std::string text;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const auto& column = columns_[i];
    const bool last = i + 1 == columns_.size();
    if (i > 0) text += ' ';
    if (column.align == Align::right) {
      text += pad_left(fit(cells[i], column.width), column.width);
    } else {
      text += last ? fit(cells[i], display_width(cells[i])) : pad_right(cells[i], column.width);
    }
  }
  return text + "\n";
}

std::string TextTable::text() const {
  std::vector<std::string> headings;
  int width = static_cast<int>(columns_.size()) - 1;
  for (const auto& column : columns_) {
    headings.push_back(column.heading);
    width += std::max(column.width, display_width(column.heading));
  }
  auto text = line(headings) + std::string(static_cast<std::size_t>(width), '-') + "\n";
  for (const auto& row : rows_) {
    text += line(row.cells);
    for (const auto& extra : row.below) text += extra + "\n";
  }
  return text;
}

}  // namespace rivet::report
