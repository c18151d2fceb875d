// SPDX-License-Identifier: Apache-2.0
// Scheduling hints written into a configuration's text, every other byte of it left as it is.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rivet::config {

/// What to write for one export.
struct Annotation {
  std::string export_name;
  std::optional<int> wave;
  std::optional<bool> parallel_safe;
};

/// The annotated text, and the exports that could not be annotated: their entries are written in a way that a line or
/// a word cannot be added to.
struct Annotated {
  std::string text;
  std::vector<std::string> changed, refused;
};

/// Adds `wave` and `parallel_safe` behind the name of each export, or in place of the value that stands there. The
/// result is parsed again: an edit that would change anything else of what the text says is not made.
Annotated annotate(std::string_view text, const std::vector<Annotation>& annotations);

}  // namespace rivet::config
