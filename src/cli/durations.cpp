// SPDX-License-Identifier: Apache-2.0
// One table of units, read in both directions.
#include "cli/durations.hpp"

#include <array>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/text.hpp"

namespace rivet::cli {
namespace {

using std::chrono::milliseconds;

constexpr std::array<std::pair<std::string_view, std::int64_t>, 5> kUnits{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::int64_t kMost = 36'500 * kUnits.front().second;

}  // namespace

Result<milliseconds> parse_duration(std::string_view text) {
  const auto digits = text.substr(0, text.find_first_not_of("0123456789"));
  const auto number = base::to_integer(digits);
  for (const auto& [unit, size] : kUnits) {
    if (number && text.substr(digits.size()) == unit && *number <= kMost / size) return milliseconds(*number * size);
  }
  return fail(ErrorKind::config, fmt::format("'{}' is not a duration", text), "write 250ms, 30s, 5m, 2h or 30d");
}

std::string duration_text(milliseconds duration) {
  for (const auto& [unit, size] : kUnits) {
    if (duration.count() % size == 0 && duration.count() != 0)
      return fmt::format("{}{}", duration.count() / size, unit);
  }
  return "0s";
}

CLI::Option* add_duration(CLI::App& command, const std::string& name, milliseconds& value, const std::string& help) {
  const auto problem = [](const std::string& text) {
    const auto duration = parse_duration(text);
    return duration ? std::string() : duration.error().message + ": " + duration.error().hint;
  };
  const auto read = [&value](const std::string& text) { value = parse_duration(text).value(); };
  return command.add_option_function<std::string>(name, read, help)
      ->check(problem)
      ->type_name("DURATION")
      ->default_str(duration_text(value));
}

}  // namespace rivet::cli
