// SPDX-License-Identifier: Apache-2.0
// Exact text to typed values: the inverse of cell_text.hpp, total and without rounding.
#pragma once

#include "batch/text_appender.hpp"  // IWYU pragma: export
#include "model/column.hpp"

#include <arrow/type_fwd.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace rivet::batch {

// Every parse function reads the whole of `text` and returns whether it holds exactly one value of the
// type, stored in `out`; when it does not, `out` is unspecified. Blanks around a value are not skipped.
// None allocates (parse_hex grows its output) and any thread may call them.

/// `true`, `false`, `t`, `f`, `1`, `0`, letters in lower case.
bool parse_bool(std::string_view text, bool& out);

/// An optional `-` and decimal digits; false outside the range of `out`.
bool parse_integer(std::string_view text, std::int16_t& out);
bool parse_integer(std::string_view text, std::int32_t& out);
bool parse_integer(std::string_view text, std::int64_t& out);
bool parse_integer(std::string_view text, std::uint64_t& out);

/// Plain or scientific decimal notation, rounded to the nearest value as IEEE 754 says; `NaN`, `inf`, `-inf`,
/// `Infinity`, `-Infinity`. False when the magnitude overflows, or a number that is not zero becomes zero.
bool parse_float(std::string_view text, float& out);
bool parse_float(std::string_view text, double& out);

/// Plain or scientific decimal notation as the unscaled value of decimal(precision, scale). Nothing is rounded:
/// false when a non-zero digit lies beyond `scale` or the number needs more than `precision` digits.
/// REQUIRES: precision at most 38 for Decimal128, 76 for Decimal256.
bool parse_decimal(std::string_view text, int precision, int scale, arrow::Decimal128& out);
bool parse_decimal(std::string_view text, int precision, int scale, arrow::Decimal256& out);

/// `YYYY-MM-DD` as days since 1970-01-01 in the proleptic Gregorian calendar. Years are astronomical (`0000` is
/// 1 BC), have four digits or, from 10000 on, as many as needed, and a `-` when negative.
bool parse_date(std::string_view text, std::int32_t& days);

/// `HH:MM:SS` with an optional point and one to six digits as microseconds since midnight, below 24 h.
bool parse_time(std::string_view text, std::int64_t& micros);

/// A date, `T` or a blank, and a time with up to six (micro) or nine (nano) digits, as ticks since 1970-01-01.
bool parse_timestamp(std::string_view text, model::TimeUnit unit, std::int64_t& ticks);

/// A timestamp with an optional `Z` or offset (`+HH`, `+HHMM`, `+HH:MM`, `+HH:MM:SS`; or `-`), as ticks since
/// 1970-01-01 UTC. Without either it is UTC.
bool parse_instant(std::string_view text, model::TimeUnit unit, std::int64_t& ticks);

/// 36 characters with hyphens at the usual places, or 32 hex digits; either case.
bool parse_uuid(std::string_view text, std::array<std::uint8_t, 16>& out);

/// Pairs of hex digits of either case; empty text is an empty value. Appends to `out`.
bool parse_hex(std::string_view text, std::string& out);

}  // namespace rivet::batch
