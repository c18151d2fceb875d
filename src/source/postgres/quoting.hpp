// SPDX-License-Identifier: Apache-2.0
// How names and values become SQL text, passed in so that statements can be built and tested without a server.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace rivet::source::postgres {

/// Quotes for one connection: safe under its standard_conforming_strings and its encoding. Empty for text that is
/// not valid in that encoding.
struct Quoting {
  std::function<std::string(std::string_view)> identifier;
  std::function<std::string(std::string_view)> literal;
};

}  // namespace rivet::source::postgres
