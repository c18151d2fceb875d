// SPDX-License-Identifier: Apache-2.0
// What the readers accept, noted down while they read: the source of the configuration's JSON Schema.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace rivet::config {

/// Inclusive bounds of a number.
struct Range {
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

/// One map of the file as its reader takes it: its keys in the order in which they were asked for, and per key
/// every form that was accepted. Section fills it; noting the same thing twice changes nothing.
class Shape {
 public:
  struct Key {
    std::string name;
    std::vector<nlohmann::ordered_json> forms = {};  ///< JSON Schemas of which one must hold; blocks are not among them
    std::unique_ptr<Shape> block = nullptr;          ///< of the map below this key
    std::unique_ptr<Shape> entry = nullptr;          ///< of each map in the list below this key
    bool required = false;
    bool offered = true;  ///< false: known from other versions and refused or ignored here
  };

  const std::vector<Key>& keys() const { return keys_; }
  /// Groups of keys of which at least one must be given.
  const std::vector<std::vector<std::string>>& alternatives() const { return alternatives_; }

  /// The key was asked for, in whatever form.
  void note(std::string_view key) { find(key); }
  void require(std::string_view key) { find(key).required = true; }
  void require_one_of(std::span<const std::string_view> keys);
  void mark_unoffered(std::string_view key) { find(key).offered = false; }

  void accept_text(std::string_view key, bool may_be_empty);
  void accept_boolean(std::string_view key);
  void accept_integer(std::string_view key, Range range);
  void accept_number(std::string_view key, double min, double max);
  void accept_words(std::string_view key, std::span<const std::string_view> words);
  /// A list of distinct texts that is not empty.
  void accept_texts(std::string_view key);
  /// A list of texts that is not empty.
  void accept_arguments(std::string_view key);
  /// A list of distinct words that is not empty.
  void accept_word_list(std::string_view key, std::span<const std::string_view> words);
  /// A map of names that the user chooses to texts.
  void accept_named_texts(std::string_view key);
  /// A map of names that the user chooses to numbers.
  void accept_named_numbers(std::string_view key, double min, double max);
  /// The map below this key.
  Shape& block(std::string_view key);
  /// Any map in the list below this key.
  Shape& entry(std::string_view key);

 private:
  Key& find(std::string_view key);
  void accept(std::string_view key, nlohmann::ordered_json form);

  std::vector<Key> keys_;
  std::vector<std::vector<std::string>> alternatives_;
};

}  // namespace rivet::config
