// SPDX-License-Identifier: Apache-2.0
// A sealed plan as a file: what apply needs and nothing else decides. Contracts PA1 to PA10 of docs/semantics.md.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "config/config.hpp"
#include "config/definition.hpp"
#include "model/plan.hpp"
#include "model/preflight.hpp"
#include "plan/prioritize.hpp"

namespace rivet::plan {

/// How long a plan may be applied, and from when on that is remarked.
inline constexpr std::chrono::hours kPlanLifetime{24}, kPlanFreshness{1};

/// The sealed plan of one export.
struct Artifact {
  std::string rivet_version;
  std::string plan_id;  ///< 32 hex digits
  base::Timestamp created_at, expires_at;
  std::string export_name;
  std::string config_path;         ///< as it was typed
  config::Definition definition;   ///< the export and its source, whole in themselves
  bool needs_file = false;         ///< the source's password stood in the file
  std::vector<model::Plan> plans;  ///< one, or one for each partition
};

/// What is written beside it for those who review the plan. Nothing of it is read back.
struct ArtifactNotes {
  const config::Export& entry;
  const model::Preflight& preflight;  ///< of a typical partition
  std::optional<Recommendation> recommendation = {};
};

/// The document of one plan, sealed: a change of any value in it is found when it is read.
std::string seal(const Artifact& artifact, const ArtifactNotes& notes);

/// Several sealed documents as one, with the order they had better be run in; sealed again.
std::string seal_bundle(const std::vector<std::string>& documents, const Campaign& campaign);

/// The plans of a file: one, or those of a bundle. `shown` names the file in messages. Errors, kind config:
/// RIVET_PLAN_UNREADABLE for text that is no plan or was cut short, RIVET_PLAN_FOREIGN for one that this program did
/// not make, RIVET_PLAN_EDITED for one that was changed after it was sealed.
Result<std::vector<Artifact>> read_artifacts(std::string_view text, const std::string& shown);

/// How old a plan is when it is applied.
enum class Age { fresh, aging, expired };
Age age_of(const Artifact& artifact, base::Timestamp now);

}  // namespace rivet::plan
