// SPDX-License-Identifier: Apache-2.0
// Parsers of canonical text and the appenders built from them.
#include "batch/value_parser.hpp"

#include <arrow/array/builder_base.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_decimal.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/builder_time.h>
#include <arrow/builder.h>
#include <arrow/util/decimal.h>
#include <arrow/util/utf8.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <type_traits>
#include <vector>

namespace rivet::batch {
namespace {

using Kind = model::LogicalKind;

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
  if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || body[year_size + 3] != '-') return false;
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

Appended outcome(const arrow::Status& status) { return status.ok() ? Appended::yes : Appended::no_memory; }

/// An appender of values that a function parses: `Parse(type, text, value)`.
template <class Builder, class Value, class Parse>
class ParsedAppender final : public TextAppender {
 public:
  ParsedAppender(const model::LogicalType& type, arrow::ArrayBuilder& builder, Parse parse)
      : type_(type), builder_(static_cast<Builder&>(builder)), parse_(parse) {}

  Appended append(std::string_view text) override {
    Value value{};
    if (!parse_(type_, text, value)) return Appended::misfit;
    if constexpr (std::is_same_v<Builder, arrow::FixedSizeBinaryBuilder>) {
      return outcome(builder_.Append(value.data()));
    } else {
      return outcome(builder_.Append(value));
    }
  }

 private:
  const model::LogicalType type_;
  Builder& builder_;
  const Parse parse_;
};

template <class Builder, class Value, class Parse>
std::unique_ptr<TextAppender> parsed(const model::LogicalType& type, arrow::ArrayBuilder& builder, Parse parse) {
  return std::make_unique<ParsedAppender<Builder, Value, Parse>>(type, builder, parse);
}

class Utf8Appender final : public TextAppender {
 public:
  explicit Utf8Appender(arrow::ArrayBuilder& builder) : builder_(static_cast<arrow::StringBuilder&>(builder)) {
    arrow::util::InitializeUTF8();
  }
  Appended append(std::string_view text) override {
    if (!arrow::util::ValidateUTF8(text)) return Appended::misfit;
    return outcome(builder_.Append(text));
  }

 private:
  arrow::StringBuilder& builder_;
};

class HexAppender final : public TextAppender {
 public:
  explicit HexAppender(arrow::ArrayBuilder& builder) : builder_(static_cast<arrow::BinaryBuilder&>(builder)) {}
  Appended append(std::string_view text) override {
    bytes_.clear();
    if (!parse_hex(text, bytes_)) return Appended::misfit;
    return outcome(builder_.Append(bytes_));
  }

