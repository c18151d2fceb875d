// SPDX-License-Identifier: Apache-2.0
// sigwait on a thread needs no handler and no global.
#include "cli/signals.hpp"

#include <csignal>
#include <cstdlib>
#include <pthread.h>
#include <unistd.h>

#include "cli/child_process.hpp"

namespace rivet::cli {
namespace {

constexpr int kInterruptedExit = 130;

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGUSR2);  // ours: ends the watcher
  return set;
}

}  // namespace

SignalWatcher::SignalWatcher() : yields_to_parent_(std::getenv(kEventsVariable) != nullptr) {
  std::signal(SIGPIPE, SIG_IGN);
  const auto set = watched_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  watcher_ = std::thread([this] { watch(); });
}

SignalWatcher::~SignalWatcher() {
  done_ = true;
  pthread_kill(watcher_.native_handle(), SIGUSR2);
  watcher_.join();
  if (stopper_.joinable()) stopper_.join();
}

void SignalWatcher::watch() {
  const auto set = watched_signals();
  int caught = 0;
  while (sigwait(&set, &caught) == 0 && !done_) {
    if (caught == SIGUSR2) continue;
    if (!stopper_.joinable()) {
      stopper_ = std::thread([this] { stop_.request_stop(); });
    } else if (caught == SIGINT && !yields_to_parent_) {
      ::_exit(kInterruptedExit);
    }
  }
}

}  // namespace rivet::cli
