// SPDX-License-Identifier: Apache-2.0
// What a worker of the cascade does with a node: runs the export, or looks at the gate, as `rivet run` would.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "cascade/worker.hpp"
#include "cli/context.hpp"
#include "config/config.hpp"
#include "report/work_log.hpp"
#include "source/source.hpp"
#include "state/store.hpp"

namespace rivet::cli {

/// A run of the cascade, as this machine can work on it.
struct LoadedRun {
  std::string run_id;
  config::Config config;
  std::unique_ptr<source::Source> source;
  bool validate = false, reconcile = false;
};

/// Runs exports and gates of any submitted run. Called from many threads at once; what it is made of must outlive it.
class ExportPerformer final : public cascade::Performer {
 public:
  /// `context` carries the clock by which leases are reckoned: that of the store. `host` tells machines apart.
  ExportPerformer(cascade::Store& cascade, state::StateStore& store, const report::WorkLog& log, Context& context,
                  std::chrono::milliseconds lease, std::string host);

  cascade::Performed perform(const cascade::Task& task) override;
  bool help(const cascade::Task& task) override;

 private:
  Result<std::shared_ptr<const LoadedRun>> load(const std::string& run_id);
  cascade::Performed look(const LoadedRun& run, const config::Gate& gate, const cascade::Task& task);
  cascade::Performed extract(const LoadedRun& run, const config::Export& entry, const cascade::Task& task);
  std::vector<report::RunOutcome> run_it(const LoadedRun& run, const config::Export& entry, const cascade::Task& task,
                                         bool helping);
  Result<void> require_place(const config::Export& entry);

  cascade::Store& cascade_;
  state::StateStore& store_;
  const report::WorkLog& log_;
  Context& context_;
  const std::chrono::milliseconds lease_;
  const std::string host_;
  std::mutex mutex_;
  std::list<std::shared_ptr<const LoadedRun>> loaded_;  // the latest first
};

}  // namespace rivet::cli
