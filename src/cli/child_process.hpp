// SPDX-License-Identifier: Apache-2.0
// This program once more, as a child that tells what it does and cannot outlive us.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace rivet::cli {

/// The variable that names the descriptor to which a process writes events (report/progress_events.hpp): 1 is stdout.
inline constexpr const char* kEventsVariable = "RIVET_IPC_EVENTS";

/// The descriptor that RIVET_IPC_EVENTS names; nothing when it is unset, empty or 0. Error kind config when it names
/// none that is open.
Result<std::optional<int>> events_descriptor();

/// What to start.
struct ChildOptions {
  std::vector<std::string> arguments;  ///< behind the program's name
  bool shares_stdout = false;          ///< it writes data to our stdout, and its events elsewhere
};

/// How a process ended.
struct ChildEnd {
  int exit_code = 0;
  int signal = 0;  ///< 0: it ended by itself

  /// `exit code 3`, `signal 9 (Killed)`.
  std::string to_string() const;
};

/// A running child. Its descriptors do not block. One thread at a time.
class ChildProcess {
 public:
  /// Starts it. The kernel kills it (SIGKILL) when the calling thread ends, whatever ends that, so call it from
  /// a thread that waits for the child. Error kind overloaded when the machine has no room for another process.
  static Result<std::unique_ptr<ChildProcess>> start(const ChildOptions& options);
  /// Kills and awaits a child that was not awaited.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t id() const { return id_; }
  int events() const { return events_; }  ///< to read its events from; its end is the end of the process
  int errors() const { return errors_; }  ///< to read its stderr from

  /// Asks it to stop (SIGTERM).
  void request_stop() const;
  /// Waits for its end.
  ChildEnd wait();

 private:
  ChildProcess(pid_t id, int events, int errors) : id_(id), events_(events), errors_(errors) {}

  pid_t id_;
  int events_, errors_;
  bool awaited_ = false;
};

}  // namespace rivet::cli
