// SPDX-License-Identifier: Apache-2.0
// The server's numeric in its binary form (numeric_send: base-10000 digits, weight, sign, display scale).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <arrow/util/decimal.h>

namespace rivet::source::postgres {

/// A numeric cell, digits not yet read.
struct NumericCell {
  int digit_count = 0;
  int weight = 0;  ///< power of 10000 of the first digit
  std::uint16_t sign = 0;
  int display_scale = 0;
  const char* digits = nullptr;

  /// Empty when the bytes are not a numeric.
  static std::optional<NumericCell> parse(const char* bytes, std::int32_t size);
  bool is_finite() const;
  bool is_negative() const;
  /// `NaN`, `Infinity`, `-Infinity` or the exact decimal text.
  std::string to_string() const;
};

/// The value times 10^scale when that is an integer of at most `precision` digits; precision up to 38.
/// REQUIRES: is_finite().
std::optional<arrow::Decimal128> to_decimal128(const NumericCell& cell, int precision, int scale);
/// Same for precision up to 76.
std::optional<arrow::Decimal256> to_decimal256(const NumericCell& cell, int precision, int scale);

}  // namespace rivet::source::postgres
