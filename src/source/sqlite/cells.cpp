// SPDX-License-Identifier: Apache-2.0
// Conversions from SQLite's five storage classes, one function a logical type.
#include "source/sqlite/cells.hpp"

#include "batch/value_parser.hpp"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_decimal.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/builder_time.h>
#include <arrow/util/decimal.h>
#include <arrow/util/utf8.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>
#include <type_traits>
#include <utility>

namespace rivet::source::sqlite {
namespace {

using Kind = model::LogicalKind;
using Rules = const CellRules&;

constexpr std::size_t kShownCharacters = 80;

/// Whether surrogates come in pairs: SQLite would turn lone ones silently into something else.
bool is_valid_utf16(const char16_t* units, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    if (units[i] < 0xD800 || units[i] > 0xDFFF) continue;
    if (units[i] > 0xDBFF || i + 1 == size || units[i + 1] < 0xDC00 || units[i + 1] > 0xDFFF) return false;
    ++i;
  }
  return true;
}

Fault read_utf16_checked(sqlite3_stmt* row, int index) {
  const auto* units = static_cast<const char16_t*>(sqlite3_column_text16(row, index));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes16(row, index)) / 2;
  if (units == nullptr) return Fault::no_memory;
  return is_valid_utf16(units, size) ? Fault::none : Fault::bad_text;
}

}  // namespace

Fault read_text(Rules rules, sqlite3_stmt* row, int index, std::string_view& out) {
  if (rules.utf16) {
    if (const auto fault = read_utf16_checked(row, index); fault != Fault::none) return fault;
  }
  const auto* text = sqlite3_column_text(row, index);
  if (text == nullptr) return Fault::no_memory;
  out = {reinterpret_cast<const char*>(text), static_cast<std::size_t>(sqlite3_column_bytes(row, index))};
  return Fault::none;
}

std::string_view blob_of(sqlite3_stmt* row, int index) {
  const auto* bytes = sqlite3_column_blob(row, index);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(sqlite3_column_bytes(row, index))};
}

