// SPDX-License-Identifier: Apache-2.0
// Parsers of canonical text, one a form, without a library that would be lenient.
#include "batch/value_parser.hpp"

#include <arrow/util/decimal.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <type_traits>

namespace rivet::batch {
namespace {

constexpr int kMaxDigits = 76;
constexpr std::int64_t kSecondsPerDay = 86'400;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

template <class Number>
bool parse_whole(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

template <class Float>
bool parse_any_float(std::string_view text, Float& out) {
  const bool negative = text.starts_with('-');
  const auto magnitude = text.substr(negative ? 1 : 0);
  if (magnitude == "inf" || magnitude == "Infinity") {
    out = negative ? -std::numeric_limits<Float>::infinity() : std::numeric_limits<Float>::infinity();
    return true;
  }
  if (text == "NaN") {
    out = std::numeric_limits<Float>::quiet_NaN();
    return true;
  }
  // from_chars also knows other spellings of infinity and NaN
  if (magnitude.empty() || !(is_digit(magnitude.front()) || magnitude.front() == '.')) return false;
  return parse_whole(text, out);
}

/// The digits of a decimal number without leading and trailing zeros.
struct DecimalText {
  bool negative = false;
  std::array<char, kMaxDigits> digits;
  int count = 0;
  std::int64_t exponent = 0;  ///< value = digits * 10^exponent
};

/// Takes digits one by one; zeros wait until a later digit needs them.
class DigitCollector {
 public:
  explicit DigitCollector(DecimalText& out) : out_(out) {}

  bool take(char digit) {
    if (digit == '0') {
      if (out_.count > 0) ++zeros_;
      return true;
    }
    if (out_.count + zeros_ + 1 > kMaxDigits) return false;
    for (; zeros_ > 0; --zeros_) out_.digits[static_cast<std::size_t>(out_.count++)] = '0';
    out_.digits[static_cast<std::size_t>(out_.count++)] = digit;
    return true;
  }

  std::int64_t pending_zeros() const { return zeros_; }

 private:
  DecimalText& out_;
  std::int64_t zeros_ = 0;
};

bool read_exponent(std::string_view text, std::int64_t& exponent) {
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  text.remove_prefix(1);
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return false;
  }
  std::int32_t given = 0;
  if (!parse_whole(text, given)) return false;
  exponent += given;
  return true;
}

bool read_decimal(std::string_view text, DecimalText& out) {
  out.negative = text.starts_with('-');
  if (out.negative) text.remove_prefix(1);
  DigitCollector collector(out);
  std::size_t at = 0;
  std::int64_t fraction_digits = 0;
  bool any = false;
  bool in_fraction = false;
  for (; at < text.size(); ++at) {
    if (text[at] == '.' && !in_fraction) {
      in_fraction = true;
      continue;
    }
    if (!is_digit(text[at])) break;
    any = true;
    if (in_fraction) ++fraction_digits;
    if (!collector.take(text[at])) return false;
  }
  out.exponent = collector.pending_zeros() - fraction_digits;
  return any && read_exponent(text.substr(at), out.exponent);
}

/// `digits` and `zeros` more zeros as a number, sign applied. REQUIRES: at most 38 digits in all.
arrow::Decimal128 build(const DecimalText& text, int zeros, arrow::Decimal128*) {
  unsigned __int128 value = 0;
  for (int i = 0; i < text.count; ++i) {
    value = value * 10 + static_cast<unsigned>(text.digits[static_cast<std::size_t>(i)] - '0');
  }
  for (int i = 0; i < zeros; ++i) value *= 10;
  if (text.negative) value = -value;
  return {static_cast<std::int64_t>(value >> 64), static_cast<std::uint64_t>(value)};
}

/// Same for at most 76 digits, 18 at a time.
arrow::Decimal256 build(const DecimalText& text, int zeros, arrow::Decimal256*) {
  arrow::Decimal256 value(0);
  std::int64_t chunk = 0;
  std::int64_t power = 1;
  for (int i = 0; i < text.count + zeros; ++i) {
    chunk = chunk * 10 + (i < text.count ? text.digits[static_cast<std::size_t>(i)] - '0' : 0);
    power *= 10;
    if (power < 1'000'000'000'000'000'000 && i + 1 < text.count + zeros) continue;
    value = arrow::Decimal256(value * arrow::Decimal256(power)) + arrow::Decimal256(chunk);
    chunk = 0;
    power = 1;
  }
  if (text.negative) value.Negate();
  return value;
}

template <class Decimal>
bool parse_any_decimal(std::string_view text, int precision, int scale, Decimal& out) {
  DecimalText number;
  if (!read_decimal(text, number)) return false;
  if (number.count == 0) {
    out = Decimal(0);
    return true;
  }
  const auto zeros = number.exponent + scale;
  if (zeros < 0 || number.count + zeros > precision) return false;
  out = build(number, static_cast<int>(zeros), static_cast<Decimal*>(nullptr));
  return true;
}

/// Two digits at `at`, or -1.
int two_digits(std::string_view text, std::size_t at) {
  if (at + 2 > text.size() || !is_digit(text[at]) || !is_digit(text[at + 1])) return -1;
  return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

bool is_leap(std::int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int days_in_month(std::int64_t year, int month) {
  constexpr std::array<int, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return days[static_cast<std::size_t>(month - 1)] + (month == 2 && is_leap(year) ? 1 : 0);
}

/// Days since 1970-01-01; eras of 400 years that begin in March, as in append_date.
std::int64_t days_from_civil(std::int64_t year, int month, int day) {
  if (month <= 2) --year;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}

/// The date at the front of `text`, which loses it. No range check.
bool take_date(std::string_view& text, std::int64_t& days) {
  const bool negative = text.starts_with('-');
  const auto body = text.substr(negative ? 1 : 0);
  const auto year_size = std::min(body.find('-'), body.size());
  if (year_size < 4 || year_size > 7 || (year_size > 4 && body.front() == '0')) return false;
  std::int64_t year = 0;
  for (const char c : body.substr(0, year_size)) {
    if (!is_digit(c)) return false;
    year = year * 10 + (c - '0');
  }
  if (negative && year == 0) return false;
  if (negative) year = -year;
  const int month = two_digits(body, year_size + 1);
  const int day = two_digits(body, year_size + 4);
  if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || body[year_size + 3] != '-')
    return false;
  days = days_from_civil(year, month, day);
  text = body.substr(year_size + 6);
  return true;
}

/// The fraction at the front of `text` in ticks of 10^-digits; nothing when there is none.
bool take_fraction(std::string_view& text, int digits, std::int64_t& ticks) {
  ticks = 0;
  if (!text.starts_with('.')) return true;
  text.remove_prefix(1);
  int given = 0;
  for (; !text.empty() && is_digit(text.front()); text.remove_prefix(1), ++given) {
    if (given == digits) return false;
    ticks = ticks * 10 + (text.front() - '0');
  }
  for (int i = given; i < digits; ++i) ticks *= 10;
  return given > 0;
}

/// The time of day at the front of `text`, which loses it, in ticks of 10^-digits seconds.
bool take_time(std::string_view& text, int digits, std::int64_t& ticks) {
  const int hour = two_digits(text, 0);
  const int minute = two_digits(text, 3);
  const int second = two_digits(text, 6);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return false;
  if (text[2] != ':' || text[5] != ':') return false;
  text.remove_prefix(8);
  std::int64_t fraction = 0;
  if (!take_fraction(text, digits, fraction)) return false;
  ticks = (hour * 3600 + minute * 60 + second) * (digits == 6 ? 1'000'000LL : 1'000'000'000LL) + fraction;
  return true;
}

/// The offset that `text` consists of, in seconds east of UTC; nothing and `Z` are zero.
bool parse_offset(std::string_view text, std::int64_t& seconds) {
  seconds = 0;
  if (text.empty() || text == "Z") return true;
  const bool west = text.front() == '-';
  if (!west && text.front() != '+') return false;
  text.remove_prefix(1);
  for (const int unit : {3600, 60, 1}) {
    const int part = two_digits(text, 0);
    if (part < 0 || part > (unit == 3600 ? 23 : 59)) return false;
    seconds += part * unit;
    text.remove_prefix(2);
    if (text.empty()) break;
    if (text.front() == ':') {
      text.remove_prefix(1);
      if (text.empty()) return false;
    }
  }
  if (west) seconds = -seconds;
  return text.empty();
}

/// Date and time at the front of `text`, then an offset when `zoned`.
bool parse_moment(std::string_view text, model::TimeUnit unit, bool zoned, std::int64_t& ticks) {
  const bool micro = unit == model::TimeUnit::micro;
  std::int64_t days = 0, time = 0, offset = 0;
  if (!take_date(text, days) || text.empty() || (text.front() != 'T' && text.front() != ' ')) return false;
  text.remove_prefix(1);
  if (!take_time(text, micro ? 6 : 9, time)) return false;
  if (zoned ? !parse_offset(text, offset) : !text.empty()) return false;
  const std::int64_t per_second = micro ? 1'000'000 : 1'000'000'000;
  const __int128 exact = static_cast<__int128>(days * kSecondsPerDay - offset) * per_second + time;
  ticks = static_cast<std::int64_t>(exact);
  return exact == ticks;
}

}  // namespace

bool parse_bool(std::string_view text, bool& out) {
  out = text == "true" || text == "t" || text == "1";
  return out || text == "false" || text == "f" || text == "0";
}

bool parse_integer(std::string_view text, std::int16_t& out) { return parse_whole(text, out); }
bool parse_integer(std::string_view text, std::int32_t& out) { return parse_whole(text, out); }
bool parse_integer(std::string_view text, std::int64_t& out) { return parse_whole(text, out); }
bool parse_integer(std::string_view text, std::uint64_t& out) { return parse_whole(text, out); }

bool parse_float(std::string_view text, float& out) { return parse_any_float(text, out); }
bool parse_float(std::string_view text, double& out) { return parse_any_float(text, out); }

bool parse_decimal(std::string_view text, int precision, int scale, arrow::Decimal128& out) {
  return parse_any_decimal(text, precision, scale, out);
}
bool parse_decimal(std::string_view text, int precision, int scale, arrow::Decimal256& out) {
  return parse_any_decimal(text, precision, scale, out);
}

bool parse_date(std::string_view text, std::int32_t& days) {
  std::int64_t wide = 0;
  if (!take_date(text, wide) || !text.empty()) return false;
  days = static_cast<std::int32_t>(wide);
  return days == wide;
}

bool parse_time(std::string_view text, std::int64_t& micros) { return take_time(text, 6, micros) && text.empty(); }

bool parse_timestamp(std::string_view text, model::TimeUnit unit, std::int64_t& ticks) {
  return parse_moment(text, unit, false, ticks);
}

bool parse_instant(std::string_view text, model::TimeUnit unit, std::int64_t& ticks) {
  return parse_moment(text, unit, true, ticks);
}

bool parse_uuid(std::string_view text, std::array<std::uint8_t, 16>& out) {
  const bool hyphenated = text.size() == 36;
  if (!hyphenated && text.size() != 32) return false;
  std::size_t at = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (hyphenated && (i == 4 || i == 6 || i == 8 || i == 10) && text[at++] != '-') return false;
    const int high = hex_value(text[at]), low = hex_value(text[at + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<std::uint8_t>(high * 16 + low);
    at += 2;
  }
  return true;
}

bool parse_hex(std::string_view text, std::string& out) {
  if (text.size() % 2 != 0) return false;
  out.reserve(out.size() + text.size() / 2);
  for (std::size_t at = 0; at < text.size(); at += 2) {
    const int high = hex_value(text[at]), low = hex_value(text[at + 1]);
    if (high < 0 || low < 0) return false;
    out += static_cast<char>(high * 16 + low);
  }
  return true;
}

}  // namespace rivet::batch
