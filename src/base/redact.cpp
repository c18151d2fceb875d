// SPDX-License-Identifier: Apache-2.0
// Exact search for known secrets, then for what has the shape of one; all that is found becomes a mask.
#include "base/redact.hpp"

#include "base/credential_scan.hpp"

#include <algorithm>
#include <mutex>
#include <span>

namespace rivet::base {
namespace {

constexpr std::string_view kMask = "***";
constexpr std::size_t kAnywhere = 4;  // bytes from which on a secret is masked inside of words too

/// How the text may spell a secret.
enum class Spelling { plain, percent, form };  // form: percent, and blanks as `+`

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_word(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

bool is_escape(std::string_view text, std::size_t at) {
  return at + 2 < text.size() && text[at] == '%' && hex_digit(text[at + 1]) >= 0 && hex_digit(text[at + 2]) >= 0;
}

/// The byte spelled at `at`, which moves behind it.
char take_byte(std::string_view text, std::size_t& at, Spelling spelling) {
  if (spelling != Spelling::plain && is_escape(text, at)) {
    at += 3;
    return static_cast<char>(hex_digit(text[at - 2]) * 16 + hex_digit(text[at - 1]));
  }
  const char c = text[at++];
  return spelling == Spelling::form && c == '+' ? ' ' : c;
}

/// The way back over `bytes` spelled bytes. Escapes never overlap, so it is the way that take_byte() came.
std::size_t step_back(std::string_view text, std::size_t end, std::size_t bytes, Spelling spelling) {
  if (spelling == Spelling::plain) return end - bytes;
  for (; bytes > 0; --bytes) end -= end >= 3 && is_escape(text, end - 3) ? 3 : 1;
  return end;
}

std::vector<std::uint32_t> fallback_table(std::string_view secret) {
  std::vector<std::uint32_t> table(secret.size() + 1, 0);
  std::uint32_t matched = 0;
  for (std::size_t at = 1; at < secret.size(); ++at) {
    while (matched > 0 && secret[at] != secret[matched]) matched = table[matched];
    if (secret[at] == secret[matched]) ++matched;
    table[at + 1] = matched;
  }
  return table;
}

/// Never half a character: a secret that is not UTF-8 may begin or end inside of one.
Span whole_characters(std::string_view text, Span span) {
  for (int steps = 0; steps < 3 && span.begin > 0 && is_continuation(text[span.begin]); ++steps) --span.begin;
  for (int steps = 0; steps < 3 && span.end < text.size() && is_continuation(text[span.end]); ++steps) ++span.end;
  return span;
}

bool stands_alone(std::string_view text, Span span) {
  const bool joins_before = span.begin > 0 && (is_word(text[span.begin - 1]) || is_continuation(text[span.begin]));
  const bool joins_after = span.end < text.size() && (is_word(text[span.end]) || is_continuation(text[span.end]));
  return !joins_before && !joins_after;
}

void add_match(std::string_view text, Span span, std::size_t secret_bytes, std::vector<Span>& found) {
  if (secret_bytes < kAnywhere && !stands_alone(text, span)) return;
  if (secret_bytes >= kAnywhere) span = whole_characters(text, span);
  const bool overlaps = !found.empty() && found.back().begin <= span.begin && span.begin < found.back().end;
  if (overlaps) {
    found.back().end = std::max(found.back().end, span.end);
  } else {
    found.push_back(span);
  }
}

void find_spelled(std::string_view text, std::string_view secret, std::span<const std::uint32_t> fallback,
                  Spelling spelling, std::vector<Span>& found) {
  std::size_t matched = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (matched == 0 && spelling == Spelling::plain) {
      at = text.find(secret.front(), at);
      if (at == std::string_view::npos) return;
    }
    const char c = take_byte(text, at, spelling);
    while (matched > 0 && c != secret[matched]) matched = fallback[matched];
    if (c == secret[matched]) ++matched;
    if (matched < secret.size()) continue;
    add_match(text, {step_back(text, at, matched, spelling), at}, secret.size(), found);
    matched = fallback[matched];
  }
}

/// Copies the text with a mask in place of every span. Spans that overlap become one, so none leaves a tail.
std::string masked(std::string_view text, std::vector<Span>& spans) {
  std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) { return a.begin < b.begin; });
  std::string out;
  out.reserve(text.size());
  std::size_t copied = 0;
  for (std::size_t i = 0; i < spans.size();) {
    auto whole = spans[i];
    for (++i; i < spans.size() && spans[i].begin < whole.end; ++i) whole.end = std::max(whole.end, spans[i].end);
    out += text.substr(copied, whole.begin - copied);
    out += kMask;
    copied = whole.end;
  }
  out += text.substr(copied);
  return out;
}

}  // namespace

void Redactor::remember(std::string_view secret) {
  if (secret.empty()) return;
  const std::unique_lock lock(mutex_);
  const auto is_known = [&](const Secret& known) { return known.text == secret; };
  if (std::any_of(secrets_.begin(), secrets_.end(), is_known)) return;
  secrets_.push_back({std::string(secret), fallback_table(secret)});
}

bool Redactor::finds_secret(std::string_view text) const {
  std::vector<Span> found;
  find_remembered(text, found);
  return !found.empty();
}

void Redactor::find_remembered(std::string_view text, std::vector<Span>& found) const {
  const bool has_escapes = text.find('%') != std::string_view::npos;
  const bool has_pluses = text.find('+') != std::string_view::npos;
  const std::shared_lock lock(mutex_);
  for (const auto& [secret, fallback] : secrets_) {
    find_spelled(text, secret, fallback, Spelling::plain, found);
    if (has_escapes) find_spelled(text, secret, fallback, Spelling::percent, found);
    if (has_pluses && secret.find(' ') != std::string::npos) {
      find_spelled(text, secret, fallback, Spelling::form, found);
    }
  }
}

std::string Redactor::clean(std::string_view text) const {
  std::vector<Span> found;
  find_remembered(text, found);
  find_url_credentials(text, found);
  find_key_value_credentials(text, found);
  return masked(text, found);
}

}  // namespace rivet::base
