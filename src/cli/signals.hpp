// SPDX-License-Identifier: Apache-2.0
// Ctrl-C as a stop token.
#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

namespace rivet::cli {

/// Waits for SIGINT and SIGTERM on a thread of its own. The first requests a stop; a further SIGINT
/// ends the process at once with 130, unless a parent process decides about that (RIVET_IPC_EVENTS): Ctrl-C reaches
/// both, and the parent's request besides. Construct it before any other thread: it blocks the signals,
/// and threads inherit that. SIGPIPE is ignored from then on, so that a closed pipe is a write error.
class SignalWatcher {
 public:
  SignalWatcher();
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

  std::stop_token token() const { return stop_.get_token(); }

 private:
  void watch();

  const bool yields_to_parent_;
  std::stop_source stop_;
  std::atomic<bool> done_ = false;
  std::thread stopper_;  // stop callbacks talk to servers: the watcher must stay free for a second Ctrl-C
  std::thread watcher_;
};

}  // namespace rivet::cli
