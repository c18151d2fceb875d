// SPDX-License-Identifier: Apache-2.0
// Compares cursor texts as decimal numbers of any length, composite ones value by value, else byte by byte.
#include "state/progression.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "model/json_fields.hpp"

namespace rivet::state {
namespace {

/// A decimal number taken apart; digits are compared as text, so nothing overflows or rounds.
struct Decimal {
  bool negative = false;
  std::string_view whole, fraction;  // without leading or trailing zeros
};

bool only_digits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<Decimal> parse_decimal(std::string_view text) {
  Decimal number;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    number.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  const auto dot = std::min(text.find('.'), text.size());
  number.whole = text.substr(0, dot);
  number.fraction = dot < text.size() ? text.substr(dot + 1) : std::string_view();
  if (number.whole.empty() || !only_digits(number.whole) || !only_digits(number.fraction)) return std::nullopt;
  number.whole.remove_prefix(std::min(number.whole.find_first_not_of('0'), number.whole.size()));
  number.fraction = number.fraction.substr(0, number.fraction.find_last_not_of('0') + 1);
  if (number.whole.empty() && number.fraction.empty()) number.negative = false;
  return number;
}

bool magnitude_before(const Decimal& a, const Decimal& b) {
  if (a.whole.size() != b.whole.size()) return a.whole.size() < b.whole.size();
  return a.whole != b.whole ? a.whole < b.whole : a.fraction < b.fraction;
}

bool value_before(std::string_view a, std::string_view b) {
  const auto left = parse_decimal(a), right = parse_decimal(b);
  if (!left || !right) return a < b;
  if (left->negative != right->negative) return left->negative;
  return left->negative ? magnitude_before(*right, *left) : magnitude_before(*left, *right);
}

/// The values of a composite cursor.
std::optional<std::vector<std::string>> parse_values(std::string_view text) {
  if (!text.starts_with('[')) return std::nullopt;
  const auto json = model::parse_json(text);
  if (!json.has_value() || !json->is_array()) return std::nullopt;
  std::vector<std::string> values;
  for (const auto& value : *json) {
    if (!value.is_string()) return std::nullopt;
    values.push_back(value.get<std::string>());
  }
  return values;
}

}  // namespace

bool cursor_before(std::string_view a, std::string_view b) {
  const auto left = parse_values(a), right = parse_values(b);
  if (!left || !right) return value_before(a, b);
  return std::lexicographical_compare(left->begin(), left->end(), right->begin(), right->end(), value_before);
}

}  // namespace rivet::state
