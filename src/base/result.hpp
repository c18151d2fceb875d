// SPDX-License-Identifier: Apache-2.0
// Result<T>: a value or an Error, never ignored by accident; TRY(expr) hands the error to the caller.
#pragma once

#include <tl/expected.hpp>

#include <string>
#include <string_view>
#include <utility>

#include "base/error.hpp"

namespace rivet {

using base::Error;
using base::ErrorKind;

/// A value of type T or an Error. The compiler warns when one is dropped.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;

  /// Moves the value out. REQUIRES: has_value().
  T take() && {
    if constexpr (std::is_void_v<T>) {
      return;
    } else {
      return std::move(**this);
    }
  }

  /// Drops the result on purpose; `why` is for the reader.
  void ignore([[maybe_unused]] std::string_view why) const {}

  /// Adds what was being done to the error, if there is one.
  Result context(std::string_view doing) && {
    if (!this->has_value()) this->error().context.emplace_back(doing);
    return std::move(*this);
  }
};

/// Builds the failure value that every Result accepts.
inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

/// Shorthand for an error that needs only a kind, a message and, where it is not obvious, the user's next step.
inline tl::unexpected<Error> fail(ErrorKind kind, std::string message, std::string hint = {}) {
  return fail(Error{.kind = kind, .message = std::move(message), .hint = std::move(hint)});
}

}  // namespace rivet

#define RIVET_CONCAT_INNER(a, b) a##b
#define RIVET_CONCAT(a, b) RIVET_CONCAT_INNER(a, b)
#define RIVET_TRY_NAMED(name, expr)                                                        \
  ({                                                                                       \
    auto&& name = (expr);                                                                  \
    if (!name.has_value()) return tl::unexpected<::rivet::Error>(std::move(name).error()); \
    std::move(name).take();                                                                \
  })
/// Evaluates to the value of a Result, or returns its error from the enclosing function.
#define TRY(expr) RIVET_TRY_NAMED(RIVET_CONCAT(rivet_try_, __COUNTER__), expr)  // NOLINT
