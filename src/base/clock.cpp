// SPDX-License-Identifier: Apache-2.0
// Text forms of wall time.
#include "base/clock.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace rivet::base {
namespace {

struct Parts {
  int year;
  unsigned month, day;
  long hour, minute, second, micros;
};

Parts split(Timestamp at) {
  const auto days = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day ymd{days};
  const std::chrono::hh_mm_ss<std::chrono::microseconds> time{at - days};
  return {static_cast<int>(ymd.year()),     static_cast<unsigned>(ymd.month()),
          static_cast<unsigned>(ymd.day()), time.hours().count(),
          time.minutes().count(),           time.seconds().count(),
          time.subseconds().count()};
}

}  // namespace

Timestamp SystemClock::now() const {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::string to_rfc3339(Timestamp at) {
  const auto p = split(at);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}+00:00", p.year, p.month, p.day, p.hour, p.minute,
                     p.second, p.micros);
}

std::string to_rfc3339_z(Timestamp at) {
  auto text = to_rfc3339(at);
  text.replace(text.size() - 6, 6, "Z");
  return text;
}

Result<Timestamp> parse_rfc3339(std::string_view text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, used = 0;
  const std::string owned(text);
  if (std::sscanf(owned.c_str(), "%4d-%2d-%2d%*1[T ]%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute, &second,
                  &used) != 6) {
    return fail(ErrorKind::config, fmt::format("'{}' is not an RFC 3339 time", text));
  }
  std::size_t at = static_cast<std::size_t>(used);
  long micros = 0;
  if (at < owned.size() && owned[at] == '.') {
    long scale = 100000;
    for (++at; at < owned.size() && owned[at] >= '0' && owned[at] <= '9'; ++at, scale /= 10) {
      micros += (owned[at] - '0') * scale;
    }
  }
  long offset_minutes = 0;
  const auto rest = std::string_view(owned).substr(at);
  if (rest != "Z") {
    int offset_hour = 0, offset_minute = 0;
    char sign[2] = {};
    if (std::sscanf(owned.c_str() + at, "%1[+-]%2d:%2d", sign, &offset_hour, &offset_minute) != 3) {
      return fail(ErrorKind::config, fmt::format("'{}' has no time zone offset", text));
    }
    offset_minutes = (sign[0] == '-' ? -1 : 1) * (offset_hour * 60L + offset_minute);
  }
  using namespace std::chrono;
  const year_month_day ymd{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                           std::chrono::day{static_cast<unsigned>(day)}};
  if (!ymd.ok() || hour > 23 || minute > 59 || second > 60) {
    return fail(ErrorKind::config, fmt::format("'{}' is not a valid time", text));
  }
  return Timestamp{sys_days{ymd} + hours{hour} + minutes{minute - offset_minutes} + seconds{second} +
                   microseconds{micros}};
}

std::string to_run_stamp(Timestamp at) {
  const auto p = split(at);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}.{:03}", p.year, p.month, p.day, p.hour, p.minute, p.second,
                     p.micros / 1000);
}

std::string to_date(Timestamp at) {
  const auto p = split(at);
  return fmt::format("{:04}-{:02}-{:02}", p.year, p.month, p.day);
}

std::string to_display(Timestamp at) {
  const auto p = split(at);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC", p.year, p.month, p.day, p.hour, p.minute, p.second);
}

}  // namespace rivet::base
