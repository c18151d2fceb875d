// SPDX-License-Identifier: Apache-2.0
// A prediction as JSON.
#include "model/prediction.hpp"

namespace rivet::model {
namespace {

nlohmann::ordered_json interval_to_json(const Interval& interval) {
  return {{"low", interval.low}, {"expected", interval.expected}, {"high", interval.high}};
}

Interval read_interval(FieldReader fields) {
  return {.low = fields.count("low"), .expected = fields.count("expected"), .high = fields.count("high")};
}

}  // namespace

nlohmann::ordered_json to_json(const Prediction& prediction) {
  return {{"rows", interval_to_json(prediction.rows)},
          {"bytes_written", interval_to_json(prediction.bytes_written)},
          {"duration_ms", interval_to_json(prediction.duration_ms)},
          {"statements", interval_to_json(prediction.statements)},
          {"peak_rss_mb", interval_to_json(prediction.peak_rss_mb)},
          {"basis", prediction.basis}};
}

Prediction read_prediction(FieldReader fields) {
  return {.rows = read_interval(fields.object("rows")),
          .bytes_written = read_interval(fields.object("bytes_written")),
          .duration_ms = read_interval(fields.object("duration_ms")),
          .statements = read_interval(fields.object("statements")),
          .peak_rss_mb = read_interval(fields.object("peak_rss_mb")),
          .basis = fields.text("basis")};
}

}  // namespace rivet::model
