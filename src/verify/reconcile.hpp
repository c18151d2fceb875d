// SPDX-License-Identifier: Apache-2.0
// Compares an export's current output with its source, unit by unit.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "destination/destination.hpp"
#include "format/encoder.hpp"
#include "model/reconciliation.hpp"
#include "model/relation.hpp"
#include "source/source.hpp"
#include "state/store.hpp"

namespace rivet::verify {

/// Whom a reconciliation asks. The caller keeps all of it alive.
struct ReconcileAccess {
  const source::Source& source;
  state::StateStore& store;
  const base::Clock& clock;
  std::stop_token stop;
  std::function<Result<std::unique_ptr<destination::Destination>>(const std::string& kind, const std::string& prefix)>
      open_prefix;
  std::function<Result<std::unique_ptr<format::Format>>(std::string_view name)> make_format;
  /// Told of what delays the comparison, from any thread.
  std::function<void(const std::string& message)> note;
  /// Told after each unit, from any thread, one call at a time.
  std::function<void(const model::UnitReconciliation& unit, std::size_t done, std::size_t of)> progress;
};

/// What is compared, and how.
struct ReconcileRequest {
  std::string export_name;
  model::Relation relation;             ///< as configured now; the recorded one may lack a secret
  model::TypeOverrides overrides = {};  ///< likewise
  std::string shown_query = {};         ///< the relation's query as runs record it
  model::ReconcileDepth depth = model::ReconcileDepth::count;
  std::int64_t max_differences = 100;  ///< rows that are listed
  int parallel = 1;                    ///< units at a time, each with a connection of its own
  int max_attempts = 1;                ///< for each unit, on a new connection, where its error allows another one
  std::chrono::milliseconds retry_backoff{0};  ///< before the second attempt; see source::backoff()
  source::SessionOptions session = {};
  source::BatchLimits limits = {};
};

/// The comparison. What differs is in it, and a unit that could not be compared is `unknown` with the reason. When all
/// units match, the verified boundary is brought up to the committed one. Errors: config (nothing was exported yet, or
/// something else), what the source or the destination fails with before the first unit, that the source stays away,
/// cancelled.
Result<model::Reconciliation> reconcile(const ReconcileAccess& access, const ReconcileRequest& request);

}  // namespace rivet::verify
