// SPDX-License-Identifier: Apache-2.0
// Text forms of cells, written without allocating per cell.
#include "batch/cell_text.hpp"

#include <arrow/array.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <string_view>

namespace rivet::batch {
namespace {

using Kind = model::LogicalKind;

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::int64_t kSecondsPerDay = 86'400;

/// `value` with exactly `width` digits, leading zeros included.
void append_padded(std::uint64_t value, int width, std::string& out) {
  const auto start = out.size();
  out.resize(start + static_cast<std::size_t>(width));
  for (auto at = out.size(); at > start; value /= 10) out[--at] = static_cast<char>('0' + value % 10);
}

template <class Number>
void append_integer(Number value, std::string& out) {
  const fmt::format_int text(value);
  out.append(text.data(), text.size());
}

template <class Number>
void append_float(Number value, std::string& out) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value < 0 ? "-inf" : "inf";
  } else {
    std::array<char, 40> text;
    const auto end = fmt::format_to(text.data(), "{}", value);
    out.append(text.data(), static_cast<std::size_t>(end - text.data()));
  }
}

/// `HH:MM:SS` and the fraction, from ticks since midnight.
void append_clock(std::int64_t ticks, std::int64_t per_second, int digits, std::string& out) {
  const auto seconds = ticks / per_second;
  append_padded(static_cast<std::uint64_t>(seconds / 3600), 2, out);
  out += ':';
  append_padded(static_cast<std::uint64_t>(seconds / 60 % 60), 2, out);
  out += ':';
  append_padded(static_cast<std::uint64_t>(seconds % 60), 2, out);
  out += '.';
  append_padded(static_cast<std::uint64_t>(ticks % per_second), digits, out);
}

void append_timestamp(std::int64_t ticks, std::int64_t per_second, int digits, std::string& out) {
  const auto per_day = per_second * kSecondsPerDay;
  auto days = ticks / per_day;
  auto rest = ticks % per_day;
  if (rest < 0) {
    rest += per_day;
    --days;
  }
  append_date(days, out);
  out += 'T';
  append_clock(rest, per_second, digits, out);
}

void append_hex(const std::uint8_t* bytes, std::int64_t size, std::string& out) {
  auto at = out.size();
  out.resize(at + 2 * static_cast<std::size_t>(size));
  for (std::int64_t i = 0; i < size; ++i) {
    out[at++] = kHexDigits[bytes[i] >> 4];
    out[at++] = kHexDigits[bytes[i] & 15];
  }
}

/// The magnitude of a two's complement number of little-endian limbs, in place; true when it was negative.
template <std::size_t N>
bool make_magnitude(std::array<std::uint64_t, N>& limbs) {
  if (static_cast<std::int64_t>(limbs[N - 1]) >= 0) return false;
  bool carry = true;
  for (auto& limb : limbs) {
    limb = ~limb + (carry ? 1 : 0);
    carry = carry && limb == 0;
  }
  return true;
}

/// Divides the number in place and returns the remainder.
template <std::size_t N>
std::uint64_t divide(std::array<std::uint64_t, N>& limbs, std::uint64_t divisor) {
  unsigned __int128 rest = 0;
  for (std::size_t i = N; i-- > 0;) {
    rest = (rest << 64) | limbs[i];
    limbs[i] = static_cast<std::uint64_t>(rest / divisor);
    rest %= divisor;
  }
  return static_cast<std::uint64_t>(rest);
}

template <std::size_t N>
bool fits_one_limb(const std::array<std::uint64_t, N>& limbs) {
  return std::all_of(limbs.begin() + 1, limbs.end(), [](std::uint64_t limb) { return limb == 0; });
}

