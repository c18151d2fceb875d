// SPDX-License-Identifier: Apache-2.0
// Removes credentials from every text that leaves the process: logs, errors, state, artifacts.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace rivet::base {

/// Knows the secrets of this run and replaces them, and anything that looks like a credential in a
/// URL or a key=value list, by `***`. Any thread may call it.
class Redactor {
 public:
  /// Remembers a secret in its plain and its percent-encoded form. Empty text is ignored.
  void remember(std::string_view secret);

  /// The text without secrets.
  std::string clean(std::string_view text) const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> secrets_;  // longest first, so that a secret inside another cannot leave a tail
};

}  // namespace rivet::base
