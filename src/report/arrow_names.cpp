// SPDX-License-Identifier: Apache-2.0
// Follows batch::storage_type, without Arrow: the report layer does not know it.
#include "report/arrow_names.hpp"

#include <fmt/format.h>

namespace rivet::report {

std::string arrow_name(const model::LogicalType& type) {
  using Kind = model::LogicalKind;
  const auto* const unit = type.unit == model::TimeUnit::nano ? "Nanosecond" : "Microsecond";
  switch (type.kind) {
    case Kind::boolean: return "Boolean";
    case Kind::int16: return "Int16";
    case Kind::int32: return "Int32";
    case Kind::int64: return "Int64";
    case Kind::uint64: return "UInt64";
    case Kind::float32: return "Float32";
    case Kind::float64: return "Float64";
    case Kind::decimal:
      return fmt::format("Decimal{}({}, {})", type.precision <= 38 ? 128 : 256, type.precision, type.scale);
    case Kind::date: return "Date32";
    case Kind::time: return "Time64(Microsecond)";
    case Kind::timestamp: return fmt::format("Timestamp({}, None)", unit);
    case Kind::timestamp_tz: return fmt::format("Timestamp({}, Some(\"UTC\"))", unit);
    case Kind::binary: return "Binary";
    case Kind::uuid: return "FixedSizeBinary(16)";
    case Kind::list: return fmt::format("List({})", arrow_name(*type.element));
    default: return "Utf8";
  }
}

}  // namespace rivet::report
