// SPDX-License-Identifier: Apache-2.0
// A certificate: what an export's output is and where it came from, for somebody who has the files and nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "model/column.hpp"
#include "model/digest.hpp"

namespace rivet::model {

inline constexpr int kCertificateVersion = 1;
inline constexpr std::int64_t kCertificateLimitBytes = 64LL << 20;  ///< refuse to read more

/// Where the rows came from.
struct CertifiedSource {
  std::string engine;
  std::string database;  ///< as source::Session names it; empty: not known
  std::string schema, table, query;
  std::string consistency;                            ///< unit | snapshot
  std::optional<base::Timestamp> read_from, read_to;  ///< source clock: instants of the first and the last read
};

/// A run that parts of the output came from.
struct CertifiedRun {
  std::string run_id;
  bool repair = false;  ///< it replaced units of earlier runs
  base::Timestamp started_at;
  std::optional<base::Timestamp> sealed_at;
  std::string plan_sha256;             ///< of the plan's text in the state store
  std::string database;                ///< it read from; empty: not known
  std::vector<std::string> snapshots;  ///< the engine's own words for the instants of its units, each once
  std::int64_t units = 0, rows = 0;    ///< of it that count
  std::optional<bool> quality_passed, validated, reconciled;  ///< gates of the run; nothing: there was none
};

/// A part that counts.
struct CertifiedPart {
  std::string path;
  std::int64_t rows = 0, size_bytes = 0;
  std::string sha256;
  Digest digest;

  bool operator==(const CertifiedPart&) const = default;
};

/// A file below the prefix that was not part of the output when the certificate was made.
struct UncountedFile {
  std::string path;
  std::int64_t size_bytes = 0;
};

/// The statement. docs/certificate.md describes the JSON.
struct Certificate {
  base::Timestamp issued_at;
  std::string tool_version, tool_sha256;  ///< of rivet: its version, and its program's bytes
  std::string export_name;
  CertifiedSource source;
  std::string destination_uri, format, compression;
  std::int64_t generation = 0;
  std::string manifest_path, manifest_sha256;
  Columns columns;  ///< as the newest run wrote them
  std::int64_t rows = 0;
  Digest digest;
  std::vector<CertifiedPart> parts;
  std::vector<CertifiedRun> runs;                ///< the oldest first
  std::optional<base::Timestamp> reconciled_at;  ///< when all of it was last found to match its source
  std::vector<UncountedFile> uncounted;
};

nlohmann::json to_json(const Certificate& certificate);
/// Reads it back, from any JSON. Kind data when it is not a certificate of this version, or lacks a field.
Result<Certificate> certificate_from_json(const nlohmann::json& json);

/// What vouches for a statement.
struct Signature {
  std::string public_key = {};  ///< base::SigningKey::public_key(); empty: nobody signed it
  std::string value;            ///< the signature of the statement's bytes, or without a key their SHA-256
};

/// A certificate as it lies in a file.
struct CertificateFile {
  Certificate certificate;
  std::string statement;  ///< its bytes: what is signed
  Signature signature;
};

/// The statement's bytes: JSON in the canonical form of RFC 8785. Texts of it that are not UTF-8 become U+FFFD.
std::string canonical_text(const nlohmann::json& json);
/// The file's bytes.
std::string file_text(const nlohmann::json& statement, const Signature& signature);
/// Reads a file of any bytes. Kind data for everything that file_text() does not write: a second writing of the same
/// value would be one that the signature does not tell from the first.
Result<CertificateFile> certificate_file_from_text(std::string_view text);

/// Whether the signature fits the statement. What a key stands for is not looked at.
bool holds(const CertificateFile& file);

/// What does not add up inside a statement: counts, sums, paths. One sentence each; empty: consistent.
std::vector<std::string> inconsistencies(const Certificate& certificate);

/// Where an export's certificate lies at its prefix: `certificate.<export>.json`.
std::string certificate_key(std::string_view export_name);

}  // namespace rivet::model
