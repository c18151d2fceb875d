// SPDX-License-Identifier: Apache-2.0
// The appenders: a parser and the builder its values go to.
#include "batch/text_appender.hpp"

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
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace rivet::batch {
namespace {

using Kind = model::LogicalKind;

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
  if (text.size() < 4 || text.front() == '-') return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + 4, unit, 16);
  if (error != std::errc() || end != text.data() + 4) return false;
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
          type, builder,
          [](const auto& of, Text text, std::int64_t& out) { return parse_timestamp(text, of.unit, out); });
    case Kind::timestamp_tz:
      return parsed<arrow::TimestampBuilder, std::int64_t>(
          type, builder,
          [](const auto& of, Text text, std::int64_t& out) { return parse_instant(text, of.unit, out); });
    case Kind::uuid:
      return parsed<arrow::FixedSizeBinaryBuilder, std::array<std::uint8_t, 16>>(
          type, builder,
          [](const auto&, Text text, std::array<std::uint8_t, 16>& out) { return parse_uuid(text, out); });
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
