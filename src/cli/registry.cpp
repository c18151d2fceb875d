// SPDX-License-Identifier: Apache-2.0
// A table of what there is, and one clear refusal for what there is not.
#include "cli/registry.hpp"

#include <unistd.h>

#include <fmt/format.h>

#include "config/load.hpp"
#include "destination/local/destination.hpp"
#include "destination/stdout/destination.hpp"
#include "format/csv/format.hpp"
#include "format/parquet/format.hpp"
#include "source/postgres/source.hpp"
#include "source/sqlite/source.hpp"
#include "state/postgres/postgres_store.hpp"
#include "state/postgres/hints.hpp"
#include "state/sql/cascade_store.hpp"
#include "state/sql/copy.hpp"
#include "state/sql/sql_store.hpp"
#include "state/sqlite/sqlite_store.hpp"

namespace rivet::cli {
namespace {

tl::unexpected<Error> not_built(std::string what, std::string hint) {
  return fail(ErrorKind::config, std::move(what) + " is not available in this version", std::move(hint));
}

state::postgres::Address address_of(const StateUrl& url) {
  return {.params = url.params, .schema = url.schema, .location = url.location};
}

Error no_state_at(const StatePlace& place) {
  return {.kind = ErrorKind::config, .message = fmt::format("there is no state store at {}", place.location())};
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
  if (has_state_url()) return true;
  std::error_code failed;
  const auto place = state_place(config_folder);
  return place && std::filesystem::exists(place->file, failed);
}

Result<std::unique_ptr<state::StateStore>> open_store_at(const StatePlace& place) {
  return place.url ? state::postgres::open_postgres_store(address_of(*place.url))
                   : state::sqlite::open_sqlite_store(place.file);
}

Result<std::unique_ptr<cascade::Store>> open_cascade(const StatePlace& place) {
  auto connection = place.url ? TRY(state::postgres::open_postgres_connection(address_of(*place.url)))
                              : TRY(state::sqlite::open_sqlite_connection(place.file));
  return state::sql::make_cascade(std::move(connection));
}

Result<std::unique_ptr<cascade::Hints>> open_hints(const StatePlace& place) {
  const auto url = TRY(hint_place(place));
  if (url) return state::postgres::listen_for_hints(address_of(*url));
  return std::unique_ptr<cascade::Hints>(std::make_unique<cascade::Unhinted>());
}

Result<std::unique_ptr<state::StateStore>> open_store(const std::filesystem::path& config_folder) {
  return open_store_at(TRY(state_place(config_folder)));
}

Result<std::unique_ptr<state::StateStore>> open_store_copy(const std::filesystem::path& config_folder) {
  const auto place = TRY(state_place(config_folder));
  if (!place.url) return state::sqlite::open_sqlite_copy(place.file);
  const auto original = TRY(state::postgres::open_postgres_to_read(address_of(*place.url)));
  auto memory = TRY(state::sqlite::open_sqlite_copy_connection({}));
  if (original) TRY(state::sql::copy_store(*original, *memory));
  return state::sql::make_store(std::move(memory), place.location());
}

Result<StateCondition> examine_state(const StatePlace& place, const base::Clock& clock) {
  if (!place.url) {
    const int version = TRY(state::sqlite::find_sqlite_version(place.file));
    const auto& there = version == 0 ? place.file.parent_path() : place.file;
    return StateCondition{.version = version, .may_write = ::access(there.c_str(), W_OK) == 0, .server = {}};
  }
  const auto found = TRY(state::postgres::examine_postgres(address_of(*place.url), clock));
  return StateCondition{
      .version = found.version,
      .may_write = found.may_write,
      .server = StateServer{found.server_version, found.through_pooler, found.clock_ahead},
  };
}

Result<int> migrate_state(const StatePlace& place) {
  if (place.url) return state::postgres::migrate_postgres(address_of(*place.url));
  const int before = TRY(state::sqlite::find_sqlite_version(place.file));
  TRY(state::sqlite::open_sqlite_connection(place.file));
  return before;
}

Result<std::int64_t> copy_state(const StatePlace& from, const StatePlace& to) {
  std::error_code failed;
  if (!from.url && !std::filesystem::exists(from.file, failed)) return fail(no_state_at(from));
  const auto source = from.url ? TRY(state::postgres::open_postgres_to_read(address_of(*from.url)))
                               : TRY(state::sqlite::open_sqlite_copy_connection(from.file));
  if (!source) return fail(no_state_at(from));
  const auto target = to.url ? TRY(state::postgres::open_postgres_connection(address_of(*to.url)))
                             : TRY(state::sqlite::open_sqlite_connection(to.file));
  return state::sql::copy_store(*source, *target);
}

}  // namespace rivet::cli
