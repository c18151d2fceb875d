// SPDX-License-Identifier: Apache-2.0
// Scanners that look at every byte a bounded number of times: no regular expressions, no recursion.
#include "base/credential_scan.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace rivet::base {
namespace {

constexpr auto npos = std::string_view::npos;
constexpr std::string_view kWhiteSpace = " \t\n\r\v\f";
constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kQuotes = "\"'`";
constexpr std::string_view kRunEnds = " \t\n\r\v\f\"'`";  // what ends a URL
constexpr std::string_view kLineEnds = "\n\r";
constexpr std::string_view kValueEnds = " \t\n\r\v\f\"'`,;&)]}";  // what may stand behind a quoted value
constexpr std::size_t kLongestKey = 64;

/// Endings of keys whose values are secret. Keys are compared in lower case, without `_` and `-`.
constexpr auto kSecretEndings = std::to_array<std::string_view>(
    {"password", "passwd", "pwd", "passphrase", "passcode", "secret", "token", "apikey", "accountkey", "accesskey",
     "secretkey", "privatekey", "clientkey", "serverkey", "signature", "credential", "credentials"});
/// Whole keys, too short to be looked for at the end of others.
constexpr auto kSecretKeys = std::to_array<std::string_view>({"sig", "pass", "pw"});

bool is_one_of(char c, std::string_view set) { return set.find(c) != npos; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }
bool is_key_char(char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.'; }
bool is_scheme_char(char c) { return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; }

std::size_t end_or(std::size_t found, std::string_view text) { return found == npos ? text.size() : found; }

/// Where the password begins in `name:password`; npos when there is none or a port stands there.
std::size_t password_in(std::string_view authority) {
  if (authority.starts_with('[')) return npos;  // an IPv6 address
  const auto colon = authority.find(':');
  if (colon == npos || colon + 1 == authority.size()) return npos;
  const auto value = authority.substr(colon + 1);
  const auto digits = std::min(value.find_first_not_of("0123456789"), value.size());
  const bool is_port = digits > 0 && digits <= 5 && (digits == value.size() || !is_key_char(value[digits]));
  return is_port ? npos : colon + 1;
}

/// A stretch of text up to one of some characters, with its last `@`. Measured once for all URLs that begin in it.
class Stretch {
 public:
  explicit Stretch(std::string_view ends) : ends_(ends) {}

  void measure(std::string_view text, std::size_t begin) {
    if (begin < end_) return;
    end_ = end_or(text.find_first_of(ends_, begin), text);
    const auto sign = text.substr(begin, end_ - begin).rfind('@');
    sign_ = sign == npos ? npos : begin + sign;
  }
  std::size_t end() const { return end_; }
  /// Offset of the last `@`, npos without one.
  std::size_t sign() const { return sign_; }

 private:
  std::string_view ends_;
  std::size_t end_ = 0;
  std::size_t sign_ = npos;
};

/// The user part of the URL whose authority begins at `begin`; empty when it has none.
Span user_part(std::string_view text, std::size_t begin, Stretch& run, Stretch& line) {
  run.measure(text, begin);
  if (run.sign() != npos && run.sign() >= begin) return {begin, run.sign()};
  const auto rest = text.substr(begin, run.end() - begin);
  const auto password = password_in(rest.substr(0, rest.find_first_of("/?#")));
  if (password == npos) return {};
  line.measure(text, begin);  // a blank or quote in the password may have ended the run too early
  const bool goes_on = line.sign() != npos && line.sign() > begin;
  return {begin + password, goes_on ? line.sign() : run.end()};
}

/// A key as it is compared: the last `kLongestKey` characters at most.
std::string_view key_before(std::string_view text, std::size_t equals, std::size_t floor, std::string& buffer) {
  auto end = equals;
  while (end > floor && is_one_of(text[end - 1], kBlanks)) --end;
  if (end > floor && (is_one_of(text[end - 1], kQuotes) || text[end - 1] == ']')) --end;
  auto begin = end;
  while (begin > floor && end - begin < kLongestKey && is_key_char(text[begin - 1])) --begin;
  buffer.clear();
  for (const char c : text.substr(begin, end - begin)) {
    if (c != '_' && c != '-') buffer += lower(c);
  }
  return buffer;
}

bool is_secret_key(std::string_view key) {
  const auto ends_key = [&](std::string_view ending) { return key.ends_with(ending); };
  return std::any_of(kSecretEndings.begin(), kSecretEndings.end(), ends_key) ||
         std::find(kSecretKeys.begin(), kSecretKeys.end(), key) != kSecretKeys.end();
}

/// Behind the closing character; a doubled one, or one behind a backslash, does not close.
std::size_t quoted_end(std::string_view text, std::size_t at) {
  const char close = text[at] == '{' ? '}' : text[at];
  for (++at; at < text.size() && text[at] != '\n'; ++at) {
    if (text[at] == '\\' && close != '}' && at + 1 < text.size()) {
      ++at;
    } else if (text[at] == close) {
      if (at + 1 == text.size() || text[at + 1] != close) return at + 1;
      ++at;
    }
  }
  return std::min(at, text.size());
}

/// Whether another `key=` begins here, so that the separator in front of it is one.
bool is_pair(std::string_view text, std::size_t at) {
  const auto begin = at;
  while (at < text.size() && at - begin < kLongestKey && is_key_char(text[at])) ++at;
  return at > begin && at < text.size() && text[at] == '=';
}

std::size_t bare_end(std::string_view text, std::size_t at) {
  for (; at < text.size() && !is_one_of(text[at], kWhiteSpace); ++at) {
    if ((text[at] == ';' || text[at] == '&') && is_pair(text, at + 1)) break;
  }
  return at;
}

Span value_behind(std::string_view text, std::size_t equals) {
  const auto begin = end_or(text.find_first_not_of(kBlanks, equals + 1), text);
  if (begin == text.size()) return {begin, begin};
  if (!is_one_of(text[begin], kQuotes) && text[begin] != '{') return {begin, bare_end(text, begin)};
  const auto end = quoted_end(text, begin);
  const bool ends_there = end == text.size() || is_one_of(text[end], kValueEnds);
  return {begin, ends_there ? end : bare_end(text, end)};
}

}  // namespace

void find_url_credentials(std::string_view text, std::vector<Span>& found) {
  Stretch run(kRunEnds), line(kLineEnds);
  for (auto at = text.find("://"); at != npos; at = text.find("://", at)) {
    at += 3;
    if (at == 3 || !is_scheme_char(text[at - 4])) continue;
    const auto span = user_part(text, at, run, line);
    if (span.begin < span.end) found.push_back(span);
    at = std::max(at, span.end);
  }
}

void find_key_value_credentials(std::string_view text, std::vector<Span>& found) {
  std::string key;
  std::size_t floor = 0;  // what lies before is a value already taken
  for (auto at = text.find('='); at != npos; at = text.find('=', at)) {
    if (!is_secret_key(key_before(text, at, floor, key))) {
      ++at;
      continue;
    }
    const auto span = value_behind(text, at);
    if (span.begin < span.end) found.push_back(span);
    at = floor = std::max(span.end, at + 1);
  }
}

}  // namespace rivet::base
