// SPDX-License-Identifier: Apache-2.0
// The journal as JSON: one list of fields per event serves writing and reading, and what it does not name survives.
#include <array>
#include <limits>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "model/journal.hpp"
#include "model/json_fields.hpp"

namespace rivet::model::journal {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, std::variant_size_v<Event>> kNames{
    "PlanResolved",        "PlanWarning",      "FileWritten",          "ChunkStarted",  "ChunkCompleted",
    "ChunkFailed",         "RetryAttempted",   "QualityIssue",         "SchemaChanged", "Warning",
    "ParallelismAdjusted", "ValidationResult", "ReconciliationResult", "RunCompleted",  ""};

bool take_value(const Json& json, std::string& out) {
  if (!json.is_string()) return false;
  out = json.get_ref<const std::string&>();
  return true;
}

bool take_value(const Json& json, bool& out) {
  if (!json.is_boolean()) return false;
  out = json.get<bool>();
  return true;
}

bool take_value(const Json& json, std::int64_t& out) {
  if (!json.is_number_integer()) return false;
  constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (json.is_number_unsigned() && json.get<std::uint64_t>() > kLargest) return false;
  out = json.get<std::int64_t>();
  return true;
}

bool take_value(const Json& json, int& out) {
  std::int64_t wide = 0;
  if (!take_value(json, wide) || !std::in_range<int>(wide)) return false;
  out = static_cast<int>(wide);
  return true;
}

bool take_value(const Json& json, TypeChange& out) {
  return json.is_array() && json.size() == 3 && take_value(json[0], out.column) && take_value(json[1], out.before) &&
         take_value(json[2], out.after);
}

template <class T>
bool take_value(const Json& json, std::vector<T>& out) {
  if (!json.is_array()) return false;
  for (const auto& element : json) {
    if (!take_value(element, out.emplace_back())) return false;
  }
  return true;
}

Json json_of(const TypeChange& change) { return Json::array({change.column, change.before, change.after}); }
template <class T>
Json json_of(const T& value) {
  return Json(value);
}
Json json_of(const std::vector<TypeChange>& changes) {
  auto list = Json::array();
  for (const auto& change : changes) list.push_back(json_of(change));
  return list;
}

/// Writes the fields of an event. Every call succeeds.
struct Writer {
  static constexpr bool kReads = false;
  Json body = Json::object();

  template <class T>
  bool required(const char* key, const T& value) {
    body[key] = json_of(value);
    return true;
  }
  template <class T>
  bool with_default(const char* key, const T& value) {
    return required(key, value);
  }
  /// Ours: left out while it says nothing, so that the events of other versions stay as they were.
  template <class T>
  bool addition(const char* key, const T& value) {
    return value == T{} || required(key, value);
  }
  bool empty_is_null(const char* key, const std::string& value) {
    body[key] = value.empty() ? Json() : Json(value);
    return true;
  }
  bool nullable(const char* key, const std::optional<std::string>& value) {
    body[key] = value ? Json(*value) : Json();
    return true;
  }
};

/// Takes the fields of an event out of `body`; what remains is unknown to this version.
struct Reader {
  static constexpr bool kReads = true;
  Json body;

  template <class T>
  bool required(const char* key, T& value) {
    const auto found = body.find(key);
    if (found == body.end() || !take_value(*found, value)) return false;
    body.erase(found);
    return true;
  }
  template <class T>
  bool with_default(const char* key, T& value) {
    return !body.contains(key) || required(key, value);
  }
  template <class T>
  bool addition(const char* key, T& value) {
    return with_default(key, value);
  }
  bool empty_is_null(const char* key, std::string& value) { return null_taken(key) || with_default(key, value); }
  bool nullable(const char* key, std::optional<std::string>& value) {
    return null_taken(key) || !body.contains(key) || required(key, value.emplace());
  }

