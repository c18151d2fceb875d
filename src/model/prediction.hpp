// SPDX-License-Identifier: Apache-2.0
// What a run is expected to take, with intervals: said before it, held against it afterwards.
#pragma once

#include <cstdint>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "model/json_fields.hpp"

namespace rivet::model {

/// A number that is not known yet: expected, and about nine times in ten within [low, high].
struct Interval {
  std::int64_t low = 0, expected = 0, high = 0;

  bool contains(std::int64_t value) const { return low <= value && value <= high; }
  bool operator==(const Interval&) const = default;
};

/// Of one run of one export.
struct Prediction {
  Interval rows, bytes_written, duration_ms, statements, peak_rss_mb;
  std::string basis;  ///< what it rests on, for people

  bool operator==(const Prediction&) const = default;
};

/// `{"rows": {"low": .., "expected": .., "high": ..}, ...}`.
nlohmann::ordered_json to_json(const Prediction& prediction);
/// Back; problems are the reader's to report.
Prediction read_prediction(FieldReader fields);

}  // namespace rivet::model
