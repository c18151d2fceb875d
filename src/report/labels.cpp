// SPDX-License-Identifier: Apache-2.0
// Texts begin in one column, however long their labels are.
#include "report/labels.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace rivet::report {

std::string labelled(std::string_view label, std::string_view text, int columns) {
  return fmt::format("  {}{}\n", pad_right(fmt::format("{}:", label), columns), text);
}

std::string verdict_text(model::Verdict verdict, const Style& style) {
  const auto text = base::upper(model::name_of(verdict));
  if (verdict == model::Verdict::efficient || verdict == model::Verdict::acceptable) return style.good(text);
  return verdict == model::Verdict::degraded ? style.doubt(text) : style.bad(text);
}

}  // namespace rivet::report
