// SPDX-License-Identifier: Apache-2.0
// Type checks of single values and the hints for keys that do not belong where they stand.
#include "config/section.hpp"

#include "base/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace rivet::config {
namespace {

struct Home {
  std::string_view key, place;
};

/// Where a key that is often written one level too high or too low belongs.
constexpr auto kHomes = std::to_array<Home>({
    {"profile", "tuning:"},
    {"batch_size", "tuning:"},
    {"batch_size_memory_mb", "tuning:"},
    {"throttle_ms", "tuning:"},
    {"max_mb_per_s", "tuning:"},
    {"statement_timeout_s", "tuning:"},
    {"max_retries", "tuning:"},
    {"retry_backoff_ms", "tuning:"},
    {"lock_timeout_s", "tuning:"},
    {"memory_threshold_mb", "tuning:"},
    {"max_value_mb", "tuning:"},
    {"adaptive", "tuning:"},
    {"min_parallel", "tuning:"},
    {"max_batch_memory_mb", "tuning:"},
    {"on_batch_memory_exceeded", "tuning:"},
    {"bucket", "destination:"},
    {"prefix", "destination:"},
    {"region", "destination:"},
    {"endpoint", "destination:"},
    {"credentials_file", "destination:"},
    {"path", "destination:"},
    {"access_key_env", "destination:"},
    {"secret_key_env", "destination:"},
    {"url", "source:"},
    {"url_env", "source:"},
    {"url_file", "source:"},
    {"host", "source:"},
    {"user", "source:"},
    {"password", "source:"},
    {"password_env", "source:"},
    {"database", "source:"},
    {"tls", "source:"},
    {"environment", "source:"},
    {"mongo", "source:"},
    {"ca_file", "tls:"},
    {"accept_invalid_certs", "tls:"},
    {"accept_invalid_hostnames", "tls:"},
    {"row_count_min", "quality:"},
    {"row_count_max", "quality:"},
    {"null_ratio_max", "quality:"},
    {"unique_columns", "quality:"},
    {"unique_max_entries", "quality:"},
    {"row_group_strategy", "parquet:"},
    {"row_group_rows", "parquet:"},
    {"target_row_group_mb", "parquet:"},
    {"max_row_group_mb", "parquet:"},
    {"exported_at", "meta_columns:"},
    {"row_hash", "meta_columns:"},
    {"any_of", "depends_on:"},
    {"quorum", "depends_on:"},
    {"on_satisfied", "depends_on:"},
    {"sql", "an entry of gates:"},
    {"command", "an entry of gates:"},
    {"manifest", "an entry of gates:"},
    {"slot", "cdc:"},
    {"server_id", "cdc:"},
    {"rollover", "cdc:"},
    {"until_current", "cdc:"},
    {"slack", "notifications:"},
    {"webhook", "notifications:"},
    {"webhook_url", "notifications.slack:"},
    {"webhook_url_env", "notifications.slack:"},
    {"exports", "the top level"},
    {"gates", "the top level"},
    {"notifications", "the top level"},
    {"parallel_exports", "the top level"},
    {"parallel_export_processes", "the top level"},
    {"name", "an entry of exports:"},
    {"mode", "an entry of exports:"},
    {"query", "an entry of exports:"},
    {"query_file", "an entry of exports:"},
    {"table", "an entry of exports:"},
    {"format", "an entry of exports:"},
    {"compression", "an entry of exports:"},
    {"compression_level", "an entry of exports:"},
    {"compression_profile", "an entry of exports:"},
    {"destination", "an entry of exports:"},
    {"verify", "an entry of exports:"},
    {"skip_empty", "an entry of exports:"},
    {"max_file_size", "an entry of exports:"},
    {"meta_columns", "an entry of exports:"},
    {"quality", "an entry of exports:"},
    {"columns", "an entry of exports:"},
    {"on_schema_drift", "an entry of exports:"},
    {"parquet", "an entry of exports:"},
    {"partition_by", "an entry of exports:"},
    {"cursor_column", "an entry of exports:"},
    {"chunk_column", "an entry of exports:"},
    {"chunk_by_key", "an entry of exports:"},
    {"chunk_size", "an entry of exports:"},
    {"chunk_count", "an entry of exports:"},
    {"parallel", "an entry of exports:"},
    {"time_column", "an entry of exports:"},
    {"days_window", "an entry of exports:"},
    {"depends_on", "an entry of exports:"},
});

constexpr std::array<std::string_view, 4> kKinds{"nothing", "a single value", "a list", "a map"};

std::string_view kind_of(const Node& node) { return kKinds[static_cast<std::size_t>(node.kind)]; }

/// `{partition}` without quotes is a map with one key and no value.
bool is_unquoted_placeholder(const Node& node) {
  return node.kind == Node::Kind::map && node.entries.size() == 1 &&
         node.entries.front().value.kind == Node::Kind::null;
}

/// Nobody mistypes a key by more than this, and comparing long words is slow.
constexpr std::size_t kGuessBytes = 64;

std::optional<std::string> guess_of(std::string_view word, std::span<const std::string_view> candidates) {
  return word.size() > kGuessBytes ? std::nullopt : base::did_you_mean(word, candidates);
}

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<bool> parse_boolean(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

std::string range_text(Range range) {
  return range.max == std::numeric_limits<std::int64_t>::max() ? fmt::format("{} or more", range.min)
                                                               : fmt::format("between {} and {}", range.min, range.max);
}

}  // namespace

std::optional<std::int64_t> parse_integer(std::string_view text) {
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-') text.remove_prefix(1);
  return base::to_integer(text);
}

Section::Section(const Node& node, std::string name, Problems& problems, Shape* shape)
    : node_(&node), name_(std::move(name)), problems_(&problems), shape_(shape), usable_(node.kind == Node::Kind::map) {
  if (!usable_) problems.add(node.line, fmt::format("{} must be a map of keys, it is {}", name_, kind_of(node)));
}

int Section::line(std::string_view key) const {
  for (const auto& entry : node_->entries) {
    if (entry.key == key) return entry.line;
  }
  return node_->line;
}

const Node* Section::find(std::string_view key) {
  if (shape_ != nullptr) shape_->note(key);
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.push_back(key);
  for (const auto& entry : node_->entries) {
    if (entry.key != key) continue;
    if (entry.value.kind != Node::Kind::null) return &entry.value;
    problems_->warn(entry.line, fmt::format("'{}' has no value and counts as not given", key));
  }
  return nullptr;
}

std::vector<std::string_view> Section::given(std::span<const std::string_view> keys) {
  std::vector<std::string_view> out;
  for (const auto key : keys) {
    if (has(key)) out.push_back(key);
  }
  return out;
}

bool Section::unoffered(std::string_view key) {
  if (shape_ != nullptr) shape_->mark_unoffered(key);
  return has(key);
}

const Node* Section::scalar(std::string_view key, std::string_view wanted) {
  const auto* node = find(key);
  if (node == nullptr || node->kind == Node::Kind::scalar) return node;
  std::string hint;
  if (is_unquoted_placeholder(*node)) {
    hint = fmt::format("; put quotes around it: \"{{{}}}\"", problems_->shown(node->entries.front().key));
  }
  refuse(key, fmt::format("'{}' must be {}, it is {}{}", key, wanted, kind_of(*node), hint));
  return nullptr;
}

std::optional<std::string> Section::text_or_empty(std::string_view key) {
  if (shape_ != nullptr) shape_->accept_text(key, true);
  return scalar_text(key);
}

std::optional<std::string> Section::scalar_text(std::string_view key) {
  const auto* node = scalar(key, "text");
  return node == nullptr ? std::nullopt : std::optional(node->text);
}

std::optional<std::string> Section::text(std::string_view key) {
  if (shape_ != nullptr) shape_->accept_text(key, false);
  auto value = scalar_text(key);
  if (!value || !value->empty()) return value;
  refuse(key, fmt::format("'{}' is empty", key));
  return std::nullopt;
}

std::optional<bool> Section::boolean(std::string_view key) {
  if (shape_ != nullptr) shape_->accept_boolean(key);
  const auto* node = scalar(key, "true or false");
  if (node == nullptr) return std::nullopt;
  const auto value = node->plain ? parse_boolean(node->text) : std::nullopt;
  if (!value) refuse(key, fmt::format("'{}' must be true or false, not '{}'", key, problems_->shown(node->text)));
  return value;
}

std::optional<std::int64_t> Section::integer(std::string_view key, Range range, std::string_view code) {
  if (shape_ != nullptr) shape_->accept_integer(key, range);
  const auto* node = scalar(key, "a whole number");
  if (node == nullptr) return std::nullopt;
  const auto value = node->plain ? parse_integer(node->text) : std::nullopt;
  if (value && *value >= range.min && *value <= range.max) return value;
  const auto shown = problems_->shown(node->text);
  if (value) {
    refuse(key, fmt::format("'{}' must be {}, not {}", key, range_text(range), shown), code);
  } else {
    const auto quotes = !node->plain && parse_integer(node->text) ? " in quotes" : "";
    refuse(key, fmt::format("'{}' must be a whole number, not '{}'{}", key, shown, quotes), code);
  }
  return std::nullopt;
}

std::optional<double> Section::number(std::string_view key, double min, double max) {
  if (shape_ != nullptr) shape_->accept_number(key, min, max);
  const auto* node = scalar(key, "a number");
  if (node == nullptr) return std::nullopt;
  const auto value = node->plain ? parse_number(node->text) : std::nullopt;
  if (value && *value >= min && *value <= max) return value;
  refuse(key,
         fmt::format("'{}' must be a number between {} and {}, not '{}'", key, min, max, problems_->shown(node->text)));
  return std::nullopt;
}

std::optional<std::vector<std::string>> Section::texts_of(std::string_view key, const Node& list) {
  std::vector<std::string> out;
  for (const auto& item : list.items) {
    if (item.kind != Node::Kind::scalar || item.text.empty()) {
      problems_->add(item.line, fmt::format("'{}' must be a list of names, one entry is {}", key,
                                            item.kind == Node::Kind::scalar ? "empty" : kind_of(item)));
      return std::nullopt;
    }
    if (std::find(out.begin(), out.end(), item.text) != out.end()) {
      problems_->add(item.line, fmt::format("'{}' names '{}' twice", key, problems_->shown(item.text)));
    }
    out.push_back(item.text);
  }
  if (!out.empty()) return out;
  refuse(key, fmt::format("'{}' is an empty list", key));
  return std::nullopt;
}

std::optional<std::vector<std::string>> Section::texts(std::string_view key) {
  if (shape_ != nullptr) shape_->accept_texts(key);
  return list_of_texts(key);
}

std::optional<std::vector<std::string>> Section::list_of_texts(std::string_view key) {
  const auto* node = find(key);
  if (node == nullptr) return std::nullopt;
  if (node->kind == Node::Kind::list) return texts_of(key, *node);
  refuse(key, fmt::format("'{}' must be a list, it is {}", key, kind_of(*node)));
  return std::nullopt;
}

bool Section::is_list(std::string_view key) {
  const auto* node = find(key);
  return node != nullptr && node->kind == Node::Kind::list;
}

std::optional<std::vector<std::string>> Section::one_or_more_texts(std::string_view key) {
  if (shape_ != nullptr) shape_->accept_texts(key);
  if (is_list(key)) return list_of_texts(key);
  const auto one = text(key);
  return one ? std::optional(std::vector{*one}) : std::nullopt;
}

std::optional<std::variant<bool, std::vector<std::string>>> Section::boolean_or_texts(std::string_view key) {
  if (shape_ != nullptr) shape_->accept_texts(key);
  if (!is_list(key)) return boolean(key);
  auto list = list_of_texts(key);
  return list ? std::optional<std::variant<bool, std::vector<std::string>>>(std::move(*list)) : std::nullopt;
}

std::optional<std::vector<std::string>> Section::arguments(std::string_view key) {
  if (shape_ != nullptr) shape_->accept_arguments(key);
  const auto* node = find(key);
  if (node == nullptr) return std::nullopt;
  std::vector<std::string> out;
  for (const auto& item : node->items) {
    if (item.kind == Node::Kind::scalar) out.push_back(item.text);
  }
  if (!out.empty() && out.size() == node->items.size()) return out;
  refuse(key, fmt::format("'{}' must be a list of words, the program first", key));
  return std::nullopt;
}

std::optional<std::variant<std::vector<std::string>, Section>> Section::texts_or_block(std::string_view key) {
  using Either = std::optional<std::variant<std::vector<std::string>, Section>>;
  if (shape_ != nullptr) shape_->accept_texts(key);
  const auto* node = find(key);
  if (node != nullptr && node->kind == Node::Kind::scalar) {
    refuse(key, fmt::format("'{}' must be a list of names or a map, it is {}", key, kind_of(*node)));
    return std::nullopt;
  }
  if (node != nullptr && node->kind == Node::Kind::list) {
    auto list = list_of_texts(key);
    return list ? Either(std::move(*list)) : std::nullopt;
  }
  auto below = block(key);
  return below ? Either(std::move(*below)) : std::nullopt;
}

std::optional<std::vector<NamedText>> Section::named_texts(std::string_view key, std::string_view wanted) {
  if (shape_ != nullptr) shape_->accept_named_texts(key);
  const auto* node = find(key);
  if (node == nullptr) return std::nullopt;
  std::vector<NamedText> out;
  if (node->kind != Node::Kind::map) refuse(key, fmt::format("'{}' must be a map, it is {}", key, kind_of(*node)));
  for (const auto& [name, at, value] : node->entries) {
    if (value.kind == Node::Kind::scalar) {
      out.push_back({.name = name, .text = value.text, .line = at});
    } else {
      problems_->add(at, fmt::format("'{}': '{}' must be {}", key, problems_->shown(name), wanted));
    }
  }
  return out;
}

std::optional<std::map<std::string, double>> Section::named_numbers(std::string_view key, double min, double max) {
  if (shape_ != nullptr) shape_->accept_named_numbers(key, min, max);
  const auto* node = find(key);
  if (node == nullptr) return std::nullopt;
  std::map<std::string, double> out;
  Section section(*node, std::string(key), *problems_);
  for (const auto& one : node->entries) {
    if (one.value.kind == Node::Kind::null) {
      problems_->add(one.line, fmt::format("'{}': '{}' needs a number between {} and {}", key,
                                           problems_->shown(one.key), min, max));
    } else if (const auto number = section.number(one.key, min, max)) {
      out[one.key] = *number;
    }
  }
  return out;
}

std::optional<Section> Section::block(std::string_view key) {
  static const Node kNothing{.kind = Node::Kind::map};
  const auto* node = find(key);
  if (node == nullptr && shape_ == nullptr) return std::nullopt;
  return std::optional<Section>(std::in_place, node == nullptr ? kNothing : *node, std::string(key), *problems_,
                                shape_ == nullptr ? nullptr : &shape_->block(key));
}

Section Section::entry(std::string_view key, const Node& node, std::string name) {
  return {node, std::move(name), *problems_, shape_ == nullptr ? nullptr : &shape_->entry(key)};
}

std::optional<std::size_t> Section::word_index(std::string_view key, std::span<const std::string_view> spellings) {
  if (shape_ != nullptr) shape_->accept_words(key, spellings);
  const auto* node = scalar(key, "one word");
  return node == nullptr ? std::nullopt : index_among(key, node->text, spellings);
}

std::optional<std::size_t> Section::index_among(std::string_view key, std::string_view word,
                                                std::span<const std::string_view> spellings) {
  const auto found = std::find(spellings.begin(), spellings.end(), word);
  if (found != spellings.end()) return static_cast<std::size_t>(found - spellings.begin());
  const auto guess = guess_of(word, spellings);
  refuse(key, fmt::format("'{}' is not a value of '{}': use one of {}{}", problems_->shown(word), key,
                          fmt::join(spellings, ", "), guess ? fmt::format("; did you mean '{}'?", *guess) : ""));
  return std::nullopt;
}

std::optional<std::vector<std::size_t>> Section::word_indices(std::string_view key,
                                                              std::span<const std::string_view> spellings) {
  if (shape_ != nullptr) shape_->accept_word_list(key, spellings);
  const auto words = list_of_texts(key);
  if (!words) return std::nullopt;
  std::vector<std::size_t> out;
  for (const auto& word : *words) {
    if (const auto index = index_among(key, word, spellings)) out.push_back(*index);
  }
  return out;
}

void Section::refuse(std::string_view key, std::string message, std::string_view code) {
  problems_->add(line(key), std::move(message), code);
}

void Section::require(std::string_view key, std::string_view wanted, std::string_view code) {
  if (shape_ != nullptr) shape_->require(key);
  if (!has(key)) refuse_missing(wanted.empty() ? fmt::format("'{}'", key) : std::string(wanted), code);
}

std::vector<std::string_view> Section::require_one_of(std::span<const std::string_view> keys, std::string_view wanted) {
  if (shape_ != nullptr) shape_->require_one_of(keys);
  auto found = given(keys);
  if (found.empty()) refuse_missing(wanted);
  return found;
}

void Section::refuse_missing(std::string_view keys, std::string_view code) {
  if (usable_) problems_->add(node_->line, fmt::format("{} needs {}", name_, keys), code);
}

void Section::warn(std::string_view key, std::string message) { problems_->warn(line(key), std::move(message)); }

std::string Section::unknown_key(std::string_view key) const {
  const auto start = fmt::format("unknown key '{}' in {}", problems_->shown(key), name_);
  if (key == "<<") return start + "; merge keys are not supported, repeat the keys or use an alias";
  const auto* home = std::find_if(kHomes.begin(), kHomes.end(), [&](const Home& h) { return h.key == key; });
  if (home != kHomes.end()) return fmt::format("{}; it belongs under {}", start, home->place);
  const auto guess = guess_of(key, known_);
  return guess ? fmt::format("{}; did you mean '{}'?", start, *guess) : start;
}

void Section::finish() {
  for (const auto& entry : node_->entries) {
    if (std::find(known_.begin(), known_.end(), entry.key) == known_.end()) {
      problems_->add(entry.line, unknown_key(entry.key));
    }
  }
}

}  // namespace rivet::config