/// Decimal digits of an unsigned number, most significant first; the view points into `buffer`.
template <std::size_t N>
std::string_view digits_of(std::array<std::uint64_t, N> limbs, std::array<char, 80>& buffer) {
  constexpr std::uint64_t kChunk = 10'000'000'000'000'000'000U;  // 10^19, the largest power in 64 bits
  auto* at = buffer.data() + buffer.size();
  while (!fits_one_limb(limbs)) {
    auto chunk = divide(limbs, kChunk);
    for (int i = 0; i < 19; ++i, chunk /= 10) *--at = static_cast<char>('0' + chunk % 10);
  }
  const fmt::format_int head(limbs[0]);
  at -= head.size();
  std::memcpy(at, head.data(), head.size());
  return {at, static_cast<std::size_t>(buffer.data() + buffer.size() - at)};
}

template <std::size_t N>
void append_decimal(const std::uint8_t* bytes, int scale, std::string& out) {
  static_assert(std::endian::native == std::endian::little);
  std::array<std::uint64_t, N> limbs;
  std::memcpy(limbs.data(), bytes, sizeof limbs);
  if (make_magnitude(limbs)) out += '-';
  std::array<char, 80> buffer;
  const auto digits = digits_of(limbs, buffer);
  const auto fraction = static_cast<std::size_t>(scale);
  if (digits.size() > fraction) {
    out.append(digits.substr(0, digits.size() - fraction));
  } else {
    out += '0';
  }
  if (fraction == 0) return;
  out += '.';
  if (digits.size() < fraction) out.append(fraction - digits.size(), '0');
  out.append(digits.substr(digits.size() - std::min(digits.size(), fraction)));
}

bool is_bare_in_json(Kind kind) {
  switch (kind) {
    case Kind::boolean:
    case Kind::int16:
    case Kind::int32:
    case Kind::int64:
    case Kind::uint64:
    case Kind::float32:
    case Kind::float64:
    case Kind::decimal: return true;
    default: return false;
  }
}

template <class ArrayType>
auto value(const arrow::Array& array, std::int64_t row) {
  return static_cast<const ArrayType&>(array).Value(row);
}

}  // namespace

void append_date(std::int64_t days, std::string& out) {
  // Years that begin in March put the leap day last; eras of 400 years have 146,097 days each.
  const std::int64_t since_era0 = days + 719'468;
  const std::int64_t era = (since_era0 >= 0 ? since_era0 : since_era0 - 146'096) / 146'097;
  const std::int64_t day_of_era = since_era0 - era * 146'097;
  const std::int64_t year_of_era = (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t march_month = (5 * day_of_year + 2) / 153;
  const std::int64_t day = day_of_year - (153 * march_month + 2) / 5 + 1;
  const std::int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
  const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  if (year < 0) out += '-';
  const auto magnitude = static_cast<std::uint64_t>(year < 0 ? -year : year);
  if (magnitude <= 9'999) {
    append_padded(magnitude, 4, out);
  } else {
    append_integer(magnitude, out);
  }
  out += '-';
  append_padded(static_cast<std::uint64_t>(month), 2, out);
  out += '-';
  append_padded(static_cast<std::uint64_t>(day), 2, out);
}

void append_json_string(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20) {
          out += c;
        } else {
          out += "\\u00";
          append_hex(reinterpret_cast<const std::uint8_t*>(&c), 1, out);
        }
    }
  }
  out += '"';
}

/// One function per form; CellWriter keeps a pointer to the one of its type.
struct CellForms {
  using Writer = const CellWriter&;
  using Array = const arrow::Array&;

  static void boolean(Writer, Array array, std::int64_t row, std::string& out) {
    out += value<arrow::BooleanArray>(array, row) ? "true" : "false";
  }

  template <class ArrayType>
  static void integer(Writer, Array array, std::int64_t row, std::string& out) {
    append_integer(value<ArrayType>(array, row), out);
  }

  template <class ArrayType>
  static void floating(Writer, Array array, std::int64_t row, std::string& out) {
    append_float(value<ArrayType>(array, row), out);
  }

  template <std::size_t Limbs>
  static void decimal(Writer writer, Array array, std::int64_t row, std::string& out) {
    const auto& cells = static_cast<const arrow::FixedSizeBinaryArray&>(array);
    append_decimal<Limbs>(cells.GetValue(row), writer.scale_, out);
  }

  static void date(Writer, Array array, std::int64_t row, std::string& out) {
    append_date(value<arrow::Date32Array>(array, row), out);
  }