 private:
  bool null_taken(const char* key) {
    const auto found = body.find(key);
    if (found == body.end() || !found->is_null()) return false;
    body.erase(found);
    return true;
  }
};

template <class A, class E>
using Ref = std::conditional_t<A::kReads, E&, const E&>;

template <class A>
bool fields(A& a, Ref<A, PlanResolved> e) {
  return a.required("export_name", e.export_name) && a.required("base_query", e.base_query) &&
         a.required("strategy", e.strategy) && a.required("format", e.format) &&
         a.required("compression", e.compression) && a.required("destination_type", e.destination_type) &&
         a.required("tuning_profile", e.tuning_profile) && a.required("batch_size", e.batch_size) &&
         a.required("validate", e.validate) && a.required("reconcile", e.reconcile) && a.required("resume", e.resume) &&
         a.empty_is_null("chunk_key", e.chunk_key) && a.with_default("resumable", e.resumable) &&
         a.nullable("row_hash", e.row_hash) && a.addition("units", e.units) &&
         a.addition("digest_version", e.digest_version) && a.addition("consistency", e.consistency);
}

template <class A>
bool fields(A& a, Ref<A, PlanWarning> e) {
  return a.required("rule", e.rule) && a.required("message", e.message);
}

template <class A>
bool fields(A& a, Ref<A, FileWritten> e) {
  return a.required("file_name", e.file_name) && a.required("rows", e.rows) && a.required("bytes", e.bytes) &&
         a.required("part_index", e.part_index);
}

template <class A>
bool fields(A& a, Ref<A, ChunkStarted> e) {
  return a.required("chunk_index", e.chunk_index) && a.required("start_key", e.start_key) &&
         a.required("end_key", e.end_key);
}

template <class A>
bool fields(A& a, Ref<A, ChunkCompleted> e) {
  return a.required("chunk_index", e.chunk_index) && a.required("rows", e.rows) && a.nullable("file_name", e.file_name);
}

template <class A>
bool fields(A& a, Ref<A, ChunkFailed> e) {
  return a.required("chunk_index", e.chunk_index) && a.required("error", e.error) && a.required("attempt", e.attempt);
}

template <class A>
bool fields(A& a, Ref<A, RetryAttempted> e) {
  return a.required("attempt", e.attempt) && a.required("reason", e.reason) && a.required("backoff_ms", e.backoff_ms);
}

template <class A>
bool fields(A& a, Ref<A, QualityIssue> e) {
  return a.required("severity", e.severity) && a.required("message", e.message);
}

template <class A>
bool fields(A& a, Ref<A, SchemaChanged> e) {
  return a.required("added", e.added) && a.required("removed", e.removed) && a.required("type_changed", e.type_changed);
}

template <class A>
bool fields(A& a, Ref<A, Warning> e) {
  return a.required("context", e.context) && a.required("message", e.message);
}

template <class A>
bool fields(A& a, Ref<A, ParallelismAdjusted> e) {
  return a.required("from", e.from) && a.required("to", e.to) && a.required("reason", e.reason);
}

template <class A>
bool fields(A& a, Ref<A, ValidationResult> e) {
  return a.required("passed", e.passed);
}

template <class A>
bool fields(A& a, Ref<A, ReconciliationResult> e) {
  return a.required("source_count", e.source_count) && a.required("exported_rows", e.exported_rows) &&
         a.required("matched", e.matched);
}

template <class A>
bool fields(A& a, Ref<A, RunCompleted> e) {
  return a.required("status", e.status) && a.nullable("error_message", e.error_message) &&
         a.required("duration_ms", e.duration_ms);
}

/// Adds the fields of an `extra` object that are not there yet.
void restore(Json& object, const std::string& extra) {
  if (extra.empty()) return;
  const auto parsed = parse_json(extra);
  if (!parsed.has_value() || !parsed->is_object()) return;
  for (const auto& [key, value] : parsed->items()) object.emplace(key, value);
}

std::string remainder(const Json& object) { return object.empty() ? std::string() : dump_json(object); }

Json event_json(const UnknownEvent& event, const std::string&) {
  auto parsed = parse_json(event.json);
  return parsed.has_value() ? std::move(parsed).take() : Json(event.json);
}

template <class E>
Json event_json(const E& event, const std::string& extra) {
  Writer writer;
  fields(writer, event);
  restore(writer.body, extra);
  const Event named = E{};
  return Json{{std::string(name_of(named)), std::move(writer.body)}};
}

/// Reads the I-th kind of event if the JSON is one; false when it is not.
template <std::size_t I>
bool read_as(const std::string& name, const Json& body, Entry& entry) {
  using E = std::variant_alternative_t<I, Event>;
  if (name != kNames[I]) return false;
  E event;
  Reader reader{body};
  if (!fields(reader, event)) return false;
  entry.event = std::move(event);
  entry.extra_json = remainder(reader.body);
  return true;
}

template <std::size_t... Is>
bool read_known(const Json& json, Entry& entry, std::index_sequence<Is...>) {
  if (!json.is_object() || json.size() != 1 || !json.begin()->is_object()) return false;
  return (read_as<Is>(json.begin().key(), *json.begin(), entry) || ...);
}

Result<Entry> read_entry(const Json& json) {
  if (!json.is_object()) return fail(ErrorKind::data, "a journal entry is not an object");
  FieldReader field(json, "entry");
  Entry entry{.recorded_at = field.time("recorded_at"), .event = UnknownEvent{}};
  if (!field.has("event")) field.refuse("entry.event is missing");
  TRY(field.finish());
  const auto& event = json["event"];
  constexpr auto kKnown = std::variant_size_v<Event> - 1;  // UnknownEvent is last
  if (!read_known(event, entry, std::make_index_sequence<kKnown>())) entry.event = UnknownEvent{dump_json(event)};
  auto rest = json;
  rest.erase("recorded_at");
  rest.erase("event");
  entry.entry_extra_json = remainder(rest);
  return entry;
}

Result<void> check_depth(const Json& json) {
  if (nests_too_deep(json)) return fail(ErrorKind::data, "the journal's JSON nests too deep");
  return {};
}

}  // namespace

std::string_view name_of(const Event& event) { return kNames[event.index()]; }

Json to_json(const Entry& entry) {
  auto event = std::visit([&](const auto& known) { return event_json(known, entry.extra_json); }, entry.event);
  Json json{{"recorded_at", base::to_rfc3339_z(entry.recorded_at)}, {"event", std::move(event)}};
  restore(json, entry.entry_extra_json);
  return json;
}

Result<Entry> entry_from_json(const Json& json) {
  TRY(check_depth(json));
  return read_entry(json);
}

Json to_json(const Journal& journal) {
  auto entries = Json::array();
  for (const auto& entry : journal.entries) entries.push_back(to_json(entry));
  Json json{{"run_id", journal.run_id}, {"export_name", journal.export_name}, {"entries", std::move(entries)}};
  restore(json, journal.extra_json);
  return json;
}

Result<Journal> journal_from_json(const Json& json) {
  TRY(check_depth(json));
  FieldReader field(json, "journal");
  Journal journal{.run_id = field.text("run_id"), .export_name = field.text("export_name"), .entries = {}};
  const auto& entries = field.array("entries");
  TRY(field.finish());
  journal.entries.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    journal.entries.push_back(TRY(read_entry(entries[i]).context(fmt::format("reading journal entry {}", i))));
  }
  auto rest = Json::object();
  for (const auto& [key, value] : json.items()) {
    if (key != "run_id" && key != "export_name" && key != "entries") rest[key] = value;
  }
  journal.extra_json = remainder(rest);
  return journal;
}

}  // namespace rivet::model::journal
