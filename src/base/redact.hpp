// SPDX-License-Identifier: Apache-2.0
// Removes credentials from every text that leaves the process: logs, errors, state, artifacts.
#pragma once

#include <cstdint>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

namespace rivet::base {

struct Span;

/// Knows the secrets of this run and replaces them, and anything that looks like a credential in a
/// URL or a key=value list, by `***`. Any thread may call it.
class Redactor {
 public:
  /// Remembers a secret. It is found plain and percent-encoded: any of its bytes may be written `%XX` with digits of
  /// either case, blanks also `+`. A secret of less than four bytes is only found where no letter, digit or
  /// underscore touches it, because it would occur in many words. Empty text is ignored.
  void remember(std::string_view secret);

  /// The text without secrets, in time proportional to its length and the number of secrets. Secrets that overlap
  /// give one `***` together. UTF-8 text stays UTF-8; text without secrets comes back as it is.
  std::string clean(std::string_view text) const;

  /// Whether a remembered secret occurs in the text.
  bool finds_secret(std::string_view text) const;

 private:
  /// A secret with its search table (Knuth, Morris and Pratt): per prefix, the longest proper prefix that is also its
  /// end.
  struct Secret {
    std::string text;
    std::vector<std::uint32_t> fallback;
  };

  void find_remembered(std::string_view text, std::vector<Span>& found) const;

  mutable std::shared_mutex mutex_;
  std::vector<Secret> secrets_;
};

}  // namespace rivet::base
