// SPDX-License-Identifier: Apache-2.0
// Small units are done faster than anybody can read: the line is drawn ten times a second at most.
#include "report/comparison_progress.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace rivet::report {
namespace {

constexpr std::chrono::milliseconds kRedraw{100};

}  // namespace

void ComparisonProgress::started(const std::string& export_name) {
  export_name_ = export_name;
  differing_ = unknown_ = 0;
  drawn_at_ = {};
  if (screen_.terminal().interactive) screen_.show({fmt::format("… {}  preparing", export_name_)});
}

void ComparisonProgress::compared(model::UnitMatch match, std::size_t done, std::size_t of) {
  differing_ += match == model::UnitMatch::mismatch ? 1 : 0;
  unknown_ += match == model::UnitMatch::unknown ? 1 : 0;
  if (!screen_.terminal().interactive) return;
  const auto now = std::chrono::steady_clock::now();
  if (done < of && now - drawn_at_ < kRedraw) return;
  drawn_at_ = now;
  draw(done, of);
}

void ComparisonProgress::draw(std::size_t done, std::size_t of) {
  const auto count = [](std::size_t number) { return base::with_thousands(static_cast<std::int64_t>(number)); };
  auto line = fmt::format("… {}  {} of {} unit{}", export_name_, count(done), count(of), of == 1 ? "" : "s");
  if (differing_ > 0) line += fmt::format("  {} differ{}", count(differing_), differing_ == 1 ? "s" : "");
  if (unknown_ > 0) line += fmt::format("  {} unknown", count(unknown_));
  screen_.show({line});
}

}  // namespace rivet::report