 private:
  arrow::BinaryBuilder& builder_;
  std::string bytes_;
};

void append_utf8(std::uint32_t point, std::string& out) {
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0 | (point >> 6));
    out += static_cast<char>(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    out += static_cast<char>(0xE0 | (point >> 12));
    out += static_cast<char>(0x80 | ((point >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (point & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (point >> 18));
    out += static_cast<char>(0x80 | ((point >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((point >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (point & 0x3F));
  }
}

/// The four hex digits at the front of `text`, which loses them.
bool take_code_unit(std::string_view& text, std::uint32_t& unit) {
  if (text.size() < 4) return false;
  unit = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = hex_value(text[static_cast<std::size_t>(i)]);
    if (digit < 0) return false;
    unit = unit * 16 + static_cast<std::uint32_t>(digit);
  }
  text.remove_prefix(4);
  return true;
}

bool take_unicode_escape(std::string_view& text, std::string& out) {
  std::uint32_t unit = 0, low = 0;
  if (!take_code_unit(text, unit)) return false;
  if (unit >= 0xDC00 && unit <= 0xDFFF) return false;
  if (unit >= 0xD800 && unit <= 0xDBFF) {
    if (!text.starts_with("\\u")) return false;
    text.remove_prefix(2);
    if (!take_code_unit(text, low) || low < 0xDC00 || low > 0xDFFF) return false;
    unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
  }
  append_utf8(unit, out);
  return true;
}

bool take_escape(std::string_view& text, std::string& out) {
  if (text.empty()) return false;
  const char kind = text.front();
  text.remove_prefix(1);
  if (kind == 'u') return take_unicode_escape(text, out);
  constexpr std::string_view names = "\"\\/bfnrt";
  constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
  const auto at = names.find(kind);
  if (at == std::string_view::npos) return false;
  out += meanings[at];
  return true;
}

/// The JSON string at the front of `text` behind its opening quote; both lose it.
bool take_json_string(std::string_view& text, std::string& out) {
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '"') return true;
    if (static_cast<unsigned char>(c) < 0x20) return false;
    if (c != '\\') {
      out += c;
    } else if (!take_escape(text, out)) {
      return false;
    }
  }
  return false;
}

/// A JSON array of scalars, split into the texts of its elements; NULL elements are empty.
bool split_json_array(std::string_view text, std::vector<std::optional<std::string>>& out) {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return false;
  text = text.substr(1, text.size() - 2);
  const auto skip_blanks = [&] { text.remove_prefix(std::min(text.find_first_not_of(" \t\n\r"), text.size())); };
  skip_blanks();
  if (text.empty()) return true;
  while (true) {
    skip_blanks();
    std::string value;
    if (text.starts_with('"')) {
      text.remove_prefix(1);
      if (!take_json_string(text, value)) return false;
      out.emplace_back(std::move(value));
    } else {
      value = text.substr(0, text.find_first_of(", \t\n\r\"[]{}"));
      if (value.empty()) return false;
      text.remove_prefix(value.size());
      out.push_back(value == "null" ? std::nullopt : std::optional(std::move(value)));
    }
    skip_blanks();
    if (text.empty()) return true;
    if (text.front() != ',') return false;
    text.remove_prefix(1);
  }
}

/// Elements go to a scratch builder first: a list that fails half way must leave nothing behind.
class ListAppender final : public TextAppender {
 public:
  ListAppender(const model::LogicalType& type, arrow::ArrayBuilder& builder)
      : builder_(static_cast<arrow::ListBuilder&>(builder)),
        element_(make_text_appender(*type.element, *builder_.value_builder())),
        rehearsal_builder_(make_rehearsal_builder()),
        rehearsal_(make_text_appender(*type.element, *rehearsal_builder_)) {}

  Appended append(std::string_view text) override {
    values_.clear();
    if (!split_json_array(text, values_)) return Appended::misfit;
    if (const auto rehearsed = rehearse(); rehearsed != Appended::yes) return rehearsed;
    if (!builder_.Append().ok()) return Appended::no_memory;
    for (const auto& value : values_) {
      const auto done = value ? element_->append(*value) : outcome(builder_.value_builder()->AppendNull());
      if (done != Appended::yes) return Appended::no_memory;
    }
    return Appended::yes;
  }

 private:
  std::unique_ptr<arrow::ArrayBuilder> make_rehearsal_builder() const {
    return arrow::MakeBuilder(builder_.value_builder()->type()).MoveValueUnsafe();
  }

  Appended rehearse() {
    rehearsal_builder_->Reset();
    for (const auto& value : values_) {
      if (!value) continue;
      if (const auto done = rehearsal_->append(*value); done != Appended::yes) return done;
    }
    return Appended::yes;
  }

  arrow::ListBuilder& builder_;
  std::unique_ptr<TextAppender> element_;
  std::unique_ptr<arrow::ArrayBuilder> rehearsal_builder_;
  std::unique_ptr<TextAppender> rehearsal_;
  std::vector<std::optional<std::string>> values_;
};

template <class Builder, class Number>
std::unique_ptr<TextAppender> integers(const model::LogicalType& type, arrow::ArrayBuilder& builder) {
  return parsed<Builder, Number>(
      type, builder, [](const auto&, std::string_view text, Number& out) { return parse_integer(text, out); });
}

template <class Builder, class Number>
std::unique_ptr<TextAppender> floats(const model::LogicalType& type, arrow::ArrayBuilder& builder) {
  return parsed<Builder, Number>(
      type, builder, [](const auto&, std::string_view text, Number& out) { return parse_float(text, out); });
}

template <class Builder, class Decimal>
std::unique_ptr<TextAppender> decimals(const model::LogicalType& type, arrow::ArrayBuilder& builder) {
  return parsed<Builder, Decimal>(type, builder, [](const auto& of, std::string_view text, Decimal& out) {
    return parse_decimal(text, of.precision, of.scale, out);
  });
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

std::unique_ptr<TextAppender> make_text_appender(const model::LogicalType& type, arrow::ArrayBuilder& builder) {
  using Text = std::string_view;
  switch (type.kind) {
    case Kind::boolean:
      return parsed<arrow::BooleanBuilder, bool>(
          type, builder, [](const auto&, Text text, bool& out) { return parse_bool(text, out); });
    case Kind::int16: return integers<arrow::Int16Builder, std::int16_t>(type, builder);
    case Kind::int32: return integers<arrow::Int32Builder, std::int32_t>(type, builder);
    case Kind::int64: return integers<arrow::Int64Builder, std::int64_t>(type, builder);
    case Kind::uint64: return integers<arrow::UInt64Builder, std::uint64_t>(type, builder);
    case Kind::float32: return floats<arrow::FloatBuilder, float>(type, builder);
    case Kind::float64: return floats<arrow::DoubleBuilder, double>(type, builder);
    case Kind::decimal:
      return type.precision <= 38 ? decimals<arrow::Decimal128Builder, arrow::Decimal128>(type, builder)
                                  : decimals<arrow::Decimal256Builder, arrow::Decimal256>(type, builder);
    case Kind::date:
      return parsed<arrow::Date32Builder, std::int32_t>(
          type, builder, [](const auto&, Text text, std::int32_t& out) { return parse_date(text, out); });
    case Kind::time:
      return parsed<arrow::Time64Builder, std::int64_t>(
          type, builder, [](const auto&, Text text, std::int64_t& out) { return parse_time(text, out); });
    case Kind::timestamp:
      return parsed<arrow::TimestampBuilder, std::int64_t>(
          type, builder, [](const auto& of, Text text, std::int64_t& out) { return parse_timestamp(text, of.unit, out); });
    case Kind::timestamp_tz:
      return parsed<arrow::TimestampBuilder, std::int64_t>(
          type, builder, [](const auto& of, Text text, std::int64_t& out) { return parse_instant(text, of.unit, out); });
    case Kind::uuid:
      return parsed<arrow::FixedSizeBinaryBuilder, std::array<std::uint8_t, 16>>(
          type, builder, [](const auto&, Text text, std::array<std::uint8_t, 16>& out) { return parse_uuid(text, out); });
    case Kind::binary: return std::make_unique<HexAppender>(builder);
    case Kind::list: return std::make_unique<ListAppender>(type, builder);
    case Kind::text:
    case Kind::json:
    case Kind::interval:
    case Kind::enumeration: break;
  }
  return std::make_unique<Utf8Appender>(builder);
}

}  // namespace rivet::batch
