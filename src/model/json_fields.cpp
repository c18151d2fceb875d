// SPDX-License-Identifier: Apache-2.0
// Total reading of JSON.
#include "model/json_fields.hpp"

#include <fmt/format.h>

#include <limits>
#include <utility>
#include <vector>

namespace rivet::model {
namespace {

using Json = nlohmann::json;

const Json kNothing = nullptr;
const Json kNoElements = Json::array();

/// The deepest nesting of brackets outside of strings: looked at first, because a parsed tree of millions of
/// levels would cost gigabytes.
int bracket_depth(std::string_view text) {
  int depth = 0, deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return deepest;
}

}  // namespace

Result<Json> parse_json(std::string_view text) {
  if (bracket_depth(text) > kJsonDepthLimit) {
    return fail(ErrorKind::data, fmt::format("JSON nests deeper than {} levels", kJsonDepthLimit));
  }
  auto value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) return fail(ErrorKind::data, "not valid JSON");
  return value;
}

bool nests_too_deep(const Json& value) {
  std::vector<std::pair<const Json*, int>> open{{&value, 1}};
  while (!open.empty()) {
    const auto [current, depth] = open.back();
    open.pop_back();
    if (!current->is_structured()) continue;
    if (depth > kJsonDepthLimit) return true;
    for (const auto& child : *current) open.emplace_back(&child, depth + 1);
  }
  return false;
}

std::string dump_json(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string dump_json(const nlohmann::ordered_json& value, int indent) {
  return value.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

FieldReader::FieldReader(const Json& object, std::string where) : FieldReader(object, std::move(where), nullptr) {}

FieldReader::FieldReader(const Json& object, std::string where, std::string* problem)
    : object_(&object), where_(std::move(where)), problem_(problem) {
  if (!object.is_object()) refuse(fmt::format("{} is not an object", where_));
}

FieldReader FieldReader::object(const char* key) {
  auto* problem = problem_ != nullptr ? problem_ : &own_problem_;
  return FieldReader(field(key), where_ + "." + key, problem);
}

FieldReader FieldReader::element(const Json& value, const char* key, std::size_t index) {
  auto* problem = problem_ != nullptr ? problem_ : &own_problem_;
  return FieldReader(value, fmt::format("{}.{}[{}]", where_, key, index), problem);
}

const Json& FieldReader::array(const char* key) {
  const auto& value = field(key);
  if (value.is_array()) return value;
  wrong(key, "a list");
  return kNoElements;
}

bool FieldReader::has(const char* key) const { return !field(key).is_null(); }

std::string FieldReader::text(const char* key) {
  const auto& value = field(key);
  if (value.is_string()) return value.get_ref<const std::string&>();
  wrong(key, "text");
  return {};
}

std::string FieldReader::text_or_empty(const char* key) { return has(key) ? text(key) : std::string(); }

std::vector<std::string> FieldReader::texts(const char* key) {
  std::vector<std::string> out;
  for (const auto& element : array(key)) {
    if (!element.is_string()) {
      wrong(key, "an array of texts");
      return {};
    }
    out.push_back(element.get<std::string>());
  }
  return out;
}

std::int64_t FieldReader::count(const char* key) {
  const auto& value = field(key);
  constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (value.is_number_unsigned() && value.get<std::uint64_t>() <= kLargest) return value.get<std::int64_t>();
  if (value.is_number_integer() && !value.is_number_unsigned() && value.get<std::int64_t>() >= 0) {
    return value.get<std::int64_t>();
  }
  wrong(key, "a number that is not negative");
  return 0;
}

int FieldReader::small_count(const char* key) {
  const auto value = count(key);
  if (value <= std::numeric_limits<int>::max()) return static_cast<int>(value);
  wrong(key, "a number below 2^31");
  return 0;
}

std::optional<std::int64_t> FieldReader::optional_count(const char* key) {
  if (!has(key)) return std::nullopt;
  return count(key);
}

bool FieldReader::boolean(const char* key) {
  const auto& value = field(key);
  if (value.is_boolean()) return value.get<bool>();
  wrong(key, "true or false");
  return false;
}

base::Timestamp FieldReader::time(const char* key) {
  const auto parsed = base::parse_rfc3339(text(key));
  if (parsed.has_value()) return *parsed;
  wrong(key, "an RFC 3339 time");
  return {};
}

std::optional<base::Timestamp> FieldReader::optional_time(const char* key) {
  if (!has(key)) return std::nullopt;
  return time(key);
}

Digest FieldReader::digest(const char* key) {
  auto parsed = parse_digest(text(key));
  if (parsed.has_value()) return std::move(parsed).take();
  wrong(key, "a digest");
  return {};
}

void FieldReader::refuse(std::string problem) {
  auto& memory = problem_ != nullptr ? *problem_ : own_problem_;
  if (memory.empty()) memory = std::move(problem);
}

Result<void> FieldReader::finish() const {
  const auto& memory = problem_ != nullptr ? *problem_ : own_problem_;
  if (!memory.empty()) return fail(ErrorKind::data, memory);
  return {};
}

const Json& FieldReader::field(const char* key) const {
  if (!object_->is_object()) return kNothing;
  const auto found = object_->find(key);
  return found == object_->end() ? kNothing : *found;
}

void FieldReader::wrong(const char* key, std::string_view expected) {
  const bool missing = !object_->is_object() || !object_->contains(key);
  refuse(fmt::format("{}.{} {}", where_, key, missing ? "is missing" : fmt::format("is not {}", expected)));
}

}  // namespace rivet::model
