// SPDX-License-Identifier: Apache-2.0
// Spellings of the configuration's words.
#include "config/config.hpp"

#include <array>

namespace rivet::config {
namespace {

template <class Enum, std::size_t n>
std::string_view pick(const std::array<std::string_view, n>& names, Enum value) {
  return names[static_cast<std::size_t>(value)];
}

}  // namespace

std::string_view name_of(SourceType type) {
  static constexpr std::array<std::string_view, 5> names{"postgres", "mysql", "mssql", "sqlite", "mongo"};
  return pick(names, type);
}

std::string_view name_of(Mode mode) {
  static constexpr std::array<std::string_view, 5> names{"full", "incremental", "chunked", "time_window", "cdc"};
  return pick(names, mode);
}

std::string_view name_of(FileFormat format) {
  static constexpr std::array<std::string_view, 2> names{"parquet", "csv"};
  return pick(names, format);
}

std::string_view name_of(Compression compression) {
  static constexpr std::array<std::string_view, 5> names{"zstd", "snappy", "gzip", "lz4", "none"};
  return pick(names, compression);
}

std::string_view name_of(DestinationType type) {
  static constexpr std::array<std::string_view, 5> names{"local", "s3", "gcs", "azure", "stdout"};
  return pick(names, type);
}

std::string_view name_of(Occasion occasion) {
  static constexpr std::array<std::string_view, 4> names{"success", "failure", "schema_change", "degraded"};
  return pick(names, occasion);
}

}  // namespace rivet::config
