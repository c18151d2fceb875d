// SPDX-License-Identifier: Apache-2.0
// Process identity from /proc.
#include "run/owner.hpp"

#include <array>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

namespace rivet::run {
namespace {

std::string first_line(const std::string& path) {
  std::string line;
  std::ifstream file(path);
  std::getline(file, line);
  return line;
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : std::string("localhost");
}

std::string pid_namespace() {
  std::array<char, 64> target{};
  const auto size = ::readlink("/proc/self/ns/pid", target.data(), target.size() - 1);
  return size > 0 ? std::string(target.data(), static_cast<std::size_t>(size)) : std::string("unknown");
}

/// Field 22 of /proc/<pid>/stat, counted behind the command name, which may hold blanks; empty when there is no such
/// process, or only what its parent has not waited for yet (proc(5), states Z and X). A killed process is not over
/// while it has threads (field 20): they hold its files, and locks on them, for some moments more than the first one.
std::string start_time(const std::string& pid) {
  const auto line = first_line("/proc/" + pid + "/stat");
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream stream(line.substr(name_end + 1));
  const std::vector<std::string> fields{std::istream_iterator<std::string>(stream), {}};  // from field 3 on
  if (fields.size() < 20) return {};
  const bool is_over = (fields[0] == "Z" || fields[0] == "X") && std::atoi(fields[17].c_str()) <= 1;
  return is_over ? std::string() : fields[19];
}

std::string place() {
  return fmt::format("{}/{}/{}", host_name(), first_line("/proc/sys/kernel/random/boot_id"), pid_namespace());
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> fields;
  std::istringstream stream{std::string(text)};
  for (std::string field; std::getline(stream, field, '/');) fields.push_back(field);
  return fields;
}

}  // namespace

std::string make_nonce() {
  std::random_device random;
  return fmt::format("{:08x}", random());
}

std::string make_owner() {
  const auto pid = std::to_string(::getpid());
  return fmt::format("{}/{}/{}/{}", place(), pid, start_time(pid), make_nonce());
}

bool is_certainly_dead(std::string_view owner) {
  const auto fields = split(owner);
  if (fields.size() != 6 || !owner.starts_with(place() + "/")) return false;
  return start_time(fields[3]) != fields[4];
}

}  // namespace rivet::run
