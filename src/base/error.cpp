// SPDX-License-Identifier: Apache-2.0
// Names, exit codes and retry answers of the error kinds: one row a kind.
#include "base/error.hpp"

#include <array>

namespace rivet::base {
namespace {

struct KindRow {
  ErrorKind kind;
  std::string_view name;
  int exit_code;
  std::string_view exit_class;
  RetryAnswer retry;
  int severity;  // higher stops a multi-export command harder
};

constexpr std::array<KindRow, 10> kKinds{{
    {ErrorKind::config, "config", 1, "generic", RetryAnswer::never, 1},
    {ErrorKind::auth, "auth", 1, "generic", RetryAnswer::never, 1},
    {ErrorKind::unavailable, "unavailable", 2, "retryable", RetryAnswer::reconnect, 2},
    {ErrorKind::overloaded, "overloaded", 2, "retryable", RetryAnswer::same_connection, 2},
    {ErrorKind::permanent, "permanent", 1, "generic", RetryAnswer::never, 1},
    {ErrorKind::drift, "drift", 4, "schema_drift", RetryAnswer::never, 3},
    {ErrorKind::data, "data", 3, "data_integrity", RetryAnswer::never, 4},
    {ErrorKind::conflict, "conflict", 1, "generic", RetryAnswer::never, 1},
    {ErrorKind::cancelled, "cancelled", 130, "interrupted", RetryAnswer::never, 5},
    {ErrorKind::internal, "internal", 1, "generic", RetryAnswer::never, 1},
}};

const KindRow& row_of(ErrorKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

}  // namespace

std::string_view name_of(ErrorKind kind) { return row_of(kind).name; }
int exit_code_of(ErrorKind kind) { return row_of(kind).exit_code; }
std::string_view exit_class_of(ErrorKind kind) { return row_of(kind).exit_class; }
RetryAnswer retry_answer_of(ErrorKind kind) { return row_of(kind).retry; }

std::string Error::to_string() const {
  std::string text;
  for (auto it = context.rbegin(); it != context.rend(); ++it) text += *it + ": ";
  text += message;
  if (!hint.empty()) text += "\n  next: " + hint;
  return text;
}

ErrorKind worse_of(ErrorKind a, ErrorKind b) { return row_of(b).severity > row_of(a).severity ? b : a; }

}  // namespace rivet::base
