// SPDX-License-Identifier: Apache-2.0
// The one error vocabulary of the program: what went wrong, said so that the caller knows what to do next.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace rivet::base {

/// Chosen by what the caller does next, not by where the failure happened.
enum class ErrorKind {
  config,       ///< the user's input is wrong: fix it
  auth,         ///< credentials or privileges: fix them
  unavailable,  ///< the other side is gone for now: retry on a new connection
  overloaded,   ///< the other side is busy: slow down and retry on the same connection
  permanent,    ///< the same call fails again: stop
  drift,        ///< the source's schema is not the one that was agreed on
  data,         ///< data integrity: a gate, a digest or a manifest does not hold
  conflict,     ///< somebody else holds it
  cancelled,    ///< asked to stop
  internal,     ///< a broken invariant of ours
};

/// What the retry policy may do with an error of a kind.
enum class RetryAnswer { never, same_connection, reconnect };

/// Lower-case name, as printed in logs and JSON.
std::string_view name_of(ErrorKind kind);

/// Process exit code of a command that ends with this kind (reference: 0 success, 1 generic,
/// 2 retryable, 3 data integrity, 4 schema drift; 130 when the user interrupted).
int exit_code_of(ErrorKind kind);

/// Word for `exit_class` in `--json-errors` output: generic, retryable, data_integrity, schema_drift, interrupted.
std::string_view exit_class_of(ErrorKind kind);

/// Whether and how an operation that failed with this kind may be tried again.
RetryAnswer retry_answer_of(ErrorKind kind);

/// A failure as a value. Plain data, may cross threads.
struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;                       ///< what is wrong, naming the thing
  std::string code = {};                     ///< stable code such as RIVET_VALUE_TOO_LARGE; empty when there is none
  std::string hint = {};                     ///< the next step for the user; empty when obvious
  std::string vendor_code = {};              ///< SQLSTATE, errno name or driver code as the vendor spells it
  std::chrono::milliseconds settle_time{0};  ///< what the other side needs before trying again makes sense
  std::vector<std::string> context = {};     ///< what it was doing, innermost first

  /// One line for people: context from the outside in, message, hint. Without the code.
  std::string to_string() const;
};

/// The more stop-worthy of two kinds for a command over several exports:
/// integrity, then drift, then retryable, then everything else.
ErrorKind worse_of(ErrorKind a, ErrorKind b);

}  // namespace rivet::base
