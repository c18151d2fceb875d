// SPDX-License-Identifier: Apache-2.0
// Rules first, then units, then the fingerprint over what decides the parts.
#include "plan/make_plan.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/hash.hpp"

namespace rivet::plan {
namespace {

Error not_yet(std::string_view what, std::string hint) {
  return {.kind = ErrorKind::config,
          .message = fmt::format("{} is not available in this version", what),
          .hint = std::move(hint)};
}

Result<void> check_mode(const config::Export& entry) {
  if (entry.mode != config::Mode::full) {
    return fail(not_yet(fmt::format("mode: {}", config::name_of(entry.mode)), "use mode: full"));
  }
  if (!entry.keys.partition_by.empty()) {
    return fail(not_yet("partition_by", "leave it out, or select one partition with a query"));
  }
  if (entry.keys.parallel > 1) return fail(not_yet("parallel above 1", "leave parallel out, or set it to 1"));
  return {};
}

Result<void> check_stdout(const config::Export& entry) {
  if (entry.destination.type != config::DestinationType::stdout_) return {};
  if (entry.max_file_size) {
    return fail(Error{.kind = ErrorKind::config,
                      .message = "max_file_size cannot split what goes to stdout",
                      .hint = "leave max_file_size out, or write to a local path"});
  }
  return {};
}

/// Keys of later versions whose absence changes speed, never the result.
void warn_about_unused_tuning(const config::Export& entry, model::Plan& plan) {
  const auto warn = [&](std::string_view key) {
    plan.warnings.push_back({"no_effect", fmt::format("tuning: {} has no effect in this version", key)});
  };
  if (entry.tuning.adaptive) warn("adaptive");
  if (entry.tuning.on_batch_memory_exceeded == config::Tuning::OnBatchMemory::auto_shrink) {
    warn("on_batch_memory_exceeded: auto_shrink");
  }
}

void warn_about_quality(const config::Export& entry, const model::Inventory& inventory, model::Plan& plan) {
  const auto known = [&](const std::string& name) {
    return std::any_of(inventory.columns.begin(), inventory.columns.end(),
                       [&](const auto& c) { return c.name == name; });
  };
  const auto missing = [&](const std::string& name) {
    plan.warnings.push_back({"quality_column", fmt::format("quality: {} is not a column of the source", name)});
  };
  for (const auto& [name, ratio] : entry.quality.null_ratio_max) {
    if (!known(name)) missing(name);
  }
  for (const auto& name : entry.quality.unique_columns) {
    if (!known(name)) missing(name);
  }
  if (!entry.quality.unique_columns.empty() && !entry.quality.unique_max_entries) {
    plan.warnings.push_back(
        {"unique_without_cap",
         "quality.unique_columns without unique_max_entries: memory grows with the distinct values"});
  }
}

std::string fingerprint_of(const model::Plan& plan, const config::Export& entry) {
  base::FieldHasher hasher;
  hasher.add(plan.relation.schema).add(plan.relation.table).add(plan.relation.query);
  hasher.add(plan.mode).add(plan.strategy).add(plan.prefix).add(plan.format).add(plan.compression);
  hasher.add(entry.compression_level ? std::to_string(*entry.compression_level) : "");
  hasher.add(plan.max_file_size ? std::to_string(*plan.max_file_size) : "");
  hasher.add(model::schema_fingerprint(plan.columns)).add(plan.catalogue_fingerprint);
  for (const auto& name : plan.row_hash_covered) hasher.add(name);
  return hasher.hex();
}

}  // namespace

Result<void> check_supported(const config::Export& entry) {
  TRY(check_mode(entry));
  return check_stdout(entry);
}

Result<model::Plan> make_plan(const config::Config& config, const config::Export& entry,
                              const model::Inventory& inventory, const PlanTarget& target) {
  model::Plan plan{
      .export_name = entry.name,
      .relation = entry.relation,
      .source_engine = std::string(config::name_of(config.source.type)),
      .mode = std::string(config::name_of(entry.mode)),
      .strategy = "full",
      .consistency = "snapshot",
      .destination_kind = std::string(config::name_of(entry.destination.type)),
      .destination_uri = target.uri,
      .prefix = target.prefix,
      .format = std::string(config::name_of(entry.format)),
      .compression = entry.format == config::FileFormat::csv ? "none" : std::string(config::name_of(entry.compression)),
      .source_columns = inventory.columns,
      .columns = target.columns,
      .row_hash_covered = target.row_hash_covered,
      .max_file_size = entry.max_file_size,
      .row_estimate = inventory.row_estimate,
      .catalogue_fingerprint = inventory.fingerprint};
  plan.units.push_back({.index = 0, .reason = "mode full: the whole relation in one statement and one snapshot"});
  for (const auto& warning : inventory.warnings) plan.warnings.push_back({"source", warning});
  warn_about_quality(entry, inventory, plan);
  warn_about_unused_tuning(entry, plan);
  plan.fingerprint = fingerprint_of(plan, entry);
  return plan;
}

}  // namespace rivet::plan
