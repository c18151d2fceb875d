// SPDX-License-Identifier: Apache-2.0
// A table of what there is, and one clear refusal for what there is not.
#include "cli/registry.hpp"

#include <cstdlib>
#include <unistd.h>

#include <fmt/format.h>

#include "config/load.hpp"
#include "destination/local/destination.hpp"
#include "destination/stdout/destination.hpp"
#include "format/csv/format.hpp"
#include "format/parquet/format.hpp"
#include "source/postgres/source.hpp"
#include "source/sqlite/source.hpp"
#include "state/sqlite/sqlite_store.hpp"

namespace rivet::cli {
namespace {

constexpr const char* kStateFile = ".rivet_state.db";

tl::unexpected<Error> not_built(std::string what, std::string hint) {
  return fail(ErrorKind::config, std::move(what) + " is not available in this version", std::move(hint));
}

Result<void> refuse_state_url() {
  if (std::getenv("RIVET_STATE_URL") == nullptr) return {};
  return not_built("a state store at RIVET_STATE_URL", "unset RIVET_STATE_URL; the state then lies beside the config");
}

std::string absolute(const std::filesystem::path& path) {
  std::error_code failed;
  const auto canonical = std::filesystem::weakly_canonical(std::filesystem::absolute(path, failed), failed);
  auto text = (canonical.empty() ? path : canonical).string();
  if (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

}  // namespace

Result<std::unique_ptr<source::Source>> make_source(const config::Source& source, const base::Clock& clock) {
  switch (source.type) {
    case config::SourceType::postgres: return source::postgres::make_postgres_source(source);
    case config::SourceType::sqlite: return source::sqlite::make_sqlite_source(source, clock);
    default: break;
  }
  return not_built(fmt::format("source type '{}'", config::name_of(source.type)),
                   "use `type: postgres` or `type: sqlite`");
}

inspect::Place place_of(const config::Export& entry, base::Timestamp at) {
  const auto kind = std::string(config::name_of(entry.destination.type));
  if (entry.destination.type != config::DestinationType::local) return {.prefix = kind, .uri = kind + ":"};
  auto folder = absolute(config::expand_placeholders(entry.destination.path, entry, at));
  return {.prefix = folder, .uri = "file://" + folder};
}

Result<run::OpenedDestination> open_destination(const config::Export& entry, base::Timestamp at) {
  auto place = place_of(entry, at);
  auto destination = TRY(open_prefix(std::string(config::name_of(entry.destination.type)), place.prefix)
                             .context(fmt::format("export '{}'", entry.name)));
  return run::OpenedDestination{.destination = std::move(destination), .place = std::move(place)};
}

Result<std::unique_ptr<destination::Destination>> open_prefix(const std::string& kind, const std::string& prefix) {
  if (kind == config::name_of(config::DestinationType::local)) return destination::make_local_destination(prefix);
  if (kind == config::name_of(config::DestinationType::stdout_)) {
    return destination::make_stdout_destination(STDOUT_FILENO);
  }
  return not_built(fmt::format("destination type '{}'", kind), "use `type: local` or `type: stdout`");
}

Result<std::unique_ptr<format::Format>> make_format(const config::Export& entry) {
  if (entry.format == config::FileFormat::csv) return format::make_csv_format();
  return format::parquet::make_parquet_format(format::parquet::parquet_options(entry));
}

Result<std::unique_ptr<format::Format>> make_reading_format(std::string_view name) {
  if (name == config::name_of(config::FileFormat::csv)) return format::make_csv_format();
  if (name == config::name_of(config::FileFormat::parquet)) return format::parquet::make_parquet_format({});
  return fail(ErrorKind::data,
              fmt::format("the manifest names a file format '{}' that this version cannot read", name));
}

bool store_exists(const std::filesystem::path& config_folder) {
  std::error_code failed;
  return std::getenv("RIVET_STATE_URL") != nullptr || std::filesystem::exists(config_folder / kStateFile, failed);
}

Result<std::unique_ptr<state::StateStore>> open_store(const std::filesystem::path& config_folder) {
  TRY(refuse_state_url());
  return state::sqlite::open_sqlite_store(config_folder / kStateFile);
}

Result<std::unique_ptr<state::StateStore>> open_store_copy(const std::filesystem::path& config_folder) {
  TRY(refuse_state_url());
  return state::sqlite::open_sqlite_copy(config_folder / kStateFile);
}

}  // namespace rivet::cli
