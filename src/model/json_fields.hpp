// SPDX-License-Identifier: Apache-2.0
// JSON that comes from outside, read without trust: no exception, no endless nesting, no number that does not fit; and
// what is absent, written as null.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "model/digest.hpp"

namespace rivet::model {

inline constexpr int kJsonDepthLimit = 64;  ///< nothing we write comes near it

/// The value of any bytes. Error kind data when they are not JSON or nest deeper than kJsonDepthLimit.
Result<nlohmann::json> parse_json(std::string_view text);

/// Whether a value nests deeper than kJsonDepthLimit.
bool nests_too_deep(const nlohmann::json& value);

/// Compact text. Bytes that are not UTF-8 become U+FFFD; never throws.
std::string dump_json(const nlohmann::json& value);
/// The same with the order of keys kept; `indent` below 0 is compact.
std::string dump_json(const nlohmann::ordered_json& value, int indent = -1);

/// The value, or null when there is none.
template <class T>
nlohmann::ordered_json or_null(const std::optional<T>& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

/// The text, or null when it is empty.
inline nlohmann::ordered_json or_null(const std::string& text) {
  return text.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(text);
}

/// Reads the fields of one JSON object. The first field that is missing or has the wrong type is remembered,
/// later reads return defaults, and finish() reports it. Children share the memory of their parent, which must
/// outlive them, as must the JSON value. Not thread safe.
class FieldReader {
 public:
  /// `where` names the object in messages.
  FieldReader(const nlohmann::json& object, std::string where);

  /// The object under `key`; when there is none, a reader whose problem is remembered.
  FieldReader object(const char* key);
  /// An element of an array read from this object.
  FieldReader element(const nlohmann::json& value, const char* key, std::size_t index);
  /// The array under `key`; an empty one when there is none.
  const nlohmann::json& array(const char* key);
  /// Whether `key` is there and not null.
  bool has(const char* key) const;

  std::string text(const char* key);
  std::string text_or_empty(const char* key);       ///< empty when absent or null
  std::vector<std::string> texts(const char* key);  ///< an array of texts
  std::int64_t count(const char* key);              ///< an integer that is not negative
  int small_count(const char* key);                 ///< the same, and fits an int
  std::optional<std::int64_t> optional_count(const char* key);
  bool boolean(const char* key);
  base::Timestamp time(const char* key);
  std::optional<base::Timestamp> optional_time(const char* key);
  Digest digest(const char* key);  ///< in the form of to_string(Digest)

  /// Remembers a problem found by the caller.
  void refuse(std::string problem);
  /// The first problem of this object and its children, as an error of kind data.
  Result<void> finish() const;

 private:
  FieldReader(const nlohmann::json& object, std::string where, std::string* problem);
  const nlohmann::json& field(const char* key) const;
  void wrong(const char* key, std::string_view expected);

  const nlohmann::json* object_;
  std::string where_;
  std::string own_problem_;
  std::string* problem_;  // own_problem_ of the outermost reader; null means: mine
};

}  // namespace rivet::model
