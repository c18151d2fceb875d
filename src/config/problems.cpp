// SPDX-License-Identifier: Apache-2.0
// Ordering and printing of configuration problems.
#include "config/problems.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rivet::config {
namespace {

constexpr std::size_t kShownBytes = 80;
constexpr std::size_t kKeptProblems = 500;
constexpr std::size_t kCleanedBytes = 2048;  // beyond this a value is described: cut text could hide half a secret

void add_once(std::vector<Problem>& list, Problem problem) {
  if (list.size() >= kKeptProblems) return;
  if (std::find(list.begin(), list.end(), problem) == list.end()) list.push_back(std::move(problem));
}

std::vector<Problem> by_line(std::vector<Problem> list) {
  std::stable_sort(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.line < b.line; });
  return list;
}

/// Where to cut so that no multi-byte character is split.
std::size_t cut_at(std::string_view text) {
  std::size_t at = kShownBytes;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

}  // namespace

std::string on_one_line(std::string_view text) {
  std::string out;
  for (const unsigned char c : text) {
    if (c < 0x20 || c == 0x7F) {
      out += fmt::format("\\x{:02x}", c);
    } else {
      out += static_cast<char>(c);
    }
  }
  return out;
}

void Problems::add(int line, std::string message, std::string_view code) {
  add_once(errors_, {.line = line, .message = std::move(message), .code = std::string(code)});
}

void Problems::warn(int line, std::string message) {
  add_once(warnings_, {.line = line, .message = std::move(message), .code = {}});
}

Error Problems::to_error() const {
  Error error{.kind = ErrorKind::config, .message = {}};
  for (const auto& problem : by_line(errors_)) {
    if (!error.message.empty()) error.message += '\n';
    error.message += line_of(problem);
    if (error.code.empty()) error.code = problem.code;
  }
  if (errors_.size() == kKeptProblems) error.message += fmt::format("\n{}: there may be more problems", file_);
  return error;
}

std::vector<std::string> Problems::warnings() const {
  std::vector<std::string> out;
  for (const auto& problem : by_line(warnings_)) out.push_back(line_of(problem));
  return out;
}

std::string Problems::shown(std::string_view value) const {
  if (value.size() > kCleanedBytes) return fmt::format("(a value of {} bytes)", value.size());
  auto text = on_one_line(redactor_.clean(value));
  if (text.size() > kShownBytes) text = text.substr(0, cut_at(text)) + "...";
  return text;
}

std::string Problems::line_of(const Problem& problem) const {
  const auto message = redactor_.clean(problem.message);
  return problem.line > 0 ? fmt::format("{}:{}: {}", file_, problem.line, message)
                          : fmt::format("{}: {}", file_, message);
}

}  // namespace rivet::config
