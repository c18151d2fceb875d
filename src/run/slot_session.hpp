// SPDX-License-Identifier: Apache-2.0
// The connection of one executor slot: opened for its first unit, kept for the next ones, dropped after a failure.
#pragma once

#include <memory>
#include <stop_token>

#include "base/linked_stop.hpp"
#include "base/result.hpp"
#include "source/source.hpp"

namespace rivet::run {

/// A session together with the stop source that its waits listen to. Used by one thread; stopping works from any.
class SlotSession {
 public:
  static Result<std::unique_ptr<SlotSession>> open(const source::Source& source, const source::SessionOptions& options,
                                                   const std::stop_token& stop);

  source::Session& session() { return *session_; }
  /// Requested to make the session's calls return at once, for good.
  const std::stop_source& abort() const { return stop_.source(); }

 private:
  explicit SlotSession(const std::stop_token& stop) : stop_(stop) {}

  base::LinkedStop stop_;
  std::unique_ptr<source::Session> session_;
};

}  // namespace rivet::run
