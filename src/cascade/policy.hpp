// SPDX-License-Identifier: Apache-2.0
// When a node that waits for others may begin, and when it never will: counts in, decision out.
#pragma once

#include <cstddef>
#include <string_view>

namespace rivet::cascade {

/// How a node ended.
enum class Outcome { success, failed, expired, cancelled, skipped };

/// What an outcome means to those who wait for it.
enum class Verdict { success, negative };

/// What is asked of the nodes that are waited for: every one, one, or so many.
enum class PolicyKind { all_of, any_of, quorum };

/// What becomes of those that have not ended when the group is decided and nobody else waits for them.
enum class OnSatisfied { cancel_remaining, let_run };

/// What a group comes to.
enum class Decision { pending, satisfied, impossible };

/// The verdicts of a group so far. success + negative <= n.
struct Counters {
  std::size_t n = 0;  ///< nodes that are waited for, at least one
  std::size_t success = 0;
  std::size_t negative = 0;

  bool operator==(const Counters&) const = default;
};

/// Success is the only outcome that helps: failed, expired, cancelled and skipped are negative.
Verdict verdict_of(Outcome outcome);

/// How many of `n` must succeed; `k` is that of a quorum and means nothing to the others.
std::size_t needed(PolicyKind kind, std::size_t k, std::size_t n);

/// Satisfied when enough have succeeded, impossible when too few are left, pending otherwise. The two exclude each
/// other and, because the counters only grow within a round, stay true once they are. A decision is made once: whoever
/// stores it asks only while what is stored says pending, and later verdicts only count. REQUIRES: 1 <= needed <= n.
Decision decide(std::size_t needed, const Counters& counters);

/// Words as they stand in files and stores.
std::string_view name_of(Outcome outcome);
std::string_view name_of(PolicyKind kind);
std::string_view name_of(OnSatisfied choice);

}  // namespace rivet::cascade
