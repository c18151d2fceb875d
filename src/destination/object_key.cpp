// SPDX-License-Identifier: Apache-2.0
// The rules for object names.
#include "destination/object_key.hpp"

#include <fmt/format.h>

namespace rivet::destination {
namespace {

bool is_plain(std::string_view component) { return !component.empty() && component != "." && component != ".."; }

bool is_valid(std::string_view key) {
  if (key.find('\0') != std::string_view::npos) return false;
  for (;;) {
    const auto slash = key.find('/');
    if (!is_plain(key.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    key.remove_prefix(slash + 1);
  }
}

}  // namespace

Result<void> check_key(const ObjectKey& key) {
  if (is_valid(key)) return {};
  return fail({.kind = ErrorKind::config,
               .message = fmt::format("\"{}\" cannot be the name of an object", key),
               .hint = "a name is relative to the destination's prefix and has no empty, \".\" or \"..\" component"});
}

}  // namespace rivet::destination
