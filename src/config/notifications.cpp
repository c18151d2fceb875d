// SPDX-License-Identifier: Apache-2.0
// Who is told, about what, and which secrets that takes.
#include "config/notifications.hpp"

#include "base/text.hpp"
#include "config/connection_url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace rivet::config {
namespace {

constexpr Words<Occasion, 3> kSlackOccasions{
    {{"failure", Occasion::failure}, {"schema_change", Occasion::schema_change}, {"degraded", Occasion::degraded}}};
constexpr Words<Occasion, 4> kOccasions{{{"success", Occasion::success},
                                         {"failure", Occasion::failure},
                                         {"schema_change", Occasion::schema_change},
                                         {"degraded", Occasion::degraded}}};
constexpr std::array<std::string_view, 5> kOwnHeaders{"content-type", "content-length", "host", "transfer-encoding",
                                                      "connection"};
constexpr std::array<std::string_view, 6> kSecretWords{"auth", "token", "key", "secret", "cookie", "password"};
constexpr std::size_t kTellingPathBytes = 8;  // a shorter path is no secret and may be an ordinary word

/// What a URL consists of as far as it matters here; the host is empty when it is not one of http or https.
struct WebAddress {
  bool encrypted = false;
  std::string_view host, path;
};

WebAddress parse_web_address(std::string_view url) {
  WebAddress out;
  const auto is_unprintable = [](unsigned char c) { return c <= 0x20 || c == 0x7F; };
  if (std::any_of(url.begin(), url.end(), is_unprintable)) return out;
  const auto scheme = url.substr(0, std::min(url.find("://"), url.size()));
  const auto name = base::lower(scheme);
  if ((name != "http" && name != "https") || scheme.size() == url.size()) return out;
  out.encrypted = name == "https";
  auto authority = url.substr(scheme.size() + 3);
  const auto end = std::min(authority.find_first_of("/?#"), authority.size());
  out.path = authority.substr(end);
  authority = authority.substr(0, end);
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  const bool is_v6 = authority.starts_with('[');
  out.host = is_v6 ? authority.substr(1, authority.find(']') - 1) : authority.substr(0, authority.find(':'));
  return out;
}

void remember_url(std::string_view url, base::Redactor& redactor) {
  redactor.remember(url);
  auto path = parse_web_address(url).path;
  while (path.starts_with('/')) path.remove_prefix(1);
  if (path.size() >= kTellingPathBytes) redactor.remember(path);
}

/// The value of the variable; a missing one is reported at `key`.
std::optional<std::string> variable_of(Section& section, std::string_view key, const std::string& name,
                                       const Context& context) {
  auto value = context.variable(name);
  if (value && !value->empty()) return value;
  section.refuse(
      key, fmt::format("environment variable '{}', named by '{}', is not set", context.problems.shown(name), key));
  return std::nullopt;
}

struct UrlKeys {
  std::string_view url, variable;
};

std::string read_url(Section& section, UrlKeys keys, Context& context) {
  const std::array both{keys.url, keys.variable};
  const auto wanted = fmt::format("exactly one of '{}' and '{}'", keys.url, keys.variable);
  if (section.require_one_of(both, wanted).size() > 1) section.refuse_missing(wanted);
  auto url = section.text(keys.url);
  const auto variable = section.text(keys.variable);
  const auto key = url ? keys.url : keys.variable;
  if (!url && variable) url = variable_of(section, key, *variable, context);
  if (!url) return {};
  remember_url(*url, context.redactor);
  if (parse_web_address(*url).host.empty()) section.refuse(key, fmt::format("'{}' is no http or https URL", key));
  return *url;
}

bool is_header_name(std::string_view name) {
  constexpr std::string_view kToken = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](unsigned char c) {
    return (c < 0x80 && std::isalnum(c) != 0) || kToken.find(static_cast<char>(c)) != std::string_view::npos;
  });
}

bool is_header_value(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7F; });
}

bool names_a_secret(std::string_view header) {
  const auto name = base::lower(header);
  return std::any_of(kSecretWords.begin(), kSecretWords.end(),
                     [&](auto word) { return name.find(word) != std::string::npos; });
}

void add_header(Section& section, std::string_view key, std::string_view name, const std::string& value,
                Webhook& webhook) {
  const auto refuse = [&](std::string_view why) {
    section.refuse(key, fmt::format("'{}': '{}' {}", key, section.problems().shown(name), why));
  };
  const auto canonical = base::lower(name);
  if (!is_header_name(name)) return refuse("is no name of a header");
  if (!is_header_value(value)) return refuse("has a value with control characters");
  if (std::find(kOwnHeaders.begin(), kOwnHeaders.end(), canonical) != kOwnHeaders.end()) {
    return refuse("is set by the program");
  }
  const auto is_same = [&](const auto& known) { return base::lower(known.first) == canonical; };
  if (std::any_of(webhook.headers.begin(), webhook.headers.end(), is_same)) return refuse("is given twice");
  webhook.headers.emplace(name, value);
}

void read_headers(Section& section, Context& context, Webhook& webhook) {
  const auto plain = section.named_texts("headers", "text");
  for (const auto& [name, value, line] : plain.value_or(std::vector<NamedText>{})) {
    if (names_a_secret(name)) context.redactor.remember(value);
    add_header(section, "headers", name, value, webhook);
  }
  const auto secret = section.named_texts("headers_env", "the name of an environment variable");
  for (const auto& [name, variable, line] : secret.value_or(std::vector<NamedText>{})) {
    const auto value = variable_of(section, "headers_env", variable, context);
    if (!value) continue;
    context.redactor.remember(*value);
    add_header(section, "headers_env", name, *value, webhook);
  }
  const auto address = parse_web_address(webhook.url);
  if (secret && !secret->empty() && !address.host.empty() && !address.encrypted && !is_loopback(address.host)) {
    section.refuse("headers_env",
                   "'headers_env' with http:// sends credentials in plain text: use https:// or a "
                   "loopback host");
  }
}

Slack read_slack(Section& section, Context& context) {
  Slack out;
  out.url = read_url(section, {"webhook_url", "webhook_url_env"}, context);
  out.on = section.choices("on", kSlackOccasions).value_or(std::vector{Occasion::failure});
  section.finish();
  return out;
}

Webhook read_webhook(Section& section, Context& context) {
  Webhook out;
  out.url = read_url(section, {"url", "url_env"}, context);
  out.on = section.choices("on", kOccasions).value_or(std::vector{Occasion::failure});
  read_headers(section, context, out);
  section.finish();
  return out;
}

}  // namespace

Notifications read_notifications(Section& root, Context& context) {
  Notifications out;
  auto section = root.block("notifications");
  if (!section) return out;
  if (auto slack = section->block("slack")) out.slack = read_slack(*slack, context);
  if (auto webhook = section->block("webhook")) out.webhook = read_webhook(*webhook, context);
  section->finish();
  return out;
}

}  // namespace rivet::config
