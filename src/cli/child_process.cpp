// SPDX-License-Identifier: Apache-2.0
// fork and exec: what happens between them may only be what a signal handler may do (signal-safety(7)), because other
// threads of ours may hold any lock.
#include "cli/child_process.hpp"

#include "base/text.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace rivet::cli {
namespace {

constexpr int kAboveStandard = 10;  // so that no descriptor of ours is one that the child's are put on
constexpr int kEventsBesideData = 3;
constexpr int kCannotExec = 127;

/// Owns a descriptor until it is given away.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int value() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

tl::unexpected<Error> no_process(std::string_view doing) {
  const int code = errno;
  return fail(Error{.kind = ErrorKind::overloaded,
                    .message = fmt::format("cannot start another process: {}: {}", doing, std::strerror(code)),
                    .hint = "run fewer exports at a time with --max-parallel, or use --parallel-exports",
                    .vendor_code = fmt::format("errno {}", code)});
}

/// Moved out of the way of the standard descriptors.
Result<Descriptor> lifted(int fd) {
  const Descriptor original(fd);
  Descriptor lifted(::fcntl(original.value(), F_DUPFD_CLOEXEC, kAboveStandard));
  if (lifted.value() < 0) return no_process("fcntl");
  return lifted;
}

struct Pipe {
  Descriptor ours, theirs;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return no_process("pipe");
  Pipe pipe{.ours = Descriptor(ends[0]), .theirs = Descriptor()};
  pipe.theirs = TRY(lifted(ends[1]));
  ::fcntl(pipe.ours.value(), F_SETFL, O_NONBLOCK);
  return pipe;
}

/// Everything the child needs, made before the fork.
struct Image {
  std::vector<std::string> arguments, variables;
  std::vector<char*> argv, envp;

  Image(const ChildOptions& options, int events) : arguments(options.arguments) {
    arguments.insert(arguments.begin(), "rivet");
    const auto prefix = std::string(kEventsVariable) + "=";
    for (char** variable = environ; *variable != nullptr; ++variable) {
      if (!std::string_view(*variable).starts_with(prefix)) variables.emplace_back(*variable);
    }
    variables.push_back(prefix + std::to_string(events));
    for (auto& argument : arguments) argv.push_back(argument.data());
    for (auto& variable : variables) envp.push_back(variable.data());
    argv.push_back(nullptr);
    envp.push_back(nullptr);
  }
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;
};

struct Descriptors {
  int input, events, errors;
  bool shares_stdout;
};

/// In the child. Blocked signals stay blocked until its own watcher takes them, so that none is lost meanwhile.
[[noreturn]] void become(const Image& image, const Descriptors& ends, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kCannotExec);  // it died before we said so
  const bool placed = ::dup2(ends.input, STDIN_FILENO) >= 0 && ::dup2(ends.errors, STDERR_FILENO) >= 0 &&
                      ::dup2(ends.events, ends.shares_stdout ? kEventsBesideData : STDOUT_FILENO) >= 0;
  if (placed) ::execve("/proc/self/exe", image.argv.data(), image.envp.data());
  ::_exit(kCannotExec);
}

}  // namespace

Result<std::optional<int>> events_descriptor() {
  const char* const value = std::getenv(kEventsVariable);
  const auto text = std::string_view(value == nullptr ? "" : value);
  if (text.empty() || text == "0") return std::nullopt;
  const auto number = base::to_integer(text).value_or(0);
  const bool usable = number > 0 && number <= std::numeric_limits<int>::max();
  if (usable && ::fcntl(static_cast<int>(number), F_GETFD) >= 0) return static_cast<int>(number);
  return fail(ErrorKind::config, fmt::format("{}={}: not an open descriptor", kEventsVariable, text),
              "set it to 1 for events on stdout, or unset it");
}

std::string ChildEnd::to_string() const {
  if (signal == 0) return fmt::format("exit code {}", exit_code);
  const char* const name = ::strsignal(signal);
  return fmt::format("signal {} ({})", signal, name == nullptr ? "unknown" : name);
}

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(const ChildOptions& options) {
  auto events = TRY(make_pipe());
  auto errors = TRY(make_pipe());
  const auto input = TRY(lifted(::open("/dev/null", O_RDONLY | O_CLOEXEC)));
  const Image image(options, options.shares_stdout ? kEventsBesideData : STDOUT_FILENO);
  const Descriptors ends{.input = input.value(),
                         .events = events.theirs.value(),
                         .errors = errors.theirs.value(),
                         .shares_stdout = options.shares_stdout};
  const auto parent = ::getpid();
  const auto id = ::fork();
  if (id < 0) return no_process("fork");
  if (id == 0) become(image, ends, parent);
  return std::unique_ptr<ChildProcess>(new ChildProcess(id, events.ours.release(), errors.ours.release()));
}

ChildProcess::~ChildProcess() {
  if (!awaited_) {
    ::kill(id_, SIGKILL);
    wait();
  }
  ::close(events_);
  ::close(errors_);
}

void ChildProcess::request_stop() const {
  if (!awaited_) ::kill(id_, SIGTERM);
}

ChildEnd ChildProcess::wait() {
  int status = 0;
  while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
  }
  awaited_ = true;
  if (WIFSIGNALED(status)) return {.signal = WTERMSIG(status)};
  return {.exit_code = WEXITSTATUS(status)};
}

}  // namespace rivet::cli
