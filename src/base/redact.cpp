// SPDX-License-Identifier: Apache-2.0
// Exact replacement of known secrets first, then of what has the shape of one.
#include "base/redact.hpp"

#include <algorithm>
#include <regex>

#include <fmt/format.h>

namespace rivet::base {
namespace {

constexpr std::string_view kMask = "***";

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const unsigned char c : text) {
    if (std::isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += static_cast<char>(c);
    } else {
      out += fmt::format("%{:02X}", c);
    }
  }
  return out;
}

void replace_all(std::string& text, std::string_view what) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + kMask.size())) {
    text.replace(at, what.size(), kMask);
  }
}

}  // namespace

void Redactor::remember(std::string_view secret) {
  if (secret.empty()) return;
  const std::scoped_lock lock(mutex_);
  for (auto form : {std::string(secret), percent_encode(secret)}) {
    if (std::find(secrets_.begin(), secrets_.end(), form) == secrets_.end()) secrets_.push_back(std::move(form));
  }
  std::sort(secrets_.begin(), secrets_.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

std::string Redactor::clean(std::string_view text) const {
  std::string out(text);
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& secret : secrets_) replace_all(out, secret);
  }
  // Greedy up to the last '@' before white space or a quote: passwords may hold any of / ? # @ :
  static const std::regex url_userinfo(R"(([A-Za-z][A-Za-z0-9+.-]*://)[^\s"'`]*@)");
  static const std::regex key_value(R"(((?:password|passwd|pwd|secret|token)\s*=\s*)('[^']*'|[^\s&;]+))",
                                    std::regex::icase);
  out = std::regex_replace(out, url_userinfo, "$1***@");
  return std::regex_replace(out, key_value, "$1***");
}

}  // namespace rivet::base
