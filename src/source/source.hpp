// SPDX-License-Identifier: Apache-2.0
// The Source contract: open a session, describe a relation, read a bounded part of it as batches.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "batch/schema.hpp"
#include "model/catalogue.hpp"
#include "model/relation.hpp"
#include "model/unit.hpp"

namespace rivet::source {

/// How a connection is set up. Zero durations mean no limit.
struct SessionOptions {
  std::chrono::seconds statement_timeout{0};  ///< bounds probes, and the silence between blocks of a read
  std::chrono::seconds lock_timeout{0};
  std::string snapshot = {};  ///< from share_snapshot() of another session: everything is read as of that instant
  std::atomic<std::int64_t>* statements = nullptr;  ///< when given, counts what is sent; outlives the session
};

/// What sessions of an engine can do beyond reading. Questions about the rest are answered with kind config.
struct Capabilities {
  bool shared_snapshot = false;  ///< several sessions can read one instant
  bool pages = false;            ///< a table without a key can be cut by PageRange
  bool row_versions = false;     ///< there is a horizon(), and some relations can be read by VersionRange
  int statements_to_plan = 0;    ///< about so many are sent before the first unit is read
  int statements_per_unit = 0;   ///< about so many are sent for each
};

/// How large the batches of a read may become. A batch closes at whichever bound is hit first and
/// always holds at least one row.
struct BatchLimits {
  std::int64_t rows = 16'384;
  std::int64_t bytes = 1 << 20;
  std::int64_t value_bytes = 256LL << 20;  ///< a larger value stops the read: RIVET_VALUE_TOO_LARGE
};

/// One bounded read. `columns` is what an earlier describe() agreed on; when the relation no longer
/// matches it, read() fails with kind drift.
struct ReadRequest {
  model::Relation relation;
  model::Columns columns;
  model::Predicate predicate;
  BatchLimits limits;
};

/// Several reads of one relation of which only the number of rows is wanted.
struct CountRequest {
  model::Relation relation;
  model::Columns columns;  ///< as in ReadRequest
  std::vector<model::Predicate> predicates;
};

/// From which instant a read sees the source, recorded before its first row.
struct ReadInstant {
  base::Timestamp at;    ///< the source's clock
  std::string snapshot;  ///< the engine's own text for it; empty when it has none
};

/// The rows of one read. Not thread safe; dropping it abandons the statement.
class BatchStream {
 public:
  virtual ~BatchStream() = default;
  /// The next batch with batch_schema(columns), or nothing once the server itself has said that the
  /// result is complete and its row count agrees. A connection that merely ends is an error (kind unavailable).
  virtual Result<std::optional<batch::Batch>> next() = 0;
  /// Bytes received from the server so far.
  virtual std::int64_t bytes_read() const = 0;
  virtual const ReadInstant& instant() const = 0;
};

/// How other users of the source fare right now, in numbers that reading alone, however much of it, cannot raise while
/// there are no others.
struct Pressure {
  std::int64_t active = 0;                                 ///< statements of others that run
  std::int64_t waiting = 0;                                ///< those of them that wait for a lock, a page or the disk
  std::optional<std::int64_t> requested_checkpoints = {};  ///< since ever: checkpoints that writers forced
  std::optional<std::chrono::milliseconds> standby_lag = {};  ///< of the standby that is furthest behind
};

/// Whom an error of describe() concerns, for a caller that looks at many relations.
enum class RelationFault {
  none,      ///< not the relation: the connection, the server, this program
  broken,    ///< it is gone, or what it is made of is
  forbidden  ///< this user may not read it
};

/// What a server says of itself and of the way to it, for people who look for a fault.
struct ServerFacts {
  std::string product;  ///< name and version
  std::string user = {};
  std::optional<std::string> encryption = {};  ///< of the connection; empty when it is plain text, none without a wire
  std::string backend = {};                    ///< names the process that serves us now; empty where there is none
  bool pooled = false;                         ///< a pooler stands between us and it
  bool standby = false;
  std::optional<std::chrono::milliseconds> standby_lag = {};  ///< of a standby behind its primary, when it tells
  std::optional<std::chrono::microseconds> clock_ahead = {};  ///< of ours; negative when it is behind
  std::chrono::microseconds clock_error{0};                   ///< `clock_ahead` is known to within so much
};

/// One connection, set up for reading. Used by one thread at a time; must outlive its streams, of
/// which at most one may be open.
class Session {
 public:
  virtual ~Session() = default;
  /// Columns with resolved types, keys, sizes. Errors: permanent (no such table or column), config
  /// (an override that would change values), auth, unavailable.
  virtual Result<model::Inventory> describe(const model::Relation& relation, const model::TypeOverrides& overrides) = 0;
  virtual Result<std::unique_ptr<BatchStream>> read(const ReadRequest& request) = 0;