std::string_view real_text(double value, std::array<char, 40>& buffer) {
  auto* end = std::to_chars(buffer.data(), buffer.data() + buffer.size() - 2, value).ptr;
  const std::string_view digits(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  if (digits.find_first_of(".ein") == std::string_view::npos) {
    *end++ = '.';
    *end++ = '0';
  }
  return {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
}

namespace {

Fault checked(bool fits) { return fits ? Fault::none : Fault::misfit; }

/// The cell's text given to `parse`; misfit for every other class.
template <class Parse>
Fault parse_text(Rules rules, sqlite3_stmt* row, int index, int storage, Parse parse) {
  std::string_view text;
  if (storage != SQLITE_TEXT) return Fault::misfit;
  if (const auto fault = read_text(rules, row, index, text); fault != Fault::none) return fault;
  return checked(parse(text));
}

/// The 15 significant digits that a double always holds, when they stand for exactly this double.
std::string_view fifteen_digits(double value, std::array<char, 40>& buffer) {
  const auto* end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::general, 15).ptr;
  double back = 0;
  std::from_chars(buffer.data(), end, back);
  if (back != value) return {};
  return {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
}

struct BooleanCell {
  using Value = bool;
  using Builder = arrow::BooleanBuilder;
  static Fault convert(Rules rules, sqlite3_stmt* row, int index, int storage, bool& out) {
    if (storage != SQLITE_INTEGER) {
      return parse_text(rules, row, index, storage, [&](auto text) { return batch::parse_bool(text, out); });
    }
    const auto number = sqlite3_column_int64(row, index);
    out = number == 1;
    return checked(number == 0 || number == 1);
  }
};

template <class Int, class BuilderOf>
struct IntegerCell {
  using Value = Int;
  using Builder = BuilderOf;
  static Fault convert(Rules rules, sqlite3_stmt* row, int index, int storage, Int& out) {
    if (storage == SQLITE_INTEGER) return from_integer(sqlite3_column_int64(row, index), out);
    if (storage == SQLITE_FLOAT) return from_real(sqlite3_column_double(row, index), out);
    return parse_text(rules, row, index, storage, [&](auto text) { return batch::parse_integer(text, out); });
  }
  static Fault from_integer(std::int64_t number, Int& out) {
    out = static_cast<Int>(number);
    return checked(std::in_range<Int>(number));
  }
  static Fault from_real(double number, Int& out) {
    // The first double past the range is a power of two and therefore exact.
    const double end = std::ldexp(1.0, std::numeric_limits<Int>::digits);
    const double begin = std::is_signed_v<Int> ? -end : 0;
    if (!(number >= begin && number < end) || number != std::trunc(number)) return Fault::misfit;
    out = static_cast<Int>(number);
    return Fault::none;
  }
};

template <class Float, class BuilderOf>
struct FloatCell {
  using Value = Float;
  using Builder = BuilderOf;
  static Fault convert(Rules rules, sqlite3_stmt* row, int index, int storage, Float& out) {
    if (storage == SQLITE_FLOAT) return from_real(sqlite3_column_double(row, index), out);
    if (storage == SQLITE_INTEGER) return from_integer(sqlite3_column_int64(row, index), out);
    return parse_text(rules, row, index, storage, [&](auto text) { return batch::parse_float(text, out); });
  }
  static Fault from_real(double number, Float& out) {
    out = static_cast<Float>(number);
    return checked(static_cast<double>(out) == number);
  }
  static Fault from_integer(std::int64_t number, Float& out) {
    out = static_cast<Float>(number);
    // long double holds every 64-bit integer on the machines we build for
    return checked(static_cast<long double>(out) == static_cast<long double>(number));
  }
};

template <class Decimal, class BuilderOf>
struct DecimalCell {
  using Value = Decimal;
  using Builder = BuilderOf;
  static Fault convert(Rules rules, sqlite3_stmt* row, int index, int storage, Decimal& out) {
    const auto parse = [&](std::string_view text) {
      return batch::parse_decimal(text, rules.type.precision, rules.type.scale, out);
    };
    if (storage == SQLITE_INTEGER) {
      const fmt::format_int digits(sqlite3_column_int64(row, index));
      return checked(parse({digits.data(), digits.size()}));
    }
    if (storage == SQLITE_FLOAT) {
      std::array<char, 40> buffer;
      return checked(parse(fifteen_digits(sqlite3_column_double(row, index), buffer)));
    }
    return parse_text(rules, row, index, storage, parse);
  }
};

struct DateCell {
  using Value = std::int32_t;
  using Builder = arrow::Date32Builder;
  static Fault convert(Rules rules, sqlite3_stmt* row, int index, int storage, std::int32_t& out) {
    return parse_text(rules, row, index, storage, [&](auto text) { return batch::parse_date(text, out); });
  }
};

struct TimeCell {
  using Value = std::int64_t;
  using Builder = arrow::Time64Builder;
  static Fault convert(Rules rules, sqlite3_stmt* row, int index, int storage, std::int64_t& out) {
    return parse_text(rules, row, index, storage, [&](auto text) { return batch::parse_time(text, out); });
  }
};

template <bool Instant>
struct TimestampCell {
  using Value = std::int64_t;
  using Builder = arrow::TimestampBuilder;
  static Fault convert(Rules rules, sqlite3_stmt* row, int index, int storage, std::int64_t& out) {
    return parse_text(rules, row, index, storage, [&](std::string_view text) {
      return Instant ? batch::parse_instant(text, rules.type.unit, out)
                     : batch::parse_timestamp(text, rules.type.unit, out);
    });
  }
};

struct UuidCell {
  using Value = std::array<std::uint8_t, 16>;
  using Builder = arrow::FixedSizeBinaryBuilder;
  static Fault convert(Rules rules, sqlite3_stmt* row, int index, int storage, Value& out) {
    if (storage != SQLITE_BLOB) {
      return parse_text(rules, row, index, storage, [&](auto text) { return batch::parse_uuid(text, out); });
    }
    const auto bytes = blob_of(row, index);
    if (bytes.size() != out.size()) return Fault::misfit;
    std::memcpy(out.data(), bytes.data(), out.size());
    return Fault::none;
  }
};

template <class Cell>
Fault append_fixed(ColumnSink& sink, sqlite3_stmt* row, int index, std::int64_t& bytes) {
  auto& builder = static_cast<typename Cell::Builder&>(*sink.builder);
  const int storage = sqlite3_column_type(row, index);
  if (storage == SQLITE_NULL) {
    if (!sink.nullable) return Fault::unexpected_null;
    builder.UnsafeAppendNull();
    return Fault::none;
  }
  typename Cell::Value value{};
  if (const auto fault = Cell::convert(sink.rules, row, index, storage, value); fault != Fault::none) return fault;
  if constexpr (std::is_same_v<Cell, UuidCell>) {
    builder.UnsafeAppend(value.data());
  } else {
    builder.UnsafeAppend(value);
  }
  bytes += static_cast<std::int64_t>(sizeof value);
  return Fault::none;
}

template <class Cell>
Fault fits_fixed(Rules rules, sqlite3_stmt* row, int index) {
  typename Cell::Value value{};
  return Cell::convert(rules, row, index, sqlite3_column_type(row, index), value);
}

/// Text of any class but blob, checked.
struct TextCell {
  using Builder = arrow::StringBuilder;
  struct Buffer {
    std::array<char, 40> chars;
  };

  static Fault convert(Rules rules, sqlite3_stmt* row, int index, int storage, Buffer& buffer, std::string_view& out) {
    switch (storage) {
      case SQLITE_TEXT:
        if (const auto fault = read_text(rules, row, index, out); fault != Fault::none) return fault;
        return arrow::util::ValidateUTF8(out) ? Fault::none : Fault::bad_text;
      case SQLITE_INTEGER: {
        auto* begin = buffer.chars.data();
        const auto* end = std::to_chars(begin, begin + buffer.chars.size(), sqlite3_column_int64(row, index)).ptr;
        out = {begin, static_cast<std::size_t>(end - begin)};
        return Fault::none;
      }
      case SQLITE_FLOAT: out = real_text(sqlite3_column_double(row, index), buffer.chars); return Fault::none;
      default: return Fault::misfit;
    }
  }
};

struct JsonCell {
  using Builder = arrow::StringBuilder;
  struct Buffer {};

  static Fault convert(Rules rules, sqlite3_stmt* row, int index, int storage, Buffer&, std::string_view& out) {
    return parse_text(rules, row, index, storage, [&](std::string_view text) {
      out = text;
      return arrow::util::ValidateUTF8(text) && nlohmann::json::accept(text);
    });
  }
};

struct BinaryCell {
  using Builder = arrow::BinaryBuilder;
  using Buffer = std::string;

  static Fault convert(Rules rules, sqlite3_stmt* row, int index, int storage, Buffer& buffer, std::string_view& out) {
    if (storage == SQLITE_BLOB) {
      out = blob_of(row, index);
      return Fault::none;
    }
    if (!rules.text_is_hex) return Fault::misfit;
    return parse_text(rules, row, index, storage, [&](std::string_view text) {
      buffer.clear();
      const bool fits = batch::parse_hex(text, buffer);
      out = buffer;
      return fits;
    });
  }
};

/// Looks at the stored size, before any conversion. Asking for the UTF-8 size would already convert UTF-16.
bool is_too_large(Rules rules, sqlite3_stmt* row, int index, int storage) {
  if (rules.value_bytes == 0 || (storage != SQLITE_TEXT && storage != SQLITE_BLOB)) return false;
  const bool wide = rules.utf16 && storage == SQLITE_TEXT;
  return (wide ? sqlite3_column_bytes16(row, index) / 2 : sqlite3_column_bytes(row, index)) > rules.value_bytes;
}

template <class Cell>
Fault append_bytes(ColumnSink& sink, sqlite3_stmt* row, int index, std::int64_t& bytes) {
  auto& builder = static_cast<typename Cell::Builder&>(*sink.builder);
  const int storage = sqlite3_column_type(row, index);
  if (storage == SQLITE_NULL) {
    if (!sink.nullable) return Fault::unexpected_null;
    return builder.AppendNull().ok() ? Fault::none : Fault::no_memory;
  }
  typename Cell::Buffer buffer;
  std::string_view value;
  if (is_too_large(sink.rules, row, index, storage)) return Fault::too_large;
  if (const auto fault = Cell::convert(sink.rules, row, index, storage, buffer, value); fault != Fault::none)
    return fault;
  if (!builder.Append(value.data(), static_cast<std::int32_t>(value.size())).ok()) return Fault::no_memory;
  bytes += static_cast<std::int64_t>(value.size());
  return Fault::none;
}

template <class Cell>
Fault fits_bytes(Rules rules, sqlite3_stmt* row, int index) {
  typename Cell::Buffer buffer;
  std::string_view value;
  return Cell::convert(rules, row, index, sqlite3_column_type(row, index), buffer, value);
}

template <class Cell>
CellFunctions fixed() {
  return {append_fixed<Cell>, fits_fixed<Cell>};
}

template <class Cell>
CellFunctions variable() {
  arrow::util::InitializeUTF8();
  return {append_bytes<Cell>, fits_bytes<Cell>};
}

/// Bytes of the UTF-8 sequence at the front of `text`, which is at most four; 0 when it is not one.
std::size_t character_size(std::string_view text) {
  for (std::size_t size = 1; size <= std::min<std::size_t>(4, text.size()); ++size) {
    if (arrow::util::ValidateUTF8(text.substr(0, size))) return size;
  }
  return 0;
}

std::string quoted(std::string_view text) {
  arrow::util::InitializeUTF8();
  std::string out = "'";
  for (std::size_t shown = 0; !text.empty(); ++shown) {
    if (shown == kShownCharacters) return out + fmt::format("'... ({} more bytes)", text.size());
    const auto size = character_size(text);
    const auto first = static_cast<unsigned char>(text.front());
    if (size == 0 || first < 0x20 || first == 0x7F) {
      out += fmt::format("\\x{:02x}", first);
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out + "'";
}

std::string hex_literal(std::string_view bytes) {
  std::string out = "x'";
  for (const char c : bytes.substr(0, kShownCharacters / 2))
    out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  out += '\'';
  if (bytes.size() > kShownCharacters / 2) out += fmt::format("... ({} bytes)", bytes.size());
  return out;
}

}  // namespace

CellFunctions cell_functions(const model::LogicalType& type) {
  switch (type.kind) {
    case Kind::boolean: return fixed<BooleanCell>();
    case Kind::int16: return fixed<IntegerCell<std::int16_t, arrow::Int16Builder>>();
    case Kind::int32: return fixed<IntegerCell<std::int32_t, arrow::Int32Builder>>();
    case Kind::int64: return fixed<IntegerCell<std::int64_t, arrow::Int64Builder>>();
    case Kind::uint64: return fixed<IntegerCell<std::uint64_t, arrow::UInt64Builder>>();
    case Kind::float32: return fixed<FloatCell<float, arrow::FloatBuilder>>();
    case Kind::float64: return fixed<FloatCell<double, arrow::DoubleBuilder>>();
    case Kind::decimal:
      return type.precision <= 38 ? fixed<DecimalCell<arrow::Decimal128, arrow::Decimal128Builder>>()
                                  : fixed<DecimalCell<arrow::Decimal256, arrow::Decimal256Builder>>();
    case Kind::date: return fixed<DateCell>();
    case Kind::time: return fixed<TimeCell>();
    case Kind::timestamp: return fixed<TimestampCell<false>>();
    case Kind::timestamp_tz: return fixed<TimestampCell<true>>();
    case Kind::uuid: return fixed<UuidCell>();
    case Kind::binary: return variable<BinaryCell>();
    case Kind::json: return variable<JsonCell>();
    case Kind::text:
    case Kind::interval:
    case Kind::enumeration: return variable<TextCell>();
    case Kind::list: break;
  }
  return {};
}

std::int64_t fixed_bytes(const model::LogicalType& type) {
  switch (type.kind) {
    case Kind::boolean: return 1;
    case Kind::int16: return 2;
    case Kind::int32:
    case Kind::float32:
    case Kind::date: return 4;
    case Kind::int64:
    case Kind::uint64:
    case Kind::float64:
    case Kind::time:
    case Kind::timestamp:
    case Kind::timestamp_tz: return 8;
    case Kind::decimal: return type.precision <= 38 ? 16 : 32;
    case Kind::uuid: return 16;
    default: return 4;  // the offset of a text or blob
  }
}

std::string display_value(sqlite3_stmt* row, int index) {
  switch (sqlite3_column_type(row, index)) {
    case SQLITE_INTEGER: return fmt::format("{}", sqlite3_column_int64(row, index));
    case SQLITE_FLOAT: {
      std::array<char, 40> buffer;
      return std::string(real_text(sqlite3_column_double(row, index), buffer));
    }
    case SQLITE_BLOB: return hex_literal(blob_of(row, index));
    case SQLITE_TEXT: {
      std::string_view text;
      read_text({}, row, index, text);
      return quoted(text);
    }
    default: return "NULL";
  }
}

std::string_view storage_class(sqlite3_stmt* row, int index) {
  switch (sqlite3_column_type(row, index)) {
    case SQLITE_INTEGER: return "integer";
    case SQLITE_FLOAT: return "real";
    case SQLITE_TEXT: return "text";
    case SQLITE_BLOB: return "blob";
    default: return "null";
  }
}

}  // namespace rivet::source::sqlite
