// SPDX-License-Identifier: Apache-2.0
// Base 10000 to scaled integers, exact or not at all.
#include "source/postgres/numeric.hpp"

#include <array>

#include <fmt/format.h>

#include "source/postgres/wire.hpp"

namespace rivet::source::postgres {
namespace {

constexpr std::uint16_t kNegative = 0x4000;
constexpr std::uint16_t kNaN = 0xC000;
constexpr std::uint16_t kPositiveInfinity = 0xD000;
constexpr std::uint16_t kNegativeInfinity = 0xF000;

constexpr auto kPowers = [] {
  std::array<std::uint64_t, 19> powers{};
  powers[0] = 1;
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

unsigned digit_at(const NumericCell& cell, int i) { return wire::read_u16(cell.digits + 2 * i); }

/// The value has this many decimal places to the right of its last base-10000 digit, seen from `scale`.
int exponent_of(const NumericCell& cell, int scale) { return 4 * (cell.weight - cell.digit_count + 1) + scale; }

/// Divides by a constant, which costs a multiplication; false when something would be left over.
template <std::uint64_t Divisor>
bool divide(std::uint64_t& value) {
  const auto quotient = value / Divisor;
  if (quotient * Divisor != value) return false;
  value = quotient;
  return true;
}

/// All prices and quantities of this world: at most 16 digits in, 18 out.
std::optional<std::int64_t> small_value(const NumericCell& cell, int scale) {
  if (cell.digit_count > 4) return std::nullopt;
  const int exponent = exponent_of(cell, scale);
  std::uint64_t value = 0;
  for (int i = 0; i < cell.digit_count; ++i) value = value * 10000 + digit_at(cell, i);
  switch (exponent) {
    case 0: break;
    case 2: value *= 100; break;  // at most 16 digits so far
    case -1:
      if (!divide<10>(value)) return std::nullopt;
      break;
    case -2:
      if (!divide<100>(value)) return std::nullopt;
      break;
    case -3:
      if (!divide<1000>(value)) return std::nullopt;
      break;
    default:
      if (value == 0) break;
      if (exponent < 0 || exponent > 18) return std::nullopt;
      if (__builtin_mul_overflow(value, kPowers[static_cast<std::size_t>(exponent)], &value)) return std::nullopt;
      if (value > kPowers[18]) return std::nullopt;
  }
  const auto magnitude = static_cast<std::int64_t>(value);
  return cell.is_negative() ? -magnitude : magnitude;
}

/// The text without zeros at the end of its fraction, which say nothing about the value.
std::string significant_text(const NumericCell& cell) {
  auto text = cell.to_string();
  if (text.find('.') == std::string::npos) return text;
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

template <class Decimal>
std::optional<Decimal> from_text(const NumericCell& cell, int precision, int scale) {
  Decimal value;
  std::int32_t found_precision = 0, found_scale = 0;
  if (!Decimal::FromString(significant_text(cell), &value, &found_precision, &found_scale).ok()) return std::nullopt;
  const auto rescaled = value.Rescale(found_scale, scale);
  if (!rescaled.ok() || !rescaled->FitsInPrecision(precision)) return std::nullopt;
  return *rescaled;
}

template <class Decimal>
std::optional<Decimal> to_decimal(const NumericCell& cell, int precision, int scale) {
  if (const auto small = small_value(cell, scale)) {
    const auto magnitude = static_cast<std::uint64_t>(*small < 0 ? -*small : *small);
    if (precision < 19 && magnitude >= kPowers[static_cast<std::size_t>(precision)]) return std::nullopt;
    return Decimal(*small);
  }
  return from_text<Decimal>(cell, precision, scale);
}

}  // namespace

std::optional<NumericCell> NumericCell::parse(const char* bytes, std::int32_t size) {
  if (size < 8) return std::nullopt;
  NumericCell cell{.digit_count = wire::read_i16(bytes),
                   .weight = wire::read_i16(bytes + 2),
                   .sign = wire::read_u16(bytes + 4),
                   .display_scale = wire::read_i16(bytes + 6),
                   .digits = bytes + 8};
  if (cell.digit_count < 0 || size != 8 + 2 * cell.digit_count) return std::nullopt;
  return cell;
}

bool NumericCell::is_finite() const { return sign == 0 || sign == kNegative; }
bool NumericCell::is_negative() const { return sign == kNegative; }

std::string NumericCell::to_string() const {
  if (sign == kNaN) return "NaN";
  if (sign == kPositiveInfinity) return "Infinity";
  if (sign == kNegativeInfinity) return "-Infinity";
  std::string text = is_negative() ? "-" : "";
  if (weight < 0) text += '0';
  for (int i = 0; i <= weight; ++i) {
    const unsigned digit = i < digit_count ? digit_at(*this, i) : 0;
    text += i == 0 ? fmt::format("{}", digit) : fmt::format("{:04}", digit);
  }
  if (display_scale <= 0) return text;
  std::string fraction;
  for (int i = weight + 1; static_cast<int>(fraction.size()) < display_scale; ++i) {
    fraction += fmt::format("{:04}", i >= 0 && i < digit_count ? digit_at(*this, i) : 0U);
  }
  fraction.resize(static_cast<std::size_t>(display_scale));
  return text + "." + fraction;
}

std::optional<arrow::Decimal128> to_decimal128(const NumericCell& cell, int precision, int scale) {
  return to_decimal<arrow::Decimal128>(cell, precision, scale);
}

std::optional<arrow::Decimal256> to_decimal256(const NumericCell& cell, int precision, int scale) {
  return to_decimal<arrow::Decimal256>(cell, precision, scale);
}

}  // namespace rivet::source::postgres
