// SPDX-License-Identifier: Apache-2.0
// Small text helpers shared by messages and reports.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace rivet::base {

/// ASCII letters in upper case; other bytes stay as they are.
std::string upper(std::string_view text);
/// ASCII letters in lower case; other bytes stay as they are.
std::string lower(std::string_view text);
/// `850`, `262.6K`, `1.3M`.
std::string human_count(double number);
/// `~950K`: a round figure, without its `.0`.
std::string about(std::int64_t number);
/// `362.6 KB`, `10.5 MB`: binary units, one digit.
std::string human_bytes(std::int64_t bytes);
/// `950,000`.
std::string with_thousands(std::int64_t number);
/// `850ms`, `3.7s`, `2m 05s`, `1h 02m`.
std::string human_duration(std::int64_t milliseconds);
/// The candidate closest to `word`, if one is close enough to be a likely typing mistake.
std::optional<std::string> did_you_mean(std::string_view word, std::span<const std::string_view> candidates);
/// A decimal 64-bit integer with an optional minus sign and nothing else. Empty when it is none, or does not fit.
std::optional<std::int64_t> to_integer(std::string_view text);
/// Two lower-case hex digits for each byte.
std::string to_hex(std::string_view bytes);
/// `512MB`, `1.5GB`, `100` (bytes): binary units, fractions allowed. Empty when it is not a size.
std::optional<std::int64_t> parse_size(std::string_view text);

}  // namespace rivet::base
