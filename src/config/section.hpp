// SPDX-License-Identifier: Apache-2.0
// Typed reading of one YAML map: every key that is asked for is known, every other one is refused at the end.
#pragma once

#include "config/document.hpp"
#include "config/problems.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rivet::config {

/// Inclusive bounds of a number.
struct Range {
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

/// The words a key may hold and what they mean.
template <class Value, std::size_t n>
using Words = std::array<std::pair<std::string_view, Value>, n>;

/// A view of one map of the file. Getters return nothing when the key is absent, has no value, or has a wrong
/// one; the latter two are reported with their line. Key names must be literals. The node must outlive the view.
class Section {
 public:
  /// `name` says in messages where a key stands (`source`, `tuning`). A node that is not a map is reported,
  /// and the section then is empty and asks for nothing.
  Section(const Node& node, std::string name, Problems& problems);

  int line() const { return node_->line; }
  /// Line of the key, of the section when the key is absent.
  int line(std::string_view key) const;
  const std::string& name() const { return name_; }
  Problems& problems() const { return *problems_; }

  /// True when the key has a value of whatever type.
  bool has(std::string_view key) { return find(key) != nullptr; }
  /// The raw value; null when absent.
  const Node* find(std::string_view key);

  /// Non-empty text.
  std::optional<std::string> text(std::string_view key);
  /// Text that may be empty.
  std::optional<std::string> text_or_empty(std::string_view key);
  std::optional<bool> boolean(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key, Range range, std::string_view code = {});
  /// A finite number within [min, max].
  std::optional<double> number(std::string_view key, double min, double max);
  /// A list of non-empty, distinct texts; it must not be empty.
  std::optional<std::vector<std::string>> texts(std::string_view key);
  /// The same, or a single text.
  std::optional<std::vector<std::string>> one_or_more_texts(std::string_view key);
  /// A map below this one.
  std::optional<Section> block(std::string_view key);

  /// One of the given words.
  template <class Value, std::size_t n>
  std::optional<Value> choice(std::string_view key, const Words<Value, n>& words) {
    std::array<std::string_view, n> spellings;
    for (std::size_t at = 0; at < n; ++at) spellings[at] = words[at].first;
    const auto index = word_index(key, spellings);
    return index ? std::optional<Value>(words[*index].second) : std::nullopt;
  }

  /// Reports a problem at the key's line.
  void refuse(std::string_view key, std::string message, std::string_view code = {});
  /// Reports that a key that must be there is not.
  void refuse_missing(std::string_view keys);
  /// Warns at the key's line.
  void warn(std::string_view key, std::string message);
  /// Reports every key that nobody asked for. Call it last.
  void finish();

 private:
  const Node* scalar(std::string_view key, std::string_view wanted);
  std::optional<std::size_t> word_index(std::string_view key, std::span<const std::string_view> spellings);
  std::optional<std::vector<std::string>> texts_of(std::string_view key, const Node& list);
  std::string unknown_key(std::string_view key) const;

  const Node* node_;
  std::string name_;
  Problems* problems_;
  bool usable_;
  std::vector<std::string_view> known_;
};

/// Reads a decimal number with optional sign and nothing else; empty when it is not one or does not fit.
std::optional<std::int64_t> parse_integer(std::string_view text);

}  // namespace rivet::config
