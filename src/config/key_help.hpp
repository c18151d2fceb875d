// SPDX-License-Identifier: Apache-2.0
// One sentence about every key of the configuration.
#pragma once

#include <span>
#include <string_view>

namespace rivet::config {

/// What a user is told about a key.
struct KeyHelp {
  /// The innermost block and the key, `tls.mode`; the key alone at the top level. An entry of `exports:` is the block
  /// `exports`. A block of several places (`tuning`) is described once.
  std::string_view path;
  std::string_view sentence;
  std::string_view default_json = {};  ///< what an absent key means, where that is one fixed value
  std::string_view example_json = {};
};

/// Every key that a reader asks for, and no other: a test holds the table against the readers.
std::span<const KeyHelp> all_key_help();

/// The help for a path; null when there is none.
const KeyHelp* key_help(std::string_view path);

}  // namespace rivet::config