  /// How read() would go about it. Errors: those of read().
  virtual Result<model::ScanPlan> explain(const ReadRequest& request) = 0;

  /// Which system the rows live in: the same text for the same database, whatever name it is reached by. Empty when
  /// the engine or this user's rights do not tell.
  virtual Result<std::string> source_id() = 0;

  /// The tables and views of a schema, or with an empty name of all but the engine's own, in order of schema and name.
  /// Looks at no values and takes a fixed number of statements. An unknown schema has none.
  virtual Result<std::vector<model::CatalogueEntry>> catalogue(const std::string& schema) = 0;
  /// What a read of the table or view with these types of describe() would stop at, and how to carry it instead. An
  /// engine whose declarations do not bind reads every value; others have nothing to tell.
  virtual Result<model::Misfits> misfits(const model::Relation&, const model::Columns&) { return model::Misfits{}; }
  /// What an error of describe() says about the relation.
  virtual RelationFault fault_of(const Error& error) const = 0;

  /// The least and the greatest key, by index where there is one. `key` names columns of the relation, or the row id
  /// as describe() called it.
  virtual Result<model::KeyExtent> key_extent(const model::Relation& relation, const model::KeyColumns& key) = 0;
  /// At most `parts` - 1 keys that cut the relation into about equal parts: ascending, distinct, each one as the
  /// server compares them; from its statistics when they are good enough, else by one walk in key order. Fewer, also
  /// none, when there are fewer distinct keys. Never a key with NULL in it.
  virtual Result<std::vector<model::KeyValues>> split_points(const model::Relation& relation,
                                                             const model::KeyColumns& key, int parts) = 0;
  /// Physical pages of the table right now. Kind config for anything that has none of its own (view, query,
  /// partitioned table).
  virtual Result<std::int64_t> page_count(const model::Relation& relation) = 0;
  /// About how many rows, without reading them where the engine has an estimate that is good enough to plan by; an
  /// embedded engine counts. Nothing when it cannot tell.
  virtual Result<std::optional<std::int64_t>> row_estimate(const model::Relation& relation) = 0;
  /// How many rows read() would give for each predicate, in their order, counted by the server as of one instant.
  /// Errors: those of read(), for whichever predicate comes first.
  virtual Result<std::vector<std::int64_t>> count(const CountRequest& request) = 0;
  /// All rows, counted. Expensive: only for numbering rows.
  virtual Result<std::int64_t> row_count(const model::Relation& relation) = 0;

  /// Where the numbering of row versions stands now; VersionRange counts in it. Kind config for an engine without.
  virtual Result<model::Horizon> horizon() = 0;

  /// What there is to know about the server, from a transaction with all the settings that a read has.
  virtual Result<ServerFacts> facts() = 0;

  /// How many more sessions this user could open right now; nothing where there is no limit or it is not told.
  virtual Result<std::optional<std::int64_t>> connections_left() { return std::nullopt; }

  /// How others fare; nothing where the engine does not tell. Kind auth when this user may not see it.
  virtual Result<std::optional<Pressure>> pressure() { return std::nullopt; }

  /// The number below which all transactions had ended for a read of that snapshot (ReadInstant::snapshot), in the
  /// numbering of VersionRange: a row version that is older was there for it to see. Nothing where there is none.
  virtual std::optional<std::int64_t> settled_in(const std::string&) const { return std::nullopt; }

  /// Freezes this session at one instant until it is dropped, and names it for SessionOptions::snapshot. Everything
  /// the session does from here on sees that instant. At most once, and not while a stream is open.
  virtual Result<std::string> share_snapshot() = 0;
};

/// A configured source. Immutable; any thread may call it.
class Source {
 public:
  virtual ~Source() = default;
  /// Opens and sets up a connection. `stop` makes blocking calls of the session return kind cancelled.
  virtual Result<std::unique_ptr<Session>> open(const SessionOptions& options, std::stop_token stop) const = 0;
  virtual Capabilities capabilities() const = 0;
};

}  // namespace rivet::source
