// SPDX-License-Identifier: Apache-2.0
// One thread and one poll(): events, stderr and ends of all children, and the stop request.
#include "cli/run_command_processes.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include <fmt/format.h>

#include "cli/child_log.hpp"
#include "cli/child_process.hpp"
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
};

class Processes {
 public:
  Processes(const Selection& selected, const RunJob& job, const run::OutcomeHandler& handle)
      : selected_(selected),
        job_(job),
        handle_(handle),
        wake_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        log_(job.config.file.parent_path(), job.context),
        outcomes_(selected.size()) {
    on_stop_.emplace(job.context.stop, std::function<void()>([fd = wake_fd_] {
                       const std::uint64_t one = 1;
                       [[maybe_unused]] const auto written = ::write(fd, &one, sizeof one);
                     }));
  }

  ~Processes() {
    on_stop_.reset();
    ::close(wake_fd_);
  }
  Processes(const Processes&) = delete;
  Processes& operator=(const Processes&) = delete;

  std::vector<report::RunOutcome> run(int at_once) {
    for (;;) {
      while (running_.size() < static_cast<std::size_t>(at_once) && start_next()) {
      }
      if (running_.empty()) break;
      await_news();
      std::erase_if(running_, [this](Child& child) { return is_done(child); });
    }
    std::vector<report::RunOutcome> out;
    for (auto& outcomes : outcomes_) std::move(outcomes.begin(), outcomes.end(), std::back_inserter(out));
    return out;
  }

 private:
  const config::Export& entry_of(const Child& child) const { return *selected_[child.index]; }

  bool start_next() {
    if (next_ == selected_.size() || job_.context.stop.stop_requested()) return false;
    const auto index = next_++;
    const auto& entry = *selected_[index];
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
      return true;
    }
    child.process = std::move(*process);
    running_.push_back(std::move(child));
    return true;
  }

  std::vector<std::string> arguments_for(const config::Export& entry) const {
    std::vector<std::string> out{"run", "--config=" + job_.args.config, "--export=" + entry.name};
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
    if (fds[0].revents != 0) pass_stop_on();
    for (std::size_t i = 0; i < running_.size(); ++i) {
      if (fds[1 + 2 * i].revents != 0) read_events(running_[i]);
      if (fds[2 + 2 * i].revents != 0) read_errors(running_[i]);
    }
  }

  void pass_stop_on() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto drained = ::read(wake_fd_, &count, sizeof count);
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
      const bool stopped = job_.context.stop.stop_requested();
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
    job_.progress.finished(outcome);
    handle_(outcome);
    child.outcomes.push_back(std::move(outcome));
  }

  const Selection& selected_;
  const RunJob& job_;
  const run::OutcomeHandler& handle_;
  const int wake_fd_;
  ChildLog log_;
  std::vector<Child> running_;
  std::size_t next_ = 0;
  std::vector<std::vector<report::RunOutcome>> outcomes_;
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
};

}  // namespace

std::vector<report::RunOutcome> run_in_processes(const Selection& selected, const RunJob& job, int at_once,
                                                 const run::OutcomeHandler& handle) {
  return Processes(selected, job, handle).run(at_once);
}

}  // namespace rivet::cli