  static void time(Writer, Array array, std::int64_t row, std::string& out) {
    append_clock(value<arrow::Time64Array>(array, row), 1'000'000, 6, out);
  }

  template <std::int64_t PerSecond, int Digits, bool Instant>
  static void timestamp(Writer, Array array, std::int64_t row, std::string& out) {
    append_timestamp(value<arrow::TimestampArray>(array, row), PerSecond, Digits, out);
    if constexpr (Instant) out += 'Z';
  }

  static void text(Writer, Array array, std::int64_t row, std::string& out) {
    out += static_cast<const arrow::BinaryArray&>(array).GetView(row);
  }

  static void binary(Writer, Array array, std::int64_t row, std::string& out) {
    const auto bytes = static_cast<const arrow::BinaryArray&>(array).GetView(row);
    append_hex(reinterpret_cast<const std::uint8_t*>(bytes.data()), static_cast<std::int64_t>(bytes.size()), out);
  }

  static void uuid(Writer, Array array, std::int64_t row, std::string& out) {
    const auto* bytes = static_cast<const arrow::FixedSizeBinaryArray&>(array).GetValue(row);
    for (int at = 0; at < 16; at += 2) {
      if (at == 4 || at == 6 || at == 8 || at == 10) out += '-';
      append_hex(bytes + at, 2, out);
    }
  }

  static void list(Writer writer, Array array, std::int64_t row, std::string& out) {
    const auto& cells = static_cast<const arrow::ListArray&>(array);
    const auto& elements = *cells.values();
    const std::int64_t begin = cells.value_offset(row);
    const std::int64_t end = begin + cells.value_length(row);
    std::string scratch;
    out += '[';
    for (auto at = begin; at < end; ++at) {
      if (at != begin) out += ',';
      append_element(*writer.element_, elements, at, scratch, out);
    }
    out += ']';
  }

  static void append_element(Writer element, Array elements, std::int64_t at, std::string& scratch, std::string& out) {
    if (elements.IsNull(at)) {
      out += "null";
      return;
    }
    scratch.clear();
    element.append(elements, at, scratch);
    const bool is_finite = scratch.find_first_of("Ni") == std::string::npos;  // neither NaN nor inf
    if (element.bare_in_json_ && is_finite) {
      out += scratch;
    } else {
      append_json_string(scratch, out);
    }
  }

  template <bool Instant>
  static CellWriter::Append timestamp_form(model::TimeUnit unit) {
    return unit == model::TimeUnit::micro ? timestamp<1'000'000, 6, Instant> : timestamp<1'000'000'000, 9, Instant>;
  }

  static CellWriter::Append form_of(const model::LogicalType& type) {
    switch (type.kind) {
      case Kind::boolean: return boolean;
      case Kind::int16: return integer<arrow::Int16Array>;
      case Kind::int32: return integer<arrow::Int32Array>;
      case Kind::int64: return integer<arrow::Int64Array>;
      case Kind::uint64: return integer<arrow::UInt64Array>;
      case Kind::float32: return floating<arrow::FloatArray>;
      case Kind::float64: return floating<arrow::DoubleArray>;
      case Kind::decimal: return type.precision <= 38 ? decimal<2> : decimal<4>;
      case Kind::date: return date;
      case Kind::time: return time;
      case Kind::timestamp: return timestamp_form<false>(type.unit);
      case Kind::timestamp_tz: return timestamp_form<true>(type.unit);
      case Kind::binary: return binary;
      case Kind::uuid: return uuid;
      case Kind::list: return list;
      case Kind::text:
      case Kind::json:
      case Kind::interval:
      case Kind::enumeration: return text;
    }
    return text;
  }
};

CellWriter::CellWriter(const model::LogicalType& type)
    : append_(CellForms::form_of(type)), scale_(type.scale), bare_in_json_(is_bare_in_json(type.kind)) {
  if (type.kind == Kind::list) element_ = std::make_shared<const CellWriter>(*type.element);
}

}  // namespace rivet::batch
