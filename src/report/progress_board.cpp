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

std::int64_t milliseconds_between(ProgressBoard::Instant from, ProgressBoard::Instant to) {
  return duration_cast<milliseconds>(to - from).count();
}

}  // namespace

ProgressBoard::Entry* ProgressBoard::find(const std::string& export_name) {
  const auto at = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& e) { return e.name == export_name; });
  return at == entries_.end() ? nullptr : &*at;
}

void ProgressBoard::start(const std::string& export_name, std::optional<std::int64_t> estimated_rows, Instant now) {
  remove(export_name);
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

std::vector<std::string> ProgressBoard::segments(Entry& entry, Instant now) {
  std::vector<std::string> out{base::with_thousands(entry.rows) + " rows"};
  double rows_per_ms = 0;
  if (!entry.samples.empty()) {
    const auto& base = entry.samples.front();
    const auto elapsed = milliseconds_between(base.at, now);
    if (elapsed > 0) {
      rows_per_ms = static_cast<double>(entry.rows - base.rows) / static_cast<double>(elapsed);
      out.push_back(human_rate(entry.rows - base.rows, elapsed));
    }
  }
  if (entry.bytes > 0) out.push_back(base::human_bytes(entry.bytes));
  const auto estimate = entry.estimate.value_or(0);
  if (estimate > 0 && entry.rows < estimate) {
    out.push_back(fmt::format("{}%", entry.rows * 100 / estimate));
    if (rows_per_ms > 0) {
      const auto left = static_cast<std::int64_t>(static_cast<double>(estimate - entry.rows) / rows_per_ms);
      out.push_back("~" + base::human_duration(std::max<std::int64_t>(left / 1000, 1) * 1000) + " left");
    }
  }
  out.push_back(base::human_duration(milliseconds_between(entry.started, now)));
  return out;
}

std::vector<std::string> ProgressBoard::live_lines(int width, Instant now) {
  constexpr int kNameColumns = 24;
  std::vector<std::string> lines;
  for (auto& entry : entries_) {
    auto line = "… " + fit(entry.name, std::min(kNameColumns, width / 2));
    for (const auto& segment : segments(entry, now)) {
      if (display_width(line) + 2 + display_width(segment) > width) break;
      line += "  " + segment;
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> ProgressBoard::plain_lines(Instant now) {
  std::vector<std::string> lines;
  for (auto& entry : entries_)
    lines.push_back(fmt::format("{}: {}", entry.name, fmt::join(segments(entry, now), ", ")));
  return lines;
}

}  // namespace rivet::report
