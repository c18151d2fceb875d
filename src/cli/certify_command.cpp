// SPDX-License-Identifier: Apache-2.0
// `rivet certify`: states what an export's output is, for somebody who gets only the files.
#include "cli/commands.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <list>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/hash.hpp"
#include "base/signature.hpp"
#include "cli/options.hpp"
#include "cli/printed_report.hpp"
#include "cli/reconciling.hpp"
#include "cli/registry.hpp"
#include "config/context.hpp"
#include "report/certificate.hpp"
#include "verify/certify.hpp"

namespace rivet::cli {
namespace {

constexpr std::size_t kKeyLimitBytes = 64U << 10U;

struct Arguments {
  std::string config, export_name, key, output, format = "pretty";
  std::vector<std::string> params;
};

/// A certificate that was made, and the text of its file.
struct Made {
  model::Certificate certificate;
  model::Signature signature;
  std::string text;
};

/// Of the running program.
std::string program_sha256() {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  base::Sha256 hash;
  std::array<char, 1 << 16> block{};
  while (file.read(block.data(), block.size()) || file.gcount() > 0) {
    hash.update(block.data(), static_cast<std::size_t>(file.gcount()));
  }
  return hash.hex();
}

Result<std::optional<base::SigningKey>> read_key(const std::string& path) {
  if (path.empty()) return std::nullopt;
  const auto pem = TRY(config::read_small_file(path, kKeyLimitBytes));
  return TRY(base::SigningKey::from_pem(pem).context("reading " + path));
}

/// What is signed has no secret in it.
Made sign(model::Certificate certificate, const std::optional<base::SigningKey>& key, const base::Redactor& redactor) {
  const auto statement = report::redacted(model::to_json(certificate), redactor);
  const auto bytes = model::canonical_text(statement);
  model::Signature signature{.value = key ? key->sign(bytes) : base::sha256_hex(bytes)};
  if (key) signature.public_key = key->public_key();
  auto text = model::file_text(statement, signature);
  return {std::move(certificate), std::move(signature), std::move(text)};
}

std::string check_command(const std::string& path, const std::string& folder, const Arguments& args, bool is_signed) {
  auto command = "rivet verify-certificate " + shell_quoted(path);
  if (!args.output.empty()) command += " --files " + shell_quoted(folder);
  return is_signed ? command + " --key PUBLIC_KEY" : command;
}

/// Everything that one command certifies with. What it refers to outlives it.
struct Certifying {
  const Arguments& args;
  const OpenedExport& opened;
  const std::optional<base::SigningKey>& key;
  Context& context;
};

Result<report::IssuedCertificate> certify_one(const Certifying& with, const config::Export& entry,
                                              std::list<Made>& kept) {
  const auto& [args, opened, key, context] = with;
  TRY(finish_publishing(opened, entry, context));
  const auto output = TRY(verify::load_current_output(*opened.store, entry.name));
  const auto& plan = *output.plans.at(output.run.run_id);
  const auto destination = TRY(open_prefix(plan.destination_kind, output.run.prefix));
  if (!destination->capabilities().can_list) {
    return fail(ErrorKind::config,
                fmt::format("export '{}' went to stdout: there are no files to certify", entry.name));
  }
  const auto& made = kept.emplace_back(sign(TRY(verify::certify({.export_name = entry.name,
                                                                 .output = output,
                                                                 .destination = *destination,
                                                                 .store = *opened.store,
                                                                 .now = context.clock.now(),
                                                                 .tool_version = RIVET_VERSION,
                                                                 .tool_sha256 = program_sha256(),
                                                                 .make_format = make_reading_format})),
                                            key, context.redactor));
  const auto name = model::certificate_key(entry.name);
  const auto path = args.output.empty() ? (std::filesystem::path(output.run.prefix) / name).string() : args.output;
  if (args.output.empty()) {
    TRY(destination->put(name, made.text));
  } else {
    TRY(report::write_file(args.output, made.text));
  }
  return report::IssuedCertificate{.certificate = made.certificate,
                                   .signature = made.signature,
                                   .path = path,
                                   .check_command = check_command(path, output.run.prefix, args, key.has_value())};
}

Result<void> certify(const Arguments& args, Context& context) {
  if (!args.output.empty()) TRY(report::require_writable(args.output));
  const auto key = TRY(read_key(args.key));
  const auto opened = TRY(open_export(args.config, args.params, args.export_name, context));
  const auto entries = TRY(exported_entries(*opened.entry, *opened.store));
  if (!args.output.empty() && entries.size() > 1) {
    return fail(ErrorKind::config,
                fmt::format("export '{}' has {} partitions, each with a certificate of its own", args.export_name,
                            entries.size()),
                "leave -o out: each lies beside its manifest then");
  }
  std::list<Made> made;
  std::vector<report::IssuedCertificate> issued;
  for (const auto& entry : entries) {
    if (context.stop.stop_requested()) return fail(ErrorKind::cancelled, "interrupted");
    issued.push_back(TRY(certify_one({args, opened, key, context}, entry, made)
                             .context(fmt::format("certifying export '{}'", entry.name))));
  }
  return print_report({.json = [&] { return report::issued_json(issued); },
                       .text = [&](const report::Style& style) { return report::issued_text(issued, style); }},
                      args.format, "", context);
}

}  // namespace

void add_certify(CLI::App& app, Action& chosen) {
  auto args = std::make_shared<Arguments>();
  auto* command =
      app.add_subcommand("certify", "State and sign what an export's files are, for those who get only them");
  add_config(*command, args->config);
  command->add_option("-e,--export", args->export_name, "Export to certify, by name")->required();
  add_params(*command, args->params);
  command->add_option("--key", args->key, "Private Ed25519 key in PEM to sign with (default: nobody signs)");
  command->add_option("-o,--output", args->output, "Write the certificate to this file instead of beside the manifest");
  command->add_option("--format", args->format, "What to print: pretty or json")
      ->check(CLI::IsMember({"pretty", "json"}))
      ->capture_default_str();
  command->callback([args, &chosen] { chosen = [args](Context& context) { return certify(*args, context); }; });
}

}  // namespace rivet::cli
