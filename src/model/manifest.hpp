// SPDX-License-Identifier: Apache-2.0
// The manifest: which parts of a prefix count, and the evidence about them. A part exists because
// the manifest says so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "model/column.hpp"
#include "model/part.hpp"

namespace rivet::model {

inline constexpr int kManifestVersion = 1;
inline constexpr std::int64_t kManifestLimitBytes = 64LL << 20;  ///< refuse to read more
inline constexpr std::int64_t kSuccessLimitBytes = 4096;

struct ManifestSource {
  std::string engine, schema, table;  ///< schema and table empty for a query: null
  std::string strategy;
  std::string cursor_column, cursor_type, cursor_low, cursor_high;
  std::optional<std::int64_t> source_row_count;
  std::string consistency;                            ///< unit or snapshot
  std::optional<base::Timestamp> read_from, read_to;  ///< source clock: instants of the first and the last read
  std::string snapshot;                               ///< the engine's text of the instant; empty when it has none
};

struct ManifestPart {
  std::int64_t part_id = 0;
  Part part;
  std::string status = "committed";  ///< committed | quarantined
  std::string schema_fingerprint =
      {};  ///< of the earlier schema it was written with; empty: the manifest's own columns
};

/// Columns that an earlier run wrote, and the newest did not.
struct EarlierSchema {
  std::string fingerprint;  ///< schema_fingerprint() of the columns; parts refer to it
  Columns columns;
};

/// A part that a repair has replaced: it counts no more, and stays for readers of older generations.
struct SupersededPart {
  std::string run_id;
  std::string path;  ///< or below kSupersededFolder, once it was pruned
  std::int64_t rows = 0, size_bytes = 0;
  std::string content_fingerprint;
  std::int64_t generation = 0;  ///< the first one without it
};

/// One generation of an export's output. docs/manifest.md describes the JSON.
struct Manifest {
  std::string run_id, export_name, export_family;
  std::string mode = "batch";
  base::Timestamp started_at, finished_at;
  std::string status;  ///< running | success | failed | interrupted
  std::int64_t generation = 0;
  ManifestSource source;
  std::string destination_kind, destination_uri;
  std::string format, compression;
  Columns columns;                             ///< as the newest run wrote them
  std::vector<EarlierSchema> earlier_schemas;  ///< those that parts name, in the order of the parts
  std::int64_t row_count = 0;
  std::vector<ManifestPart> parts;
  std::vector<SupersededPart> superseded = {};
  Digest digest;                ///< sum_of_parts()
  std::string row_hash_column;  ///< empty: none
  std::vector<std::string> row_hash_covered;
  std::string row_hash_render = {};  ///< names the text forms that are hashed

  /// What a manifest that was read claims about itself, kept to be compared with what it holds; unset when built
  /// in memory. Writing states what is, and ignores them.
  int version = kManifestVersion;
  std::optional<std::int64_t> stated_part_count = {};
  std::string stated_schema_fingerprint = {};
};

/// Names of the objects that describe an export at its prefix.
std::string manifest_key(std::string_view export_name);  // manifest.<export>.json
std::string success_key(std::string_view export_name);   // _SUCCESS.<export>
std::string run_manifest_key(std::string_view run_id);   // manifest-<run_id>.json
inline constexpr std::string_view kCompatManifestKey = "manifest.json";
inline constexpr std::string_view kCompatSuccessKey = "_SUCCESS";
inline constexpr std::string_view kQuarantineFolder = "_quarantine/";
inline constexpr std::string_view kSupersededFolder = "_superseded/";

/// Whether an object describes outputs or was put aside, so that it is no part of one: manifests, markers,
/// certificates, what lies in quarantine or is superseded.
bool is_no_part(std::string_view key);

/// Whether `path` stays below the prefix: relative, not empty, no `..` component, no NUL.
bool is_safe_part_path(std::string_view path);

/// The JSON text, stable for equal manifests. Never throws; bytes that are not UTF-8 become U+FFFD.
std::string to_json_text(const Manifest& manifest);
/// Reads it back, from any bytes; fields it does not know are ignored. Kind data when it is not JSON, not this
/// version, or lacks a field. Whether it adds up is for inconsistencies() to say.
Result<Manifest> manifest_from_json_text(std::string_view text);

/// The columns that a part was written with; null when it names a schema that the manifest does not list.
const Columns* columns_of(const Manifest& manifest, const ManifestPart& listed);
/// The columns that the manifest's digest has sums for. How a cell is hashed depends on its column's place and type
/// (docs/digest.md), so they are the source columns that have the same place, name and type in all of its schemas.
Columns summed_columns(const Manifest& manifest);
/// The digest of all parts: rows and row hashes of each as it was written, sums of cells for summed_columns().
Digest sum_of_parts(const Manifest& manifest);

/// What does not add up inside a manifest: version, counts, sums, part ids and paths, schemas, digests. One
/// sentence each; empty: consistent.
std::vector<std::string> inconsistencies(const Manifest& manifest);

/// `xxh3:<16 hex>` and a newline: the content of the marker that vouches for exactly these manifest bytes.
std::string success_marker(std::string_view manifest_bytes);

}  // namespace rivet::model
