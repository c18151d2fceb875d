// SPDX-License-Identifier: Apache-2.0
// The profile table and the merge.
#include "config/tuning.hpp"

namespace rivet::config {
namespace {

constexpr Range kMegabytes{1, 1'048'576};
constexpr Range kMegabytesOrOff{0, 1'048'576};
constexpr double kLeastRate = 0.001, kMostRate = 1'000'000;  // MB/s
constexpr Range kSeconds{0, 31'536'000};
constexpr Range kMilliseconds{0, 86'400'000};

constexpr Words<std::string_view, 3> kProfiles{{{"fast", "fast"}, {"balanced", "balanced"}, {"safe", "safe"}}};
constexpr Words<Tuning::OnBatchMemory, 3> kOnBatchMemory{{{"warn", Tuning::OnBatchMemory::warn},
                                                          {"fail", Tuning::OnBatchMemory::fail},
                                                          {"auto_shrink", Tuning::OnBatchMemory::auto_shrink}}};

Tuning profile(std::string_view name) {
  if (name == "fast") {
    return {.profile = "fast",
            .batch_size = 50'000,
            .batch_size_memory_mb = 64,
            .throttle_ms = 0,
            .statement_timeout_s = 0,
            .max_retries = 1,
            .retry_backoff_ms = 1'000,
            .lock_timeout_s = 0,
            .memory_threshold_mb = 0};
  }
  if (name == "safe") {
    return {.profile = "safe",
            .batch_size = 2'000,
            .batch_size_memory_mb = std::nullopt,
            .throttle_ms = 500,
            .statement_timeout_s = 120,
            .max_retries = 10,
            .retry_backoff_ms = 5'000,
            .lock_timeout_s = 10,
            .memory_threshold_mb = 2'048};
  }
  return {.profile = "balanced",
          .batch_size = 10'000,
          .batch_size_memory_mb = 32,
          .throttle_ms = 50,
          .statement_timeout_s = 300,
          .max_retries = 3,
          .retry_backoff_ms = 2'000,
          .lock_timeout_s = 30,
          .memory_threshold_mb = 4'096};
}

template <class Field>
void lay(std::optional<Field>& under, const std::optional<Field>& over) {
  if (over) under = over;
}

template <class Field, class Value>
void fill(Field& field, const std::optional<Value>& value) {
  if (value) field = static_cast<Field>(*value);
}

TuningBlock read_keys(Section& section) {
  TuningBlock block;
  if (const auto name = section.choice("profile", kProfiles)) block.profile = std::string(*name);
  block.batch_size = section.integer("batch_size", {1, 100'000'000});
  block.batch_size_memory_mb = section.integer("batch_size_memory_mb", kMegabytes);
  block.throttle_ms = section.integer("throttle_ms", kMilliseconds);
  block.max_mb_per_s = section.number("max_mb_per_s", kLeastRate, kMostRate);
  block.statement_timeout_s = section.integer("statement_timeout_s", kSeconds);
  block.max_retries = section.integer("max_retries", {0, 1'000});
  block.retry_backoff_ms = section.integer("retry_backoff_ms", kMilliseconds);
  block.lock_timeout_s = section.integer("lock_timeout_s", kSeconds);
  block.memory_threshold_mb = section.integer("memory_threshold_mb", kMegabytesOrOff);
  block.max_value_mb = section.integer("max_value_mb", kMegabytes);
  block.adaptive = section.boolean("adaptive");
  block.min_parallel = section.integer("min_parallel", {1, 1'024});
  block.max_batch_memory_mb = section.integer("max_batch_memory_mb", kMegabytes);
  block.on_batch_memory_exceeded = section.choice("on_batch_memory_exceeded", kOnBatchMemory);
  return block;
}

}  // namespace

TuningBlock read_tuning(Section& parent) {
  auto section = parent.block("tuning");
  if (!section) return {};
  auto block = read_keys(*section);
  if (block.has_conflict()) {
    section->refuse("batch_size_memory_mb", "'batch_size' and 'batch_size_memory_mb' exclude each other: keep one");
  }
  if (block.on_batch_memory_exceeded && !block.max_batch_memory_mb) {
    section->warn("on_batch_memory_exceeded",
                  "'on_batch_memory_exceeded' has no effect here without 'max_batch_memory_mb'");
  }
  section->finish();
  return block;
}

TuningBlock merge(const TuningBlock& of_source, const TuningBlock& of_export) {
  TuningBlock out = of_source;
  lay(out.profile, of_export.profile);
  lay(out.batch_size, of_export.batch_size);
  lay(out.batch_size_memory_mb, of_export.batch_size_memory_mb);
  lay(out.throttle_ms, of_export.throttle_ms);
  lay(out.max_mb_per_s, of_export.max_mb_per_s);
  lay(out.statement_timeout_s, of_export.statement_timeout_s);
  lay(out.max_retries, of_export.max_retries);
  lay(out.retry_backoff_ms, of_export.retry_backoff_ms);
  lay(out.lock_timeout_s, of_export.lock_timeout_s);
  lay(out.memory_threshold_mb, of_export.memory_threshold_mb);
  lay(out.max_value_mb, of_export.max_value_mb);
  lay(out.adaptive, of_export.adaptive);
  lay(out.min_parallel, of_export.min_parallel);
  lay(out.max_batch_memory_mb, of_export.max_batch_memory_mb);
  lay(out.on_batch_memory_exceeded, of_export.on_batch_memory_exceeded);
  return out;
}

Tuning resolve(const TuningBlock& block, Environment environment) {
  auto out = profile(block.profile.value_or(environment == Environment::local ? "fast" : "balanced"));
  if (block.batch_size) out.batch_size_memory_mb.reset();
  if (block.batch_size_memory_mb) out.batch_size_memory_mb = block.batch_size_memory_mb;
  if (block.max_batch_memory_mb) out.max_batch_memory_mb = block.max_batch_memory_mb;
  fill(out.batch_size, block.batch_size);
  fill(out.throttle_ms, block.throttle_ms);
  out.throttle_given = block.throttle_ms.has_value();
  out.max_mb_per_s = block.max_mb_per_s;
  fill(out.statement_timeout_s, block.statement_timeout_s);
  fill(out.max_retries, block.max_retries);
  fill(out.retry_backoff_ms, block.retry_backoff_ms);
  fill(out.lock_timeout_s, block.lock_timeout_s);
  fill(out.memory_threshold_mb, block.memory_threshold_mb);
  fill(out.max_value_mb, block.max_value_mb);
  fill(out.adaptive, block.adaptive);
  fill(out.min_parallel, block.min_parallel);
  fill(out.on_batch_memory_exceeded, block.on_batch_memory_exceeded);
  return out;
}

}  // namespace rivet::config
