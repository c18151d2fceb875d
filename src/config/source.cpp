// SPDX-License-Identifier: Apache-2.0
// A source is a file, a URL from one of three places, or the parts of an address; never a mixture.
#include "config/source.hpp"

#include "config/connection_url.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

namespace rivet::config {
namespace {

constexpr std::size_t kUrlFileBytes = 64U << 10U;

constexpr Words<SourceType, 5> kTypes{{{"postgres", SourceType::postgres},
                                       {"mysql", SourceType::mysql},
                                       {"mssql", SourceType::mssql},
                                       {"sqlite", SourceType::sqlite},
                                       {"mongo", SourceType::mongo}}};
constexpr Words<Environment, 3> kEnvironments{
    {{"local", Environment::local}, {"replica", Environment::replica}, {"production", Environment::production}}};
constexpr Words<TlsMode, 4> kTlsModes{{{"disable", TlsMode::disable},
                                       {"require", TlsMode::require},
                                       {"verify-ca", TlsMode::verify_ca},
                                       {"verify-full", TlsMode::verify_full}}};
constexpr std::array<std::string_view, 3> kUrlKeys{"url", "url_env", "url_file"};
constexpr std::array<std::string_view, 6> kAddressKeys{"host", "port", "user", "password", "password_env", "database"};

int default_port(SourceType type) {
  switch (type) {
    case SourceType::postgres: return 5432;
    case SourceType::mysql: return 3306;
    case SourceType::mssql: return 1433;
    case SourceType::mongo: return 27017;
    case SourceType::sqlite: return 0;
  }
  return 0;
}

/// The value of the variable that `key` names.
std::optional<std::string> from_variable(Section& section, std::string_view key, const Context& context) {
  const auto name = section.text(key);
  if (!name) return std::nullopt;
  auto value = context.variable(*name);
  const auto shown = context.problems.shown(*name);
  if (!value || value->empty()) {
    section.refuse(
        key, fmt::format("environment variable '{}', named by '{}', is {}", shown, key, value ? "empty" : "not set"));
    return std::nullopt;
  }
  if (value->find('\0') == std::string::npos) return value;
  section.refuse(key, fmt::format("environment variable '{}' holds a NUL byte", shown));
  return std::nullopt;
}

std::optional<std::string> from_file(Section& section, const Context& context) {
  const auto name = section.text("url_file");
  if (!name) return std::nullopt;
  auto text = read_small_file(context.directory / *name, kUrlFileBytes);
  if (!text) {
    section.refuse("url_file", text.error().message);
    return std::nullopt;
  }
  while (!text->empty() && std::isspace(static_cast<unsigned char>(text->back())) != 0) text->pop_back();
  return *text;
}

std::optional<std::string> url_text(Section& section, std::string_view key, const Context& context) {
  if (key == "url_env") return from_variable(section, key, context);
  if (key == "url_file") return from_file(section, context);
  return section.text(key);
}

/// The parts of the URL as parts of the source. REQUIRES: source.type is that of the URL.
void adopt(ConnectionUrl url, Source& source) {
  source.host = std::move(url.host);
  source.user = std::move(url.user);
  source.password = std::move(url.password);
  source.database = std::move(url.database);
  source.port = url.port;
  source.url_parameters = std::move(url.parameters);
  if (source.type == SourceType::sqlite) source.path = std::move(source.database);
}

/// The text of the URL where it holds a secret, and each spelling of that.
void remember_secrets(std::string_view text, const ConnectionUrl& url, base::Redactor& redactor) {
  if (!url.secrets.empty()) redactor.remember(text);
  for (const auto& secret : url.secrets) redactor.remember(secret);
}

void read_url(Section& section, std::string_view key, Context& context, Source& source) {
  const auto text = url_text(section, key, context);
  if (!text) return;
  auto url = parse_connection_url(*text, source.type);
  if (!url) {
    context.redactor.remember(*text);
    section.refuse(key, fmt::format("'{}': {}", key, url.error().message));
    return;
  }
  remember_secrets(*text, *url, context.redactor);
  adopt(std::move(*url), source);
  if (source.host.empty() && source.type != SourceType::postgres && source.type != SourceType::sqlite) {
    section.refuse(key, fmt::format("'{}': the URL names no host", key));
  }
}

void read_address(Section& section, Context& context, Source& source) {
  source.host = section.text("host").value_or("");
  source.user = section.text("user").value_or("");
  source.database = section.text("database").value_or("");
  source.port = static_cast<int>(section.integer("port", {1, 65'535}).value_or(0));
  for (const auto key : {"host", "user", "database"}) {
    if (!section.has(key)) section.refuse_missing(fmt::format("'{}'", key));
  }
  if (section.has("password") && section.has("password_env")) {
    section.refuse("password_env", "'password' and 'password_env' exclude each other: keep one");
  }
  auto password = section.text_or_empty("password");
  if (auto value = from_variable(section, "password_env", context); value && !password) password = std::move(value);
  source.password = password.value_or("");
  context.redactor.remember(source.password);
}

void read_location(Section& section, Context& context, Source& source) {
  const auto urls = section.given(kUrlKeys);
  const auto address = section.given(kAddressKeys);
  if (urls.size() > 1) {
    section.refuse(urls[1], fmt::format("{} exclude each other: keep one", fmt::join(urls, ", ")));
  }
  if (!urls.empty() && !address.empty()) {
    section.refuse(address.front(), fmt::format("'{}' cannot be combined with '{}': give the URL or the parts of the "
                                                "address",
                                                fmt::join(address, "', '"), urls.front()));
  }
  if (section.has("path")) section.refuse("path", "'path' belongs to 'type: sqlite'");
  if (!urls.empty()) {
    read_url(section, urls.front(), context, source);
  } else if (!address.empty()) {
    read_address(section, context, source);
  } else {
    section.refuse_missing("'url', 'url_env', 'url_file', or 'host', 'user' and 'database'");
  }
  if (source.port == 0) source.port = default_port(source.type);
}

void read_sqlite(Section& section, Context& context, Source& source) {
  const auto urls = section.given(kUrlKeys);
  for (const auto key : section.given(kAddressKeys)) {
    section.refuse(key, fmt::format("'{}' has no meaning for 'type: sqlite', which reads the file at 'path'", key));
  }
  if (section.has("tls")) section.refuse("tls", "'tls' has no meaning for 'type: sqlite'");
  if (const auto path = section.text("path")) source.path = *path;
  if (!urls.empty() && section.has("path")) {
    section.refuse(urls.front(), fmt::format("'{}' cannot be combined with 'path'", urls.front()));
  } else if (!urls.empty()) {
    read_url(section, urls.front(), context, source);
  } else if (!section.has("path")) {
    section.refuse_missing("'path', the database file");
  }
  if (!source.path.empty()) source.path = (context.directory / source.path).lexically_normal();
}

void read_tls(Section& parent, Context& context, Source& source) {
  auto section = parent.block("tls");
  if (!section) return;
  Tls tls;
  tls.mode = section->choice("mode", kTlsModes).value_or(TlsMode::verify_full);
  tls.ca_file = section->text("ca_file").value_or("");
  tls.accept_invalid_certs = section->boolean("accept_invalid_certs").value_or(false);
  tls.accept_invalid_hostnames = section->boolean("accept_invalid_hostnames").value_or(false);
  const bool verifies = tls.mode == TlsMode::verify_ca || tls.mode == TlsMode::verify_full;
  for (const auto& [key, on] : {std::pair{"accept_invalid_certs", tls.accept_invalid_certs},
                                std::pair{"accept_invalid_hostnames", tls.accept_invalid_hostnames}}) {
    if (on && verifies)
      section->refuse(key, fmt::format("'{}' contradicts a verifying 'mode': use mode: require", key));
  }
  std::error_code ignored;
  if (!tls.ca_file.empty() && !std::filesystem::is_regular_file(tls.ca_file, ignored)) {
    section->refuse("ca_file", fmt::format("'ca_file': there is no file '{}'", context.problems.shown(tls.ca_file)));
  }
  section->finish();
  source.tls = std::move(tls);
}

bool url_asks_for_tls(const Source& source) {
  const auto mode = source.url_parameters.find("sslmode");
  return mode != source.url_parameters.end() &&
         (mode->second == "require" || mode->second == "verify-ca" || mode->second == "verify-full");
}

bool stays_on_this_machine(const Source& source) {
  const auto address = source.url_parameters.find("hostaddr");
  return is_loopback(source.host) && (address == source.url_parameters.end() || is_loopback(address->second));
}

/// Plain text beyond this machine needs the user's word.
bool lacks_tls_decision(const Source& source) { return !stays_on_this_machine(source) && !url_asks_for_tls(source); }

void require_tls_decision(Section& section, const Source& source, const Context& context) {
  if (section.has("tls") || !lacks_tls_decision(source)) return;
  context.problems.add(section.line(),
                       fmt::format("source: host '{}' is not this machine and there is no 'tls:' block; "
                                   "add 'tls: {{mode: verify-full}}', or 'tls: {{mode: disable}}' to "
                                   "allow plain text",
                                   context.problems.shown(source.host)));
}

void read_mongo(Section& parent, SourceType type) {
  parent.unoffered("mongo");
  auto section = parent.block("mongo");
  if (!section) return;
  for (const auto* key : {"json", "read_concern", "no_cursor_timeout", "page_size", "resume"}) section->unoffered(key);
  section->finish();
  if (type != SourceType::mongo) parent.refuse("mongo", "'mongo' belongs to 'type: mongo'");
}

/// A wrong block must not hide its secret from the redactor, so these go first and unconditionally.
void remember_secrets(Section& section, Context& context) {
  if (const auto* node = section.find("password")) context.redactor.remember(node->text);
  if (const auto* node = section.find("url"); node != nullptr && node->text.find('@') != std::string::npos) {
    context.redactor.remember(node->text);
  }
}

}  // namespace

Result<UrlSource> source_from_url(std::string_view url, const std::optional<Tls>& tls, base::Redactor& redactor) {
  const auto type = type_of_url(url);
  if (!type) {
    redactor.remember(url);
    return fail(ErrorKind::config, "the source's URL begins with no scheme that is known",
                "write postgresql://user@host:5432/database, or sqlite:FILE");
  }
  auto parts = parse_connection_url(url, *type);
  if (!parts) {
    redactor.remember(url);
    return fail(parts.error());
  }
  remember_secrets(url, *parts, redactor);
  UrlSource out{.source = {.type = *type, .tls = tls}, .has_secret = !parts->secrets.empty()};
  adopt(std::move(*parts), out.source);
  auto& source = out.source;
  if (source.port == 0) source.port = default_port(*type);
  if (*type != SourceType::sqlite && !tls && lacks_tls_decision(source)) {
    return fail(ErrorKind::config, fmt::format("host '{}' is not this machine", redactor.clean(source.host)),
                "say with --tls how to reach it: verify-full, verify-ca, require, or disable for plain text");
  }
  return out;
}

SourceBlock read_source(Section& section, Context& context) {
  remember_secrets(section, context);
  SourceBlock out;
  const auto type = section.choice("type", kTypes);
  section.require("type");
  out.source.type = type.value_or(SourceType::postgres);
  out.source.environment = section.choice("environment", kEnvironments).value_or(Environment::unset);
  out.tuning = read_tuning(section);
  section.given(kUrlKeys);
  section.given(kAddressKeys);
  section.has("path");
  read_mongo(section, out.source.type);
  read_tls(section, context, out.source);
  if (type == SourceType::mongo) {
    section.refuse("type", "MongoDB sources are not offered by this program", code::kSourceModeUnsupported);
  } else if (type == SourceType::sqlite) {
    read_sqlite(section, context, out.source);
  } else if (type) {
    read_location(section, context, out.source);
    require_tls_decision(section, out.source, context);
  }
  section.finish();
  return out;
}

}  // namespace rivet::config
