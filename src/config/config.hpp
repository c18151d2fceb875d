// SPDX-License-Identifier: Apache-2.0
// The configuration as one validated, immutable value: what every other layer may rely on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cascade/graph.hpp"
#include "model/column.hpp"
#include "model/relation.hpp"

namespace rivet::config {

enum class SourceType { postgres, mysql, mssql, sqlite, mongo };
enum class Environment { unset, local, replica, production };
enum class TlsMode { disable, require, verify_ca, verify_full };

/// `tls:` block of a source. Absent block: plain text to loopback hosts only.
struct Tls {
  TlsMode mode = TlsMode::verify_full;
  std::string ca_file;
  bool accept_invalid_certs = false;
  bool accept_invalid_hostnames = false;
};

/// `tuning:` with the profile applied and the export's block laid over the source's. Zero means off
/// where the reference says so.
struct Tuning {
  std::string profile = "balanced";
  std::int64_t batch_size = 10'000;
  std::optional<std::int64_t> batch_size_memory_mb = 32;
  std::int64_t throttle_ms = 0;
  bool throttle_given = false;         ///< `throttle_ms` stands in the file, not only in the profile
  std::optional<double> max_mb_per_s;  ///< from the source, all units of the export together; none: no limit
  std::int64_t statement_timeout_s = 300;
  int max_retries = 3;
  std::int64_t retry_backoff_ms = 2'000;
  std::int64_t lock_timeout_s = 30;
  std::int64_t memory_threshold_mb = 4'096;
  std::int64_t max_value_mb = 256;
  bool adaptive = false;
  int min_parallel = 1;
  std::optional<std::int64_t> max_batch_memory_mb;
  enum class OnBatchMemory { warn, fail, auto_shrink } on_batch_memory_exceeded = OnBatchMemory::warn;
};

/// Where the rows come from. `password` and `url` never leave the process.
struct Source {
  SourceType type = SourceType::postgres;
  std::string host, user, database, password;
  int port = 0;
  std::map<std::string, std::string> url_parameters;  ///< `?key=value` of the URL form, decoded
  std::filesystem::path path;                         ///< sqlite only, absolute
  Environment environment = Environment::unset;
  std::optional<Tls> tls;
};

enum class DestinationType { local, s3, gcs, azure, stdout_ };

/// Where the parts go. Placeholders in `path` and `prefix` are not yet expanded (see expand_placeholders).
struct Destination {
  DestinationType type = DestinationType::local;
  std::string path;  ///< local: as written, relative to the working directory
  std::string bucket, prefix, region, endpoint, credentials_file;
  std::string access_key_env, secret_key_env, session_token_env, aws_profile;
  std::string account_name, account_key_env, sas_token_env;
  bool allow_anonymous = false;
};

enum class Mode { full, incremental, chunked, time_window, cdc };
enum class FileFormat { parquet, csv };
enum class Compression { zstd, snappy, gzip, lz4, none };
enum class Verify { size, content };
enum class OnSchemaDrift { warn, continue_, fail };
enum class RowGroupStrategy { auto_, fixed_rows, fixed_memory };
/// Whether all units of a run read the same instant, or each its own.
enum class Consistency { unit, snapshot };
enum class PartitionGranularity { day, month, year };

struct MetaColumns {
  bool exported_at = false;
  bool row_hash = false;
  std::vector<std::string> row_hash_columns;  ///< empty with row_hash: all columns
};

struct Quality {
  std::optional<std::int64_t> row_count_min, row_count_max;
  std::map<std::string, double> null_ratio_max;
  std::vector<std::string> unique_columns;
  std::optional<std::int64_t> unique_max_entries;
};

struct Parquet {
  RowGroupStrategy strategy = RowGroupStrategy::auto_;
  std::optional<std::int64_t> row_group_rows;
  std::int64_t target_row_group_mb = 128;
  std::optional<std::int64_t> max_row_group_mb;
};

/// How an export is cut and followed. Keys that only one mode knows are refused elsewhere by validation.
struct ModeKeys {
  std::string cursor_column, cursor_fallback_column;
  bool coalesce = false;
  std::optional<std::int64_t> cursor_lookback;  ///< newest rows that a later run looks at again; unset: what suits
  std::string chunk_column;
  std::vector<std::string> chunk_by_key;
  std::optional<std::int64_t> chunk_size, chunk_size_memory_mb, chunk_count, chunk_by_days;
  bool chunk_dense = false;
  int parallel = 1;                        ///< units at once, in any mode
  std::optional<Consistency> consistency;  ///< in any mode; unset: what suits the mode
  bool chunk_checkpoint = false;
  std::optional<int> chunk_max_attempts;
  bool keyset_incremental = false;
  std::string time_column;
  bool time_column_unix = false;
  std::optional<std::int64_t> days_window;
  std::string partition_by;
  PartitionGranularity partition_granularity = PartitionGranularity::day;
};

/// Which machines may work on it, once several share the work. One process works on everything.
struct Placement {
  std::string name_space;  ///< empty: none
  std::map<std::string, std::string> tags;
};

/// One entry of `exports:`, or one partition of it.
struct Export {
  std::string name;
  std::string family = {};     ///< the entry that this is a partition of; empty: it stands for itself
  std::string partition = {};  ///< what `{partition}` stands for; empty unless it is a partition
  model::Relation relation;
  Mode mode = Mode::full;
  ModeKeys keys;
  FileFormat format = FileFormat::parquet;
  Compression compression = Compression::zstd;
  std::optional<int> compression_level;
  Destination destination;
  Verify verify = Verify::size;
  bool skip_empty = false;
  std::optional<std::int64_t> max_file_size;
  std::optional<int> wave;
  std::optional<bool> parallel_safe;
  MetaColumns meta_columns;
  Quality quality;
  Tuning tuning;
  std::string source_group;
  bool reconcile_required = false;
  model::TypeOverrides columns;
  std::string target;
  OnSchemaDrift on_schema_drift = OnSchemaDrift::warn;
  double shape_drift_warn_factor = 2.0;
  std::optional<Parquet> parquet;  ///< none: row groups bounded by bytes
  std::optional<cascade::Dependencies> depends_on = {};
  Placement placement = {};     ///< with that of the file
  int line = 0;                 ///< of its entry in the file, 1-based
  std::string definition = {};  ///< of load(): its entry in the form of definition.hpp

