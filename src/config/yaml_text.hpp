// SPDX-License-Identifier: Apache-2.0
// Pieces of YAML that read back as the text they were made of, whatever it is.
#pragma once

#include <string>
#include <string_view>

namespace rivet::config {

/// A value that load() reads as exactly this text: plain where nothing else could be meant, else in double quotes. A
/// `${` in it is spelled so that nothing is substituted. REQUIRES: UTF-8 without NUL.
std::string yaml_value(std::string_view text);

/// The same for a key, in which nothing is substituted.
std::string yaml_key(std::string_view text);

/// The text as it may stand in a comment: on one line.
std::string one_line(std::string_view text);

/// Comment lines of at most about 100 columns, each behind `indent` blanks and `# `.
std::string yaml_comment(int indent, std::string_view text);

}  // namespace rivet::config
