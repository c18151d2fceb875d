// SPDX-License-Identifier: Apache-2.0
// Rates over the last ten seconds: the whole run's average hides both a stall and a take-over's head start.
#include "report/progress_board.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.hpp"
#include "report/terminal.hpp"

namespace rivet::report {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kWindow{10};
constexpr milliseconds kSpacing{100};
constexpr std::size_t kMostLines = 16;  // more than a small terminal has could not be redrawn in place

std::int64_t milliseconds_between(ProgressBoard::Instant from, ProgressBoard::Instant to) {
  return duration_cast<milliseconds>(to - from).count();
}

/// `45s`, `2m 05s`, `1h 02m`.
std::string whole_seconds(double exact) {
  const auto whole = std::max<std::int64_t>(static_cast<std::int64_t>(exact), 1);
  return whole < 60 ? fmt::format("{}s", whole) : base::human_duration(whole * 1000);
}

}  // namespace

ProgressBoard::Entry* ProgressBoard::find(const std::string& export_name) {
  const auto at = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.name == export_name; });
  return at == entries_.end() ? nullptr : &*at;
}

void ProgressBoard::start(const std::string& export_name, std::optional<std::int64_t> estimated_rows, Instant now) {
  if (auto* const known = find(export_name)) {
    known->estimate = estimated_rows;
    return;
  }
  entries_.push_back({.name = export_name, .estimate = estimated_rows, .started = now, .samples = {}});
}

void ProgressBoard::advance(const std::string& export_name, std::int64_t rows, std::int64_t bytes, Instant now) {
  auto* const entry = find(export_name);
  if (entry == nullptr) return;
  entry->rows = rows;
  entry->bytes = bytes;
  if (entry->samples.empty() || now - entry->samples.back().at >= kSpacing) sample(*entry, now);
}

void ProgressBoard::remove(const std::string& export_name) {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.name == export_name; });
}

void ProgressBoard::sample(Entry& entry, Instant now) {
  entry.samples.push_back({now, entry.rows});
  while (entry.samples.size() > 2 && now - entry.samples.front().at > kWindow) entry.samples.pop_front();
}

double ProgressBoard::rows_per_second(const Entry& entry, Instant now) {
  const auto& base = entry.samples.front();
  const auto elapsed = milliseconds_between(base.at, now);
  return elapsed > 0 ? static_cast<double>(entry.rows - base.rows) * 1000 / static_cast<double>(elapsed) : 0;
}

std::vector<std::string> ProgressBoard::segments(const Entry& entry, Instant now) {
  const auto age = base::human_duration(milliseconds_between(entry.started, now));
  if (entry.samples.empty()) return {"preparing", age};
  const auto rate = rows_per_second(entry, now);
  std::vector<std::string> out{base::with_thousands(entry.rows) + " rows"};
  if (rate > 0) out.push_back(base::human_count(rate) + " rows/s");
  if (entry.bytes > 0) out.push_back(base::human_bytes(entry.bytes));
  const auto estimate = entry.estimate.value_or(0);
  if (entry.rows < estimate) {
    out.push_back(fmt::format("{}%", entry.rows * 100 / estimate));
    const auto seconds_left = static_cast<double>(estimate - entry.rows) / std::max(rate, 1e-3);
    if (rate > 0) out.push_back("~" + whole_seconds(seconds_left) + " left");
  }
  out.push_back(age);
  return out;
}

std::vector<std::string> ProgressBoard::live_lines(int width, Instant now) const {
  constexpr int kNameColumns = 24;
  std::vector<std::string> lines;
  for (const auto& entry : entries_) {
    if (lines.size() == kMostLines) {
      lines.push_back(fit(fmt::format("… and {} more", entries_.size() - kMostLines), width));
      break;
    }
    auto line = "… " + fit(entry.name, std::min(kNameColumns, width / 2));
    for (const auto& segment : segments(entry, now)) {
      if (display_width(line) + 2 + display_width(segment) > width) break;
      line += "  " + segment;
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> ProgressBoard::plain_lines(Instant now) const {
  std::vector<std::string> lines;
  for (const auto& entry : entries_)
    lines.push_back(fmt::format("{}: {}", entry.name, fmt::join(segments(entry, now), ", ")));
  return lines;
}

}  // namespace rivet::report
