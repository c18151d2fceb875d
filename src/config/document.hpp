// SPDX-License-Identifier: Apache-2.0
// A YAML file as a plain tree that remembers line numbers, so that nothing beyond this header sees the YAML library.
#pragma once

#include "config/problems.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace rivet::config {

/// A YAML value. Aliases are already resolved to copies of what they name.
struct Node {
  enum class Kind { null, scalar, list, map };
  struct Entry;

  Kind kind = Kind::null;
  std::string text = {};            ///< scalar only
  bool plain = true;                ///< scalar only: written without quotes, so it may be a number or a bool
  int line = 0;                     ///< 1-based
  std::vector<Node> items = {};     ///< list only
  std::vector<Entry> entries = {};  ///< map only, in file order, keys unique
};

/// One `key: value` of a map.
struct Node::Entry {
  std::string key;
  int line = 0;
  Node value;
};

/// Parses a file's text. What cannot be parsed, repeated keys, aliases that grow without bound and a second
/// document are added to `problems`; the tree then holds what could be understood.
Node parse_yaml(std::string_view text, Problems& problems);

/// True when the bytes are well-formed UTF-8 (RFC 3629).
bool is_utf8(std::string_view bytes);

}  // namespace rivet::config
