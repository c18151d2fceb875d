// SPDX-License-Identifier: Apache-2.0
// posix_spawn in a process group of its own, so that a stop reaches what the program has started as well.
#include "cli/gate_program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace rivet::cli {
namespace {

constexpr std::size_t kLineBytes = 1'000;

/// The attributes and file actions of a spawn.
struct Spawn {
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;

  Spawn(const std::filesystem::path& folder, int output) {
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&actions);
    sigset_t none;  // ours are blocked for the watcher's sake
    sigemptyset(&none);
    sigset_t ignored;
    sigemptyset(&ignored);
    sigaddset(&ignored, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &ignored);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
  }
  ~Spawn() {
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
  }
  Spawn(const Spawn&) = delete;
  Spawn& operator=(const Spawn&) = delete;
};

/// Keeps the last line that is not empty.
class LastLine {
 public:
  void add(std::string_view block) {
    for (const char c : block) {
      if (c != '\n') {
        if (line_.size() < kLineBytes) line_ += c;
      } else if (!line_.empty()) {
        last_ = std::move(line_);
        line_.clear();
      }
    }
  }
  std::string take() && { return line_.empty() ? std::move(last_) : std::move(line_); }

 private:
  std::string line_, last_;
};

std::string read_to_end(int fd) {
  LastLine line;
  char block[4'096];
  for (;;) {
    const auto size = ::read(fd, block, sizeof block);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return std::move(line).take();
    line.add({block, static_cast<std::size_t>(size)});
  }
}

/// Ours to collect until the second call, so that its id means nobody else while a stop may be sent.
ChildEnd wait_for(pid_t id, const std::function<void()>& before_collecting) {
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(id), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  before_collecting();
  int status = 0;
  while (::waitpid(id, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) return {.exit_code = 0, .signal = WTERMSIG(status)};
  return {.exit_code = WEXITSTATUS(status), .signal = 0};
}

tl::unexpected<Error> cannot_start(const std::string& program, int code) {
  return fail(Error{.kind = ErrorKind::config,
                    .message = fmt::format("cannot start '{}': {}", program, std::strerror(code)),
                    .hint = "it is looked for as a shell would, from the folder of the configuration",
                    .vendor_code = fmt::format("errno {}", code)});
}

}  // namespace

Result<ProgramEnd> run_program(const std::vector<std::string>& arguments, const std::filesystem::path& folder,
                               const std::stop_token& stop) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return cannot_start(arguments.front(), errno);
  auto words = arguments;
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t id = 0;
  const Spawn spawn(folder, ends[1]);
  const int failed = ::posix_spawnp(&id, argv[0], &spawn.actions, &spawn.attributes, argv.data(), environ);
  ::close(ends[1]);
  if (failed != 0) {
    ::close(ends[0]);
    return cannot_start(arguments.front(), failed);
  }
  ProgramEnd out;
  {
    std::optional<std::stop_callback<std::function<void()>>> on_stop;
    on_stop.emplace(stop, std::function<void()>([id] { ::kill(-id, SIGTERM); }));
    out.last_words = read_to_end(ends[0]);
    out.end = wait_for(id, [&] { on_stop.reset(); });
  }
  ::close(ends[0]);
  if (stop.stop_requested()) return fail(ErrorKind::cancelled, fmt::format("'{}' was stopped", arguments.front()));
  return out;
}

}  // namespace rivet::cli
