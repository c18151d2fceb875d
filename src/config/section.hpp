// SPDX-License-Identifier: Apache-2.0
// Typed reading of one YAML map: every key that is asked for is known, every other one is refused at the end.
#pragma once

#include "config/document.hpp"
#include "config/problems.hpp"
#include "config/shape.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace rivet::config {

/// The words a key may hold and what they mean.
template <class Value, std::size_t n>
using Words = std::array<std::pair<std::string_view, Value>, n>;

/// The words without their meanings.
template <class Value, std::size_t n>
constexpr std::array<std::string_view, n> spellings_of(const Words<Value, n>& words) {
  std::array<std::string_view, n> out;
  for (std::size_t at = 0; at < n; ++at) out[at] = words[at].first;
  return out;
}

/// One entry of a map whose keys the user chooses.
struct NamedText {
  std::string name, text;
  int line = 0;
};

/// A view of one map of the file. Getters return nothing when the key is absent, has no value, or has a wrong
/// one; the latter two are reported with their line. Key names must be literals. The node must outlive the view.
///
/// With a Shape it notes there what each getter accepts, and hands out blocks that are not in the file, so that the
/// readers below run too.
class Section {
 public:
  /// `name` says in messages where a key stands (`source`, `tuning`). A node that is not a map is reported,
  /// and the section then is empty and asks for nothing.
  Section(const Node& node, std::string name, Problems& problems, Shape* shape = nullptr);

  int line() const { return node_->line; }
  /// Line of the key, of the section when the key is absent.
  int line(std::string_view key) const;
  const std::string& name() const { return name_; }
  Problems& problems() const { return *problems_; }

  /// True when the key has a value of whatever type.
  bool has(std::string_view key) { return find(key) != nullptr; }
  /// The raw value; null when absent.
  const Node* find(std::string_view key);
  /// Of these keys those that have a value.
  std::vector<std::string_view> given(std::span<const std::string_view> keys);
  /// A key that configurations of other versions have and this program makes nothing of: known, whatever its value.
  /// True when it has one.
  bool unoffered(std::string_view key);

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
  /// True or false, or a list like that of texts().
  std::optional<std::variant<bool, std::vector<std::string>>> boolean_or_texts(std::string_view key);
  /// The words of a command: a list of texts, of which the same may stand again; it must not be empty.
  std::optional<std::vector<std::string>> arguments(std::string_view key);
  /// A list like that of texts(), or a map below this one.
  std::optional<std::variant<std::vector<std::string>, Section>> texts_or_block(std::string_view key);
  /// A map of names to single values, in the order of the file; `wanted` says in messages what a value must be.
  std::optional<std::vector<NamedText>> named_texts(std::string_view key, std::string_view wanted);
  /// A map of names to finite numbers within [min, max].
  std::optional<std::map<std::string, double>> named_numbers(std::string_view key, double min, double max);
  /// A map below this one.
  std::optional<Section> block(std::string_view key);
  /// The entry `node` of the list of maps at `key`.
  Section entry(std::string_view key, const Node& node, std::string name);

  /// One of the given words.
  template <class Value, std::size_t n>
  std::optional<Value> choice(std::string_view key, const Words<Value, n>& words) {
    const auto index = word_index(key, spellings_of(words));
    return index ? std::optional<Value>(words[*index].second) : std::nullopt;
  }
  /// A list of distinct words of the given ones; it must not be empty.
  template <class Value, std::size_t n>
  std::optional<std::vector<Value>> choices(std::string_view key, const Words<Value, n>& words) {
    const auto indices = word_indices(key, spellings_of(words));
    if (!indices) return std::nullopt;
    std::vector<Value> out;
    for (const auto index : *indices) out.push_back(words[index].second);
    return out;
  }

  /// Reports a problem at the key's line.
  void refuse(std::string_view key, std::string message, std::string_view code = {});
  /// Reports that the key must be there when it is not; `wanted` says more than its name.
  void require(std::string_view key, std::string_view wanted = {}, std::string_view code = {});
  /// Reports, when none of the keys has a value, that one is needed; `wanted` names them. The ones that have.
  std::vector<std::string_view> require_one_of(std::span<const std::string_view> keys, std::string_view wanted);
  /// Reports that a key that is needed beside others is not there.
  void refuse_missing(std::string_view keys, std::string_view code = {});
  /// Warns at the key's line.
  void warn(std::string_view key, std::string message);
  /// Reports every key that nobody asked for. Call it last.
  void finish();

 private:
  const Node* scalar(std::string_view key, std::string_view wanted);
  std::optional<std::size_t> word_index(std::string_view key, std::span<const std::string_view> spellings);
  std::optional<std::vector<std::size_t>> word_indices(std::string_view key,
                                                       std::span<const std::string_view> spellings);
  std::optional<std::size_t> index_among(std::string_view key, std::string_view word,
                                         std::span<const std::string_view> spellings);
  std::optional<std::string> scalar_text(std::string_view key);
  bool is_list(std::string_view key);
  std::optional<std::vector<std::string>> list_of_texts(std::string_view key);
  std::optional<std::vector<std::string>> texts_of(std::string_view key, const Node& list);
  std::string unknown_key(std::string_view key) const;

  const Node* node_;
  std::string name_;
  Problems* problems_;
  Shape* shape_;
  bool usable_;
  std::vector<std::string_view> known_;
};

/// Reads a decimal number with optional sign and nothing else; empty when it is not one or does not fit.
std::optional<std::int64_t> parse_integer(std::string_view text);

}  // namespace rivet::config
