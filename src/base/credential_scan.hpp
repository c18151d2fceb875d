// SPDX-License-Identifier: Apache-2.0
// Finds what has the shape of a credential, whether or not anybody said that it is one.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace rivet::base {

/// Bytes `begin` to `end` (not included) of a text.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  friend bool operator==(const Span&, const Span&) = default;
};

/// Adds the user part of every URL, from behind `://` to before its `@`. It reaches to the last `@` in front of white
/// space or a quote, because a password may hold any of `/ ? # @ :` unescaped: rather a host too much than a password
/// too little. In a URL without `@`, what follows `name:` and is no port counts as a password too, as far as the last
/// `@` of the line. Linear in the text.
void find_url_credentials(std::string_view text, std::vector<Span>& found);

/// Adds the value of every `key=value` whose key ends in one of the usual words (password, pwd, secret, token,
/// AccountKey, X-Amz-Signature, ...; any case). Values are `'...'` and `"..."` (quotes inside doubled or behind a
/// backslash), `{...}`, or bare: then they end at white space, or at a `;` or `&` that another `key=` follows. A quoted
/// value without an end reaches to the end of its line. Linear in the text.
void find_key_value_credentials(std::string_view text, std::vector<Span>& found);

}  // namespace rivet::base
