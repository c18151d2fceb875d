// SPDX-License-Identifier: Apache-2.0
// `rivet verify-certificate`: whether files are what a certificate says, with nothing but both.
#include "cli/commands.hpp"

#include <filesystem>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/signature.hpp"
#include "cli/options.hpp"
#include "cli/printed_report.hpp"
#include "cli/registry.hpp"
#include "config/context.hpp"
#include "report/certificate.hpp"
#include "verify/check_certificate.hpp"

namespace rivet::cli {
namespace {

constexpr std::size_t kKeyLimitBytes = 64U << 10U;

struct Arguments {
  std::string certificate, files, key, format = "pretty", output, depth = "values";
  bool ignore_added = false;
};

Result<std::string> read_public_key(const std::string& path) {
  if (path.empty()) return std::string();
  const auto pem = TRY(config::read_small_file(path, kKeyLimitBytes));
  return base::public_key_from_pem(pem).context("reading " + path);
}

/// The folder of the files: the certificate's own, unless another is named.
Result<std::filesystem::path> folder_of(const Arguments& args) {
  std::error_code failed;
  const auto named =
      args.files.empty() ? std::filesystem::path(args.certificate).parent_path() : std::filesystem::path(args.files);
  auto folder = std::filesystem::absolute(named.empty() ? "." : named, failed);
  if (!failed && std::filesystem::is_directory(folder, failed)) return folder;
  return fail(ErrorKind::config, fmt::format("{} is no folder", folder.string()), "--files names where the parts lie");
}

Result<void> verdict_of(const verify::CertificateCheck& check, const Arguments& args) {
  if (check.passed()) return {};
  return fail(Error{.kind = ErrorKind::data,
                    .message = fmt::format("{} does not hold", args.certificate),
                    .code = std::string(model::code_of(check.findings.front().kind)),
                    .hint = "the report names each file and what is wrong with it"});
}

Result<void> verify_certificate(const Arguments& args, Context& context) {
  if (!args.output.empty()) TRY(report::require_writable(args.output));
  const auto key = TRY(read_public_key(args.key));
  const auto text = TRY(config::read_small_file(args.certificate, model::kCertificateLimitBytes));
  const auto folder = TRY(folder_of(args));
  const auto destination = TRY(open_prefix("local", folder.string()));
  const bool read_values = args.depth == "values";
  const auto check = TRY(verify::check_certificate(text, *destination,
                                                   {.trusted_key = key,
                                                    .read_values = read_values,
                                                    .allow_added = args.ignore_added,
                                                    .make_format = make_reading_format}));
  const report::CheckedCertificate checked{.file = check.file ? &*check.file : nullptr,
                                           .certificate_path = args.certificate,
                                           .folder = folder.string(),
                                           .trusted = check.trusted,
                                           .values_read = read_values,
                                           .parts_verified = check.parts_verified,
                                           .rows_verified = check.rows_verified,
                                           .findings = check.findings};
  auto printed =
      print_report({.json = [&] { return report::checked_json(checked); },
                    .text = [&](const report::Style& style) { return report::checked_text(checked, style); }},
                   args.format, args.output, context);
  TRY(verdict_of(check, args));
  return printed;
}

}  // namespace

void add_verify_certificate(CLI::App& app, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command = app.add_subcommand("verify-certificate",
                                     "Hold files against a certificate; needs no source, state or configuration");
  command->add_option("certificate", args->certificate, "The certificate, as `rivet certify` wrote it")->required();
  command->add_option("--files", args->files, "Folder of the files (default: the certificate's own)");
  command->add_option("--key", args->key, "Public Ed25519 key in PEM that it must be signed with");
  command->add_option("--depth", args->depth, "bytes: SHA-256 of every part; values: and every value, by the digest")
      ->check(CLI::IsMember({"bytes", "values"}))
      ->capture_default_str();
  command->add_flag("--ignore-added", args->ignore_added,
                    "Files that the certificate does not know are no fault: of a folder that others write to");
  add_report_options(*command, args->format, args->output);
  command->callback(
      [args, &chosen] { chosen = [args](Context& context) { return verify_certificate(*args, context); }; });
}

}  // namespace rivet::cli
