// SPDX-License-Identifier: Apache-2.0
// Who signed comes before what holds: an unsigned statement proves less.
#include "report/certificate.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/signature.hpp"
#include "base/text.hpp"
#include "report/json.hpp"
#include "report/labels.hpp"
#include "report/validation.hpp"

namespace rivet::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kLabelColumns = 12;

std::string line(std::string_view label, std::string_view text) { return labelled(label, text, kLabelColumns); }

Json signer_json(const model::Signature& signature) {
  return {{"signed", !signature.public_key.empty()},
          {"key_fingerprint", or_null(base::key_fingerprint(signature.public_key))}};
}

std::string signer_text(const model::Signature& signature, const Style& style) {
  if (signature.public_key.empty()) return style.doubt("nobody: it finds accidents, not intent");
  return "key " + base::key_fingerprint(signature.public_key);
}

std::string trust_text(const CheckedCertificate& checked, const Style& style) {
  const auto text = signer_text(checked.file->signature, style);
  if (checked.trusted) return text + ", " + style.good("the one that was asked for");
  if (checked.file->signature.public_key.empty()) return text;
  return text + "; " + style.doubt("--key says whose it must be");
}

std::string output_text(const model::Certificate& certificate) {
  return fmt::format("generation {}, {} parts, {} rows", certificate.generation, certificate.parts.size(),
                     base::with_thousands(certificate.rows));
}

std::string source_text(const model::CertifiedSource& source) {
  const auto what = source.table.empty()    ? std::string("query")
                    : source.schema.empty() ? source.table
                                            : source.schema + "." + source.table;
  auto text = fmt::format("{} of {}", what, source.database.empty() ? source.engine : source.database);
  if (!source.read_from || !source.read_to) return text;
  const auto from = base::to_display(*source.read_from), to = base::to_display(*source.read_to);
  text += from == to ? fmt::format(", read at {}", from) : fmt::format(", read from {} to {}", from, to);
  return text;
}

}  // namespace

Json issued_json(const std::vector<IssuedCertificate>& issued) {
  auto list = Json::array();
  for (const auto& one : issued) {
    Json json{{"export_name", one.certificate.export_name},
              {"path", one.path},
              {"generation", one.certificate.generation},
              {"parts", one.certificate.parts.size()},
              {"rows", one.certificate.rows}};
    json.update(signer_json(one.signature));
    list.push_back(std::move(json));
  }
  return {{"certificates", std::move(list)}};
}

std::string issued_text(const std::vector<IssuedCertificate>& issued, const Style& style) {
  std::string text;
  for (const auto& one : issued) {
    text += fmt::format("{} {}: certified\n", style.good("✓"), one.certificate.export_name);
    text += line("output", output_text(one.certificate));
    text += line("source", source_text(one.certificate.source));
    text += line("signed by", signer_text(one.signature, style));
    text += line("written", one.path);
    text += line("check it", one.check_command);
  }
  return text;
}

Json checked_json(const CheckedCertificate& checked) {
  Json json{{"passed", checked.findings.empty()},
            {"certificate", checked.certificate_path},
            {"folder", checked.folder},
            {"trusted", checked.trusted},
            {"values_read", checked.values_read},
            {"parts_verified", checked.parts_verified},
            {"rows_verified", checked.rows_verified}};
  if (checked.file != nullptr) {
    json.update(signer_json(checked.file->signature));
    const auto& certificate = checked.file->certificate;
    json["export_name"] = certificate.export_name;
    json["generation"] = certificate.generation;
    json["issued_at"] = base::to_rfc3339(certificate.issued_at);
    json["rows"] = certificate.rows;
    json["parts"] = certificate.parts.size();
  }
  json["failures"] = Json::array();
  for (const auto& finding : checked.findings) json["failures"].push_back(finding_json(finding));
  return json;
}

std::string checked_text(const CheckedCertificate& checked, const Style& style) {
  const auto verdict = checked.findings.empty() ? style.good("✓") : style.bad("✗");
  auto text = fmt::format("{} {}: {}\n", verdict, checked.certificate_path,
                          checked.findings.empty() ? "the files are what was certified" : "does not hold");
  if (checked.file != nullptr) {
    const auto& certificate = checked.file->certificate;
    text += line("output", fmt::format("{}, {}", certificate.export_name, output_text(certificate)));
    text += line("source", source_text(certificate.source));
    text += line("issued", base::to_display(certificate.issued_at));
    text += line("signed by", trust_text(checked, style));
    text += line("verified", fmt::format("{} parts by SHA-256{}", checked.parts_verified,
                                         checked.values_read ? fmt::format(", {} rows by value",
                                                                           base::with_thousands(checked.rows_verified))
                                                             : ""));
  }
  for (const auto& finding : checked.findings) text += finding_line(finding, style);
  return text;
}

}  // namespace rivet::report
