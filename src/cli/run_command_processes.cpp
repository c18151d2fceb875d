// SPDX-License-Identifier: Apache-2.0
// One thread and one poll(): events, stderr and ends of all children, and the stop request.
#include "cli/run_command_processes.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/linked_stop.hpp"
#include "cli/child_log.hpp"
#include "cli/child_process.hpp"
#include "cli/gates.hpp"
#include "cli/run_command_lost.hpp"
#include "report/progress_events.hpp"

namespace rivet::cli {
namespace {

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

/// What has arrived on a descriptor, cut into lines.
class Lines {
 public:
  bool ended() const { return ended_; }

  /// Reads what is there and hands over the complete lines.
  void read(int fd, const std::function<void(std::string_view)>& handle) {
    char block[16 * 1024];
    for (;;) {
      const auto size = ::read(fd, block, sizeof block);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0 && errno == EAGAIN) break;
      if (size <= 0) {
        ended_ = true;
        break;
      }
      waiting_.append(block, static_cast<std::size_t>(size));
    }
    std::size_t begin = 0;
    for (auto end = waiting_.find('\n'); end != std::string::npos; end = waiting_.find('\n', begin)) {
      handle(std::string_view(waiting_).substr(begin, end - begin));
      begin = end + 1;
    }
    waiting_.erase(0, begin);
  }
  /// The last line, when its end is missing.
  const std::string& rest() const { return waiting_; }

 private:
  std::string waiting_;
  bool ended_ = false;
};

struct Child {
  std::size_t index;
  std::unique_ptr<ChildProcess> process;
  base::Timestamp started_at;
  std::chrono::steady_clock::time_point since;
  Lines events, errors;
  std::string last_words;                         // on stderr
  std::vector<report::RunOutcome> outcomes = {};  // several of an export with partitions
  std::optional<std::string> why_stopped = {};    // by us, because it is not needed any more
};

/// A gate that is looked at by a thread of its own. The thread writes the outcome, then `is_done`.
struct RunningGate {
  RunningGate(std::size_t at, const std::stop_token& outer) : index(at), stop(outer) {}

  std::size_t index;
  base::LinkedStop stop;
  report::RunOutcome outcome;
  std::atomic<bool> is_done = false;
  std::optional<std::string> why_stopped;
  std::jthread thread;  // the first to go
};

class Processes {
 public:
  Processes(const std::vector<Step>& steps, run::Agenda& agenda, const RunJob& job, const run::OutcomeHandler& handle)
      : steps_(steps),
        agenda_(agenda),
        job_(job),
        handle_(handle),
        wake_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        log_(job.config.file.parent_path(), job.context),
        taken_(steps.size()),
        outcomes_(steps.size()) {
    on_stop_.emplace(job.context.stop, std::function<void()>([this] { wake(); }));
  }

  ~Processes() {
    on_stop_.reset();
    ::close(wake_fd_);
  }
  Processes(const Processes&) = delete;
  Processes& operator=(const Processes&) = delete;

  std::vector<report::RunOutcome> run(int at_once) {
    for (;;) {
      while (running_.size() + gates_.size() < static_cast<std::size_t>(at_once) && start_next()) {
      }
      if (running_.empty() && gates_.empty()) break;
      await_news();
      std::vector<std::size_t> ended;
      std::erase_if(running_, [&](Child& child) { return is_done(child) && (ended.push_back(child.index), true); });
      std::erase_if(gates_, [&](auto& gate) { return is_done(*gate) && (ended.push_back(gate->index), true); });
      for (const auto index : ended) end(index);
    }
    std::vector<report::RunOutcome> out;
    for (auto& outcomes : outcomes_) std::move(outcomes.begin(), outcomes.end(), std::back_inserter(out));
    return out;
  }

 private:
  const config::Export& entry_of(const Child& child) const { return *steps_[child.index].entry; }

  /// Starts the first step whose turn it is, or tells that it is left out. False when there is none.
  bool start_next() {
    if (job_.context.stop.stop_requested()) return false;
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      const auto turn = agenda_.turn_of(steps_[i].node);
      if (taken_[i] || turn == run::Agenda::Turn::wait) continue;
      taken_[i] = true;
      if (turn == run::Agenda::Turn::leave_out) {
        outcomes_[i] = {left_out(job_, steps_[i], agenda_.why_left_out(steps_[i].node))};
        handle_(outcomes_[i].front());
        return true;
      }
      agenda_.begin(steps_[i].node);
      steps_[i].gate == nullptr ? start_export(i) : start_gate(i);
      return true;
    }
    return false;
  }

  void start_gate(std::size_t index) {
    auto running = std::make_unique<RunningGate>(index, job_.context.stop);
    auto& gate = *running;
    gate.thread = std::jthread([this, &gate, what = steps_[index].gate] {
      gate.outcome = look_at_gate(job_, *what, gate.stop.token());
      gate.is_done = true;
      wake();
    });
    gates_.push_back(std::move(running));
  }

  bool is_done(RunningGate& gate) {
    if (!gate.is_done) return false;
    gate.thread.join();
    if (gate.why_stopped) run::excuse_when_stopped(gate.outcome, *gate.why_stopped);
    handle_(gate.outcome);
    outcomes_[gate.index] = {std::move(gate.outcome)};
    return true;
  }

  /// REQUIRES: its outcomes are there.
  void end(std::size_t index) {
    for (const auto node : agenda_.end(steps_[index].node, run::outcome_of(outcomes_[index]))) {
      const auto why = agenda_.why_left_out(node);
      for (auto& child : running_) {
        if (steps_[child.index].node != node) continue;
        child.why_stopped = why;
        child.process->request_stop();
      }
      for (auto& gate : gates_) {
        if (steps_[gate->index].node != node) continue;
        gate->why_stopped = why;
        gate->stop.request_stop();
      }
    }
  }

