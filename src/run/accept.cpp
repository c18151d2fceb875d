// SPDX-License-Identifier: Apache-2.0
// Gates between the look at the source and the first row.
#include "run/accept.hpp"

#include <utility>

#include <fmt/format.h>

#include "inspect/drift.hpp"

namespace rivet::run {

std::string schema_message(const model::journal::SchemaChanged& change) {
  return "the schema changed since the last run: " + model::journal::to_text(change);
}

Result<void> accept_schema(state::StateStore& store, const config::Export& entry, const model::Plan& plan,
                           std::optional<model::journal::SchemaChanged>& change) {
  const auto before = TRY(store.schema_baseline(plan.export_name));
  if (!before) return {};
  if (plan.incremental) TRY(inspect::check_cursor_types(*before, plan.columns, *plan.incremental, plan.export_name));
  change = inspect::compare_schemas(*before, plan.columns);
  if (!change || entry.on_schema_drift != config::OnSchemaDrift::fail) return {};
  return fail(ErrorKind::drift, schema_message(*change), "set on_schema_drift: warn to accept the new schema");
}

Result<void> require_writable_columns(const format::Format& format, const model::Columns& columns) {
  TRY(format.encoder(columns, [](const void*, std::int64_t) -> Result<void> { return {}; }));
  return {};
}

Result<void> require_same_format(state::StateStore& store, const model::Plan& plan) {
  if (!plan.incremental || !plan.incremental->since) return {};
  const auto live = TRY(store.live_parts(plan.export_name, plan.prefix));
  if (live.empty() || live.back().format == plan.format) return {};
  return fail(Error{.kind = ErrorKind::config,
                    .message = fmt::format("the parts at {} are {}, and this run would add {}", plan.destination_uri,
                                           live.back().format, plan.format),
                    .code = "RIVET_APPEND_FORMAT_CHANGED",
                    .hint = fmt::format("give the export a new path to go on there from the same position, or read "
                                        "everything anew: rivet state reset -e {}",
                                        plan.export_name)});
}

}  // namespace rivet::run