  /// The name of its entry in the file, also for a partition.
  const std::string& entry_name() const { return family.empty() ? name : family; }
};

/// A condition that others wait for. One of `sql`, `command` and `manifest` is set.
struct Gate {
  std::string name;
  std::string sql;                   ///< asked of the source; without an end
  std::vector<std::string> command;  ///< run in the folder of the file
  std::string manifest;              ///< the export whose output is held against its manifest
  std::optional<cascade::Dependencies> depends_on;
  Placement placement;  ///< with that of the file
  int line = 0;
  std::string definition = {};  ///< of load(): its entry in the form of definition.hpp
};

/// What a notification may be about.
enum class Occasion { success, failure, schema_change, degraded };

/// `notifications.slack`. The URL is a secret.
struct Slack {
  std::string url;
  std::vector<Occasion> on;
};

/// `notifications.webhook`. URL and headers are secrets.
struct Webhook {
  std::string url;
  std::vector<Occasion> on;
  std::map<std::string, std::string> headers;  ///< those of `headers_env` with their values
};

/// Who is told how a run ended.
struct Notifications {
  std::optional<Slack> slack;
  std::optional<Webhook> webhook;
};

/// A whole configuration file.
struct Config {
  std::filesystem::path file;  ///< absolute
  Source source;
  std::vector<Export> exports;
  std::vector<Gate> gates = {};
  Placement placement = {};  ///< of the file itself
  bool parallel_exports = false;
  bool parallel_export_processes = false;
  Notifications notifications;
  std::string source_definition = {};  ///< of load(): `source:` in the form of definition.hpp
  std::string notifications_definition =
      {};                             ///< likewise; empty when there are none, or their addresses stand in the file
  std::vector<std::string> warnings;  ///< ready for printing, with file:line
};

/// Exports, in the order of the file, and then gates, as nodes of a graph.
std::vector<cascade::NodeSpec> nodes_of(const Config& config);

/// Words as they are spelled in the file.
std::string_view name_of(SourceType type);
std::string_view name_of(Mode mode);
std::string_view name_of(FileFormat format);
std::string_view name_of(Compression compression);
std::string_view name_of(DestinationType type);
std::string_view name_of(Occasion occasion);

}  // namespace rivet::config
