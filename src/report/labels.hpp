// SPDX-License-Identifier: Apache-2.0
// What cards and reviews for people are made of: lines of label and text, and words in colour.
#pragma once

#include <string>
#include <string_view>

#include "model/preflight.hpp"
#include "report/terminal.hpp"

namespace rivet::report {

/// One `  label: text` line, with the text after `columns` columns.
std::string labelled(std::string_view label, std::string_view text, int columns);

/// The verdict in capitals, in the colour that it deserves.
std::string verdict_text(model::Verdict verdict, const Style& style);

}  // namespace rivet::report
