// SPDX-License-Identifier: Apache-2.0
// The seal is a hash over every value of the document, whatever the order of its keys and the blanks between them. It
// guards against accidents and edits in good faith, not against somebody who computes it anew.
#include "plan/artifact.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/hash.hpp"
#include "base/text.hpp"
#include "model/json_fields.hpp"
#include "plan/resolved_plan.hpp"

namespace rivet::plan {
namespace {

using model::FieldReader;
using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::int64_t kArtifactVersion = 1;
constexpr std::string_view kPlanAgain = "make a new plan: rivet plan -c CONFIG -o FILE";

tl::unexpected<Error> refuse(std::string_view code, std::string message) {
  return fail(Error{.kind = ErrorKind::config,
                    .message = std::move(message),
                    .code = std::string(code),
                    .hint = std::string(kPlanAgain)});
}

/// Keys sorted, no blanks.
std::string integrity_of(json document) {
  document.erase("integrity");
  return base::xxh3_label(base::xxh3_64(model::dump_json(document)));
}

std::string sealed(ordered_json document) {
  // In the place where readers of plan files look for it.
  document["integrity"] = integrity_of(json(document));
  return model::dump_json(document, 2) + "\n";
}

/// What was cut, as numbers where the key has numbers.
ordered_json ranges_json(const model::Plan& plan) {
  auto out = ordered_json::array();
  const auto key = [](const std::string& text) {
    const auto number = base::to_integer(text);
    return number ? ordered_json(*number) : text.empty() ? ordered_json(nullptr) : ordered_json(text);
  };
  for (const auto& unit : plan.units) out.push_back({key(unit.start_key), key(unit.end_key)});
  return out;
}

ordered_json computed_json(const model::Plan& plan) {
  const auto since = plan.incremental ? plan.incremental->since : std::optional<model::Position>();
  const bool cut = plan.units.size() > 1 || plan.strategy == "range";
  return {{"chunk_ranges", cut && !plan.incremental ? ranges_json(plan) : ordered_json::array()},
          {"chunk_count", plan.units.size()},
          {"cursor_snapshot", since ? ordered_json(model::display_cursor(since->cursor)) : ordered_json(nullptr)},
          {"row_estimate", model::or_null(plan.row_estimate)}};
}

ordered_json diagnostics_json(const model::Preflight& preflight) {
  std::vector<std::string> warnings;
  for (const auto& remark : preflight.warnings) warnings.push_back(remark.message);
  return {{"verdict", base::upper(model::name_of(preflight.verdict))},
          {"warnings", warnings},
          {"recommended_profile", preflight.recommended_profile},
          {"strategy_rationale", preflight.rationale},
          {"preflight", model::to_json(preflight)}};
}

ordered_json plans_json(const std::vector<model::Plan>& plans) {
  auto out = ordered_json::array();
  for (const auto& plan : plans) out.push_back(ordered_json::parse(model::to_json_text(plan)));
  return out;
}

Result<Artifact> read_one(const json& document) {
  FieldReader fields(document, "plan");
  Artifact out{.rivet_version = fields.text("rivet_version"),
               .plan_id = fields.text("plan_id"),
               .created_at = fields.time("created_at"),
               .expires_at = fields.time("expires_at"),
               .export_name = fields.text("export_name"),
               .config_path = fields.text("config_path"),
               .definition = {.source = {}, .exports = {}, .file = fields.text("config_file")},
               .needs_file = fields.boolean("password_in_config"),
               .plans = {}};
  for (const auto& plan : fields.array("plans")) out.plans.push_back(TRY(model::plan_from_json_text(plan.dump())));
  auto definition = fields.object("definition");
  TRY(fields.finish());
  out.definition.source = model::dump_json(document["definition"].value("source", json()));
  out.definition.exports = {model::dump_json(document["definition"].value("export", json()))};
  if (definition.has("notifications"))
    out.definition.notifications = model::dump_json(document["definition"]["notifications"]);
  if (out.plans.empty()) return fail(ErrorKind::data, "there is no plan in it");
  return out;
}

/// A plan file of the existing tool, or of another version of this one.
Result<void> require_ours(const json& document, const std::string& shown) {
  if (document.contains("artifact_version") && document["artifact_version"] == kArtifactVersion) return {};
  const auto made_by = document.contains("rivet_version") && document["rivet_version"].is_string()
                           ? "rivet " + document["rivet_version"].get<std::string>()
                           : std::string("something else");
  return refuse("RIVET_PLAN_FOREIGN",
                fmt::format("{}: this plan was made by {}, which seals in another way", shown, made_by));
}

Result<void> require_unchanged(const json& document, const std::string& shown) {
  if (document.contains("integrity") && document["integrity"] == integrity_of(document)) return {};
  return refuse("RIVET_PLAN_EDITED",
                fmt::format("{}: the plan was changed after it was sealed; its integrity no longer holds", shown));
}

}  // namespace

std::string seal(const Artifact& artifact, const ArtifactNotes& notes) {
  const auto& plan = artifact.plans.front();
  const auto source = ordered_json::parse(artifact.definition.source);
  ordered_json document{{"rivet_version", artifact.rivet_version},
                        {"plan_id", artifact.plan_id},
                        {"created_at", base::to_rfc3339(artifact.created_at)},
                        {"expires_at", base::to_rfc3339(artifact.expires_at)},
                        {"export_name", artifact.export_name},
                        {"strategy", config::name_of(notes.entry.mode)},
                        {"plan_fingerprint", plan.fingerprint},
                        {"integrity", ""},
                        {"resolved_plan", resolved_plan(notes.entry, plan, source)},
                        {"computed", computed_json(plan)},
                        {"diagnostics", diagnostics_json(notes.preflight)}};
  if (notes.recommendation) {
    document["prioritization"] = {{"export_recommendation", to_json(*notes.recommendation)}};
  }
  document["config_path"] = artifact.config_path;
  if (plan.prediction) document["prediction"] = model::to_json(*plan.prediction);
  document["artifact_version"] = kArtifactVersion;
  document["config_file"] = artifact.definition.file.string();
  document["password_in_config"] = artifact.needs_file;
  document["definition"] = {{"source", source}, {"export", ordered_json::parse(artifact.definition.exports.front())}};
  if (!artifact.definition.notifications.empty()) {
    document["definition"]["notifications"] = ordered_json::parse(artifact.definition.notifications);
  }
  document["plans"] = plans_json(artifact.plans);
  return sealed(std::move(document));
}

std::string seal_bundle(const std::vector<std::string>& documents, const Campaign& campaign) {
  ordered_json bundle{{"artifact_version", kArtifactVersion}, {"integrity", ""}, {"campaign", to_json(campaign)}};
  bundle["exports"] = ordered_json::array();
  for (const auto& text : documents) bundle["exports"].push_back(ordered_json::parse(text));
  return sealed(std::move(bundle));
}

Result<std::vector<Artifact>> read_artifacts(std::string_view text, const std::string& shown) {
  const auto parsed = model::parse_json(text);
  if (!parsed || !parsed->is_object()) {
    return refuse("RIVET_PLAN_UNREADABLE", fmt::format("{}: this is no plan, or only a part of one", shown));
  }
  const auto& document = *parsed;
  TRY(require_ours(document, shown));
  TRY(require_unchanged(document, shown));
  std::vector<json> single{document};
  if (document.contains("exports") && document["exports"].is_array()) {
    single = document["exports"].get<std::vector<json>>();
  }
  std::vector<Artifact> out;
  for (const auto& one : single) {
    TRY(require_ours(one, shown));
    TRY(require_unchanged(one, shown));
    auto artifact = read_one(one);
    if (!artifact) {
      return refuse("RIVET_PLAN_UNREADABLE", fmt::format("{}: {}", shown, artifact.error().message));
    }
    out.push_back(std::move(*artifact));
  }
  return out;
}

Age age_of(const Artifact& artifact, base::Timestamp now) {
  if (now >= artifact.expires_at) return Age::expired;
  return now - artifact.created_at >= kPlanFreshness ? Age::aging : Age::fresh;
}

}  // namespace rivet::plan
