// SPDX-License-Identifier: Apache-2.0
// Formats, codecs, added columns and gates.
#include "config/output.hpp"

#include "base/text.hpp"
#include "model/column.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rivet::config {
namespace {

constexpr Words<FileFormat, 2> kFormats{{{"parquet", FileFormat::parquet}, {"csv", FileFormat::csv}}};
constexpr Words<Compression, 5> kCodecs{{{"zstd", Compression::zstd},
                                         {"snappy", Compression::snappy},
                                         {"gzip", Compression::gzip},
                                         {"lz4", Compression::lz4},
                                         {"none", Compression::none}}};
struct CodecAndLevel {
  Compression codec;
  std::optional<int> level;
};
constexpr Words<CodecAndLevel, 4> kProfiles{{{"none", {Compression::none, std::nullopt}},
                                             {"fast", {Compression::snappy, std::nullopt}},
                                             {"balanced", {Compression::zstd, 3}},
                                             {"compact", {Compression::zstd, 9}}}};
constexpr Words<Verify, 2> kVerify{{{"size", Verify::size}, {"content", Verify::content}}};
constexpr Words<OnSchemaDrift, 3> kDrift{
    {{"warn", OnSchemaDrift::warn}, {"continue", OnSchemaDrift::continue_}, {"fail", OnSchemaDrift::fail}}};
constexpr Words<RowGroupStrategy, 3> kStrategies{{{"auto", RowGroupStrategy::auto_},
                                                  {"fixed_rows", RowGroupStrategy::fixed_rows},
                                                  {"fixed_memory", RowGroupStrategy::fixed_memory}}};
constexpr Range kMegabytes{1, 1'048'576};

void refuse_compression_of_csv(Section& section) {
  for (const auto* key : {"compression", "compression_level", "compression_profile"}) {
    const auto* value = section.find(key);
    if (value == nullptr || value->text == "none") continue;
    section.refuse(
        key, fmt::format("'{}' is for Parquet: CSV files are not compressed; remove it or use format: parquet", key));
  }
}

void check_level(Section& section, Compression codec, std::optional<std::int64_t> level) {
  if (!level) return;
  if (codec != Compression::zstd && codec != Compression::gzip) {
    section.refuse("compression_level",
                   fmt::format("'compression_level' does not apply to '{}', only to zstd and gzip", name_of(codec)));
    return;
  }
  const Range range = codec == Compression::zstd ? Range{1, 22} : Range{0, 9};
  if (*level >= range.min && *level <= range.max) return;
  section.refuse("compression_level", fmt::format("'compression_level' of {} must be between {} and {}, not {}",
                                                  name_of(codec), range.min, range.max, *level));
}

void apply_profile(Section& section, const CodecAndLevel& profile, Export& entry) {
  entry.compression = profile.codec;
  entry.compression_level = profile.level;
  for (const auto* key : {"compression", "compression_level"}) {
    if (section.has(key)) section.warn(key, fmt::format("'{}' has no effect: 'compression_profile' wins", key));
  }
}

void read_compression(Section& section, Export& entry) {
  const auto codec = section.choice("compression", kCodecs);
  const auto level = section.integer("compression_level", {0, 1'000});
  const auto profile = section.choice("compression_profile", kProfiles);
  entry.compression = codec.value_or(Compression::zstd);
  if (entry.format == FileFormat::csv) {
    refuse_compression_of_csv(section);
    entry.compression = Compression::none;
  } else if (profile) {
    apply_profile(section, *profile, entry);
  } else {
    check_level(section, entry.compression, level);
    if (level) entry.compression_level = static_cast<int>(*level);
  }
}

void read_parquet(Section& parent, Export& entry) {
  auto section = parent.block("parquet");
  if (!section) return;
  auto& parquet = entry.parquet.emplace();
  parquet.strategy = section->choice("row_group_strategy", kStrategies).value_or(RowGroupStrategy::auto_);
  parquet.row_group_rows = section->integer("row_group_rows", {1, 1'000'000'000});
  parquet.target_row_group_mb = section->integer("target_row_group_mb", kMegabytes).value_or(128);
  parquet.max_row_group_mb = section->integer("max_row_group_mb", kMegabytes);
  if (parquet.strategy == RowGroupStrategy::fixed_rows && !section->has("row_group_rows")) {
    section->refuse("row_group_strategy", "'row_group_strategy: fixed_rows' needs 'row_group_rows'");
  }
  section->finish();
  if (entry.format == FileFormat::csv) parent.refuse("parquet", "'parquet' does not go with 'format: csv'");
}

void read_max_file_size(Section& section, Export& entry) {
  const auto text = section.text("max_file_size");
  if (!text) return;
  const auto bytes = base::parse_size(*text);
  if (bytes && *bytes > 0) {
    entry.max_file_size = bytes;
  } else {
    section.refuse("max_file_size", fmt::format("'max_file_size' must be a size above zero such as 512MB, not '{}'",
                                                section.problems().shown(*text)));
  }
}

void read_meta_columns(Section& parent, Export& entry) {
  auto section = parent.block("meta_columns");
  if (!section) return;
  auto& meta = entry.meta_columns;
  meta.exported_at = section->boolean("exported_at").value_or(false);
  const auto hash = section->boolean_or_texts("row_hash");
  if (hash && std::holds_alternative<bool>(*hash)) {
    meta.row_hash = std::get<bool>(*hash);
  } else if (hash) {
    meta.row_hash = true;
    meta.row_hash_columns = std::get<std::vector<std::string>>(*hash);
  }
  section->finish();
}

void read_columns(Section& parent, Export& entry) {
  const auto columns = parent.named_texts("columns", "a type such as text or decimal(10,2)");
  if (!columns) return;
  auto& problems = parent.problems();
  for (const auto& [name, wanted, line] : *columns) {
    auto type = model::parse_override_type(wanted);
    if (type) {
      entry.columns.emplace(name, std::move(*type));
    } else {
      const auto& hint = type.error().hint;
      problems.add(line, fmt::format("'columns': '{}': '{}' is not a usable type; {}", problems.shown(name),
                                     problems.shown(wanted),
                                     hint.empty() ? "write decimal(p,s) with p of 1 to 76 and s of 0 to p" : hint));
    }
  }
}

void read_quality(Section& parent, Export& entry) {
  auto section = parent.block("quality");
  if (!section) return;
  auto& quality = entry.quality;
  quality.row_count_min = section->integer("row_count_min", {0});
  quality.row_count_max = section->integer("row_count_max", {0});
  quality.null_ratio_max = section->named_numbers("null_ratio_max", 0, 1).value_or(std::map<std::string, double>{});
  quality.unique_columns = section->texts("unique_columns").value_or(std::vector<std::string>{});
  quality.unique_max_entries = section->integer("unique_max_entries", {1});
  if (quality.row_count_min && quality.row_count_max && *quality.row_count_min > *quality.row_count_max) {
    section->refuse("row_count_min", "'row_count_min' is above 'row_count_max'");
  }
  if (section->has("unique_max_entries") && !section->has("unique_columns")) {
    section->warn("unique_max_entries", "'unique_max_entries' has no effect without 'unique_columns'");
  }
  section->finish();
}

}  // namespace

void read_output(Section& section, Export& entry) {
  const auto format = section.choice("format", kFormats);
  section.require("format", "'format': parquet or csv");
  entry.format = format.value_or(FileFormat::parquet);
  read_compression(section, entry);
  read_parquet(section, entry);
  read_max_file_size(section, entry);
  read_meta_columns(section, entry);
  read_columns(section, entry);
  read_quality(section, entry);
  entry.verify = section.choice("verify", kVerify).value_or(Verify::size);
  entry.on_schema_drift = section.choice("on_schema_drift", kDrift).value_or(OnSchemaDrift::warn);
}

}  // namespace rivet::config