  void start_export(std::size_t index) {
    const auto& entry = *steps_[index].entry;
    Child child{.index = index,
                .process = nullptr,
                .started_at = job_.context.clock.now(),
                .since = std::chrono::steady_clock::now(),
                .events = {},
                .errors = {},
                .last_words = {}};
    job_.progress.started(entry.name, std::nullopt);
    auto process = ChildProcess::start({.arguments = arguments_for(entry), .shares_stdout = writes_to_stdout(&entry)});
    if (!process) {
      finish(child, lost(child, std::move(process).error(), 0));
      outcomes_[index] = std::move(child.outcomes);
      return end(index);
    }
    child.process = std::move(*process);
    running_.push_back(std::move(child));
  }

  std::vector<std::string> arguments_for(const config::Export& entry) const {
    std::vector<std::string> out{"run", "--config=" + job_.args.config, "--export=" + entry.name, "--no-deps"};
    for (const auto& param : job_.args.params) out.push_back("--param=" + param);
    if (job_.args.validate) out.emplace_back("--validate");
    if (job_.args.reconcile) out.emplace_back("--reconcile");
    if (job_.args.resume) out.emplace_back("--resume");
    if (job_.args.force) out.emplace_back("--force");
    return out;
  }

  void await_news() {
    std::vector<pollfd> fds{{.fd = wake_fd_, .events = POLLIN, .revents = 0}};
    for (const auto& child : running_) {
      // poll() passes over negative descriptors.
      fds.push_back({.fd = child.events.ended() ? -1 : child.process->events(), .events = POLLIN, .revents = 0});
      fds.push_back({.fd = child.errors.ended() ? -1 : child.process->errors(), .events = POLLIN, .revents = 0});
    }
    if (::poll(fds.data(), fds.size(), -1) < 0) return;
    if (fds[0].revents != 0) be_woken();
    for (std::size_t i = 0; i < running_.size(); ++i) {
      if (fds[1 + 2 * i].revents != 0) read_events(running_[i]);
      if (fds[2 + 2 * i].revents != 0) read_errors(running_[i]);
    }
  }

  void wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_fd_, &one, sizeof one);
  }

  void be_woken() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto drained = ::read(wake_fd_, &count, sizeof count);
    if (!job_.context.stop.stop_requested()) return;
    for (const auto& child : running_) child.process->request_stop();
  }

  void read_events(Child& child) {
    child.events.read(child.process->events(), [&](std::string_view line) {
      auto event = report::progress_event_of(line);
      if (event) relay(child, std::move(*event));
      if (!event) keep(child, line);
    });
  }

  void relay(Child& child, report::ProgressEvent event) {
    const auto& name = entry_of(child).name;  // theirs went through a redactor
    std::visit(Overloaded{[&](const report::Started&) {},
                          [&](const report::ProgressInit& e) { job_.progress.started(name, e.estimated_rows); },
                          [&](const report::Progress& e) { job_.progress.advanced(name, e.rows, e.bytes_read); },
                          [&](const report::Note& e) { job_.progress.note(name, e.message); },
                          [&](report::Finished& e) {
                            if (entry_of(child).keys.partition_by.empty()) e.outcome.export_name = name;
                            finish(child, std::move(e.outcome));
                          }},
               event);
  }

  void read_errors(Child& child) {
    child.errors.read(child.process->errors(), [&](std::string_view line) { keep(child, line); });
  }

  void keep(Child& child, std::string_view line) {
    if (!line.empty()) child.last_words = line;
    log_.add(entry_of(child).name, line);
  }

  bool is_done(Child& child) {
    if (!child.events.ended() || !child.errors.ended()) return false;
    if (!child.errors.rest().empty()) keep(child, child.errors.rest());
    const auto end = child.process->wait();
    const bool broke_off = child.outcomes.empty() || end.signal != 0;
    if (broke_off) {
      const bool stopped = job_.context.stop.stop_requested() || child.why_stopped;
      finish(child, lost(child, error_of_lost(end, child.last_words, stopped), child.process->id()));
    }
    outcomes_[child.index] = std::move(child.outcomes);
    return true;
  }

  report::RunOutcome lost(const Child& child, Error error, pid_t process) {
    auto outcome = outcome_of_lost(job_, entry_of(child), std::move(error), process);
    outcome.started_at = child.started_at;
    outcome.duration_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - child.since).count();
    record_lost(job_, outcome);
    return outcome;
  }

  void finish(Child& child, report::RunOutcome outcome) {
    if (child.why_stopped) run::excuse_when_stopped(outcome, *child.why_stopped);
    job_.progress.finished(outcome);
    handle_(outcome);
    child.outcomes.push_back(std::move(outcome));
  }

  const std::vector<Step>& steps_;
  run::Agenda& agenda_;
  const RunJob& job_;
  const run::OutcomeHandler& handle_;
  const int wake_fd_;
  ChildLog log_;
  std::vector<Child> running_;
  std::vector<std::unique_ptr<RunningGate>> gates_;
  std::vector<bool> taken_;
  std::vector<std::vector<report::RunOutcome>> outcomes_;
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
};

}  // namespace

std::vector<report::RunOutcome> run_in_processes(const std::vector<Step>& steps, run::Agenda& agenda, const RunJob& job,
                                                 int at_once, const run::OutcomeHandler& handle) {
  return Processes(steps, agenda, job, handle).run(at_once);
}

}  // namespace rivet::cli
