// SPDX-License-Identifier: Apache-2.0
// Which keys each kind of destination needs, allows and contradicts.
#include "config/destination.hpp"

#include "config/connection_url.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rivet::config {
namespace {

constexpr Words<DestinationType, 5> kTypes{{{"local", DestinationType::local},
                                            {"s3", DestinationType::s3},
                                            {"gcs", DestinationType::gcs},
                                            {"azure", DestinationType::azure},
                                            {"stdout", DestinationType::stdout_}}};

/// Which types make use of a key; for the others it is named in a warning.
struct KeyUse {
  std::string_view key;
  std::string_view types;  ///< space separated
};
constexpr auto kKeyUses = std::to_array<KeyUse>({
    {"path", "local"},
    {"bucket", "s3 gcs azure"},
    {"prefix", "s3 gcs azure"},
    {"region", "s3"},
    {"endpoint", "s3 gcs azure"},
    {"credentials_file", "gcs"},
    {"access_key_env", "s3"},
    {"secret_key_env", "s3"},
    {"session_token_env", "s3"},
    {"aws_profile", "s3"},
    {"account_name", "azure"},
    {"account_key_env", "azure"},
    {"sas_token_env", "azure"},
    {"allow_anonymous", "s3 gcs azure"},
});

bool uses(std::string_view types, std::string_view type) {
  const auto at = types.find(type);
  return at != std::string_view::npos && (at == 0 || types[at - 1] == ' ');
}

void warn_unused_keys(Section& section, DestinationType type) {
  for (const auto& [key, types] : kKeyUses) {
    if (section.has(key) && !uses(types, name_of(type))) {
      section.warn(key, fmt::format("'{}' has no effect with 'type: {}'", key, name_of(type)));
    }
  }
}

/// A placeholder that is none stays as written; most likely it is a typing mistake.
void warn_unknown_placeholders(Section& section, std::string_view key, std::string_view text) {
  for (auto at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1)) {
    const auto end = text.find('}', at);
    if (end == std::string_view::npos) return;
    const auto token = text.substr(at, end - at + 1);
    if (token == "{date}" || token == "{export}" || token == "{table}" || token == "{partition}") continue;
    section.warn(key, fmt::format("'{}' in '{}' is not a placeholder and stays as written",
                                  section.problems().shown(token), key));
  }
}

void check_local(Section& section, const Destination& destination) {
  if (destination.path.empty()) {
    if (!section.has("path")) section.refuse_missing("'path'");
    return;
  }
  for (const auto& component : std::filesystem::path(destination.path)) {
    if (component == "..") return section.refuse("path", "'path' of a local destination must not contain '..'");
  }
}

void check_s3(Section& section, const Destination& destination) {
  if (destination.access_key_env.empty() != destination.secret_key_env.empty()) {
    const auto* lonely = destination.access_key_env.empty() ? "secret_key_env" : "access_key_env";
    section.refuse(lonely, "'access_key_env' and 'secret_key_env' must be given together");
  }
}

void check_gcs(Section& section, const Destination& destination) {
  if (destination.allow_anonymous && !destination.credentials_file.empty()) {
    section.refuse("allow_anonymous", "'allow_anonymous' and 'credentials_file' exclude each other: keep one");
  }
}

void check_azure(Section& section, const Destination& destination) {
  const int credentials = int(!destination.account_key_env.empty()) + int(!destination.sas_token_env.empty());
  if (destination.allow_anonymous) {
    if (credentials > 0) {
      section.refuse("allow_anonymous", "'allow_anonymous' excludes 'account_key_env' and 'sas_token_env'");
    }
  } else if (destination.account_name.empty() || credentials != 1) {
    section.refuse_missing(
        "'account_name' and exactly one of 'account_key_env' and 'sas_token_env', or "
        "'allow_anonymous: true'");
  }
}

std::string_view host_of(std::string_view endpoint) {
  if (const auto scheme = endpoint.find("://"); scheme != std::string_view::npos) endpoint.remove_prefix(scheme + 3);
  if (endpoint.starts_with('[')) return endpoint.substr(1, endpoint.find(']') - 1);
  return endpoint.substr(0, endpoint.find_first_of(":/"));
}

/// Keys must not travel in plain text beyond this machine.
void check_endpoint(Section& section, const Destination& destination) {
  if (!destination.endpoint.starts_with("http://") || destination.allow_anonymous) return;
  if (is_loopback(host_of(destination.endpoint))) return;
  section.refuse("endpoint",
                 "'endpoint' with http:// sends credentials in plain text: use https:// or a loopback host");
}

void check_credentials_file(Section& section, const Destination& destination) {
  std::error_code ignored;
  if (destination.credentials_file.empty()) return;
  if (std::filesystem::is_regular_file(destination.credentials_file, ignored)) return;
  section.refuse("credentials_file", fmt::format("'credentials_file': there is no file '{}'",
                                                 section.problems().shown(destination.credentials_file)));
}

/// The values behind `*_env` are secrets whoever reads them later.
void remember_secrets(const Destination& destination, Context& context) {
  for (const auto* name : {&destination.secret_key_env, &destination.session_token_env, &destination.account_key_env,
                           &destination.sas_token_env}) {
    if (!name->empty()) context.redactor.remember(context.variable(*name).value_or(""));
  }
}

Destination read_keys(Section& section) {
  Destination out;
  const auto text = [&](std::string_view key) { return section.text(key).value_or(""); };
  out.path = text("path");
  out.bucket = text("bucket");
  out.prefix = section.text_or_empty("prefix").value_or("");
  out.region = text("region");
  out.endpoint = text("endpoint");
  out.credentials_file = text("credentials_file");
  out.access_key_env = text("access_key_env");
  out.secret_key_env = text("secret_key_env");
  out.session_token_env = text("session_token_env");
  out.aws_profile = text("aws_profile");
  out.account_name = text("account_name");
  out.account_key_env = text("account_key_env");
  out.sas_token_env = text("sas_token_env");
  out.allow_anonymous = section.boolean("allow_anonymous").value_or(false);
  if (!out.prefix.empty() && !out.prefix.ends_with('/')) out.prefix += '/';
  return out;
}

void check_by_type(Section& section, const Destination& destination) {
  switch (destination.type) {
    case DestinationType::local: check_local(section, destination); break;
    case DestinationType::s3: check_s3(section, destination); break;
    case DestinationType::gcs: check_gcs(section, destination); break;
    case DestinationType::azure: check_azure(section, destination); break;
    case DestinationType::stdout_: break;
  }
  const bool is_store = destination.type != DestinationType::local && destination.type != DestinationType::stdout_;
  if (is_store && !section.has("bucket")) section.refuse_missing("'bucket'");
  if (is_store) check_endpoint(section, destination);
}

}  // namespace

Destination read_destination(Section& parent, Context& context) {
  parent.require("destination");
  auto section = parent.block("destination");
  if (!section) return {};
  const auto type = section->choice("type", kTypes);
  section->require("type");
  auto out = read_keys(*section);
  out.type = type.value_or(DestinationType::local);
  remember_secrets(out, context);
  check_credentials_file(*section, out);
  warn_unknown_placeholders(*section, "path", out.path);
  warn_unknown_placeholders(*section, "prefix", out.prefix);
  if (type) {
    warn_unused_keys(*section, *type);
    check_by_type(*section, out);
  }
  section->finish();
  return out;
}

bool has_partition_token(const Destination& destination) {
  return destination.path.find("{partition}") != std::string::npos ||
         destination.prefix.find("{partition}") != std::string::npos;
}

}  // namespace rivet::config
