// SPDX-License-Identifier: Apache-2.0
// What is written into a configuration must lead to the same source that was looked at.
#include "cli/init_source.hpp"

#include <array>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "config/context.hpp"
#include "config/source.hpp"

namespace rivet::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kUrlFileBytes = 64U << 10U;
constexpr const char* kVariable = "DATABASE_URL";
constexpr auto kTlsModes = std::to_array<std::pair<std::string_view, config::TlsMode>>({
    {"disable", config::TlsMode::disable},
    {"require", config::TlsMode::require},
    {"verify-ca", config::TlsMode::verify_ca},
    {"verify-full", config::TlsMode::verify_full},
});

/// The folder that relative paths of the configuration start from.
fs::path config_folder(const SourceArguments& args) {
  std::error_code ignored;
  return fs::absolute(args.output.empty() ? fs::path("rivet.yaml") : fs::path(args.output), ignored).parent_path();
}

/// A path given on the command line as the configuration can name it.
std::string path_for_config(const fs::path& given, const SourceArguments& args) {
  std::error_code ignored;
  const bool same_folder = config_folder(args).lexically_normal() == fs::current_path(ignored).lexically_normal();
  if (given.is_absolute() || same_folder) return given.string();
  return fs::absolute(given, ignored).lexically_normal().string();
}

Result<std::optional<config::Tls>> read_tls(const SourceArguments& args) {
  if (args.tls_mode.empty() && args.tls_ca.empty()) return std::optional<config::Tls>();
  config::Tls tls;
  for (const auto& [name, mode] : kTlsModes) {
    if (name == args.tls_mode) tls.mode = mode;
  }
  std::error_code ignored;
  if (!args.tls_ca.empty() && !fs::is_regular_file(args.tls_ca, ignored)) {
    return fail(ErrorKind::config, fmt::format("--tls-ca: there is no file '{}'", args.tls_ca));
  }
  if (!args.tls_ca.empty()) tls.ca_file = fs::absolute(args.tls_ca, ignored).lexically_normal().string();
  return std::optional(std::move(tls));
}

/// Whether it is the path of a SQLite file and not a URL.
bool is_path(const std::string& text) {
  if (text.find("://") != std::string::npos || text.starts_with("sqlite:")) return false;
  std::error_code ignored;
  const auto extension = fs::path(text).extension();
  return extension == ".db" || extension == ".sqlite" || extension == ".sqlite3" || fs::is_regular_file(text, ignored);
}

Result<std::string> from_variable(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  if (value != nullptr && *value != '\0') return std::string(value);
  return fail(ErrorKind::config,
              fmt::format("environment variable '{}' is {}", name, value == nullptr ? "not set" : "empty"),
              fmt::format("export {}=postgresql://user:password@host:5432/database", name));
}

Result<std::string> from_file(const std::string& name) {
  auto text = TRY(config::read_small_file(name, kUrlFileBytes));
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) text.pop_back();
  return text;
}

Result<std::string> read_url(const SourceArguments& args) {
  if (!args.variable.empty()) return from_variable(args.variable);
  return args.file.empty() ? args.url : TRY(from_file(args.file));
}

InitSource sqlite_file(const std::string& path, const SourceArguments& args) {
  std::error_code ignored;
  return {.source = {.type = config::SourceType::sqlite, .path = fs::absolute(path, ignored).lexically_normal()},
          .text = {.type = config::SourceType::sqlite, .key = "path", .value = path_for_config(path, args)}};
}

config::ScaffoldSource describe_url(const SourceArguments& args, bool has_secret) {
  if (!args.variable.empty()) return {.key = "url_env", .value = args.variable, .remark = "holds the URL"};
  if (!args.file.empty()) {
    return {.key = "url_file", .value = path_for_config(args.file, args), .remark = "holds the URL"};
  }
  if (!has_secret) return {.key = "url", .value = args.url};
  return {.key = "url_env",
          .value = kVariable,
          .remark = "the URL has a password, so it is not written here: export it in this variable"};
}

Result<InitSource> from_url(const std::string& url, const SourceArguments& args, base::Redactor& redactor) {
  const auto tls = TRY(read_tls(args));
  auto [source, has_secret] = TRY(config::source_from_url(url, tls, redactor));
  if (source.type == config::SourceType::sqlite) {
    if (tls) return fail(ErrorKind::config, "--tls and --tls-ca have no meaning for a SQLite file", "leave them out");
    if (!args.url.empty()) return sqlite_file(source.path.string(), args);
    source.path = (config_folder(args) / source.path).lexically_normal();
  }
  InitSource out{.source = std::move(source), .text = describe_url(args, has_secret)};
  out.text.type = out.source.type;
  if (tls) {
    out.text.tls_mode = args.tls_mode.empty() ? "verify-full" : args.tls_mode;
    out.text.ca_file = tls->ca_file;
  }
  return out;
}

}  // namespace

Result<InitSource> find_source(const SourceArguments& args, base::Redactor& redactor) {
  if (!args.url.empty() && is_path(args.url) && args.tls_mode.empty() && args.tls_ca.empty()) {
    return sqlite_file(args.url, args);
  }
  const auto url = TRY(read_url(args));
  return from_url(is_path(url) ? "sqlite:" + url : url, args, redactor);
}

}  // namespace rivet::cli
