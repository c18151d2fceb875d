// SPDX-License-Identifier: Apache-2.0
// Verdicts over the storage classes and values of a column.
#include "source/sqlite/probe.hpp"

#include <fmt/format.h>

#include <utility>

namespace rivet::source::sqlite {
namespace {

using Kind = model::LogicalKind;
using model::Fidelity;

constexpr std::int64_t kExactInDouble = std::int64_t{1} << 53;

void carry_as_text(model::Column& column, std::string warning) {
  column.type = {.kind = Kind::text};
  column.fidelity = Fidelity::logical_string;
  column.warning = std::move(warning);
}

}  // namespace

ColumnProbe::ColumnProbe(Declared declared, bool utf16)
    : declared_(std::move(declared)),
      rules_{.type = declared_.type, .utf16 = utf16},
      fits_(cell_functions(declared_.type).fits) {}

void ColumnProbe::see(sqlite3_stmt* row, int index) {
  if (settled_ || sqlite3_column_type(row, index) == SQLITE_NULL) return;
  if (declared_.rule == Declared::Rule::by_storage) {
    see_storage(row, index);
  } else if (fits_(rules_, row, index) != Fault::none) {
    see_misfit(row, index);
  }
}

void ColumnProbe::see_storage(sqlite3_stmt* row, int index) {
  switch (sqlite3_column_type(row, index)) {
    case SQLITE_INTEGER: {
      const auto number = sqlite3_column_int64(row, index);
      integers_ = true;
      wide_integers_ = wide_integers_ || number > kExactInDouble || number < -kExactInDouble;
      break;
    }
    case SQLITE_FLOAT: reals_ = true; break;
    case SQLITE_TEXT: texts_ = true; break;
    default: blobs_ = true; break;
  }
  settled_ = (texts_ || (reals_ && wide_integers_)) && (integers_ || reals_ || blobs_);
  settled_ = settled_ || (blobs_ && (integers_ || reals_));
}

void ColumnProbe::see_misfit(sqlite3_stmt* row, int index) {
  misfit_ = fmt::format("{} {}", storage_class(row, index), display_value(row, index));
  blobs_ = sqlite3_column_type(row, index) == SQLITE_BLOB;
  settled_ = true;
}

void ColumnProbe::conclude(model::Column& column) const {
  if (declared_.rule == Declared::Rule::by_storage) {
    conclude_by_storage(column);
  } else if (misfit_.empty()) {
    column.type = declared_.type;
    column.fidelity = column.type.kind == Kind::json ? Fidelity::logical_string : Fidelity::exact;
  } else {
    carry_as_text(
        column, fmt::format("declared {} but holds {}, which is no {}: carried as exact text{}", column.native_type,
                            misfit_, model::to_string(declared_.type), blobs_ ? ", and blobs will stop the read" : ""));
  }
}

void ColumnProbe::conclude_by_storage(model::Column& column) const {
  column.fidelity = Fidelity::exact;
  const int seen = (integers_ ? 1 : 0) + (reals_ ? 1 : 0) + (texts_ ? 1 : 0) + (blobs_ ? 1 : 0);
  if (seen == 0) {
    return carry_as_text(column, "the declaration settles no type and there is no value to tell one: carried as text");
  }
  if (integers_ && reals_ && seen == 2 && !wide_integers_) {
    column.type = {.kind = Kind::float64};
    column.fidelity = Fidelity::compatible;
    column.warning = "holds integers and reals: carried as float64";
    return;
  }
  if (seen > 1) {
    return carry_as_text(column, fmt::format("holds {}: carried as exact text{}", classes(),
                                             blobs_ ? ", and blobs will stop the read" : ""));
  }
  column.type = {.kind = integers_ ? Kind::int64 : reals_ ? Kind::float64 : texts_ ? Kind::text : Kind::binary};
}

std::string ColumnProbe::classes() const {
  std::string out;
  const auto add = [&](bool seen, std::string_view name) {
    if (seen) out += (out.empty() ? "" : " and ") + std::string(name);
  };
  add(integers_, wide_integers_ && reals_ ? "integers that a float64 cannot hold" : "integers");
  add(reals_, "reals");
  add(texts_, "texts");
  add(blobs_, "blobs");
  return out;
}

}  // namespace rivet::source::sqlite
