// SPDX-License-Identifier: Apache-2.0
// Rows that are remembered are their unit's. All others are for the unit that reads what was new, or, where rows tell
// when they were made, for the one whose transactions made them.
#include "verify/row_shares.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "inspect/remembered.hpp"

namespace rivet::verify {
namespace {

using model::KeyRange;

/// Whether it may hold rows that another unit of its output has read, or has left to it.
bool shares_rows(const Subject& subject) {
  return subject.plan->incremental && inspect::leaves_out_known(*subject.plan->incremental);
}

bool is_again(const Subject& subject) {
  return model::looks_again(*subject.plan->incremental, subject.first().view.unit);
}

const KeyRange* range_of(const model::Unit& unit) {
  return unit.predicate.terms.empty() ? nullptr : std::get_if<KeyRange>(&unit.predicate.terms.front());
}

/// Whether both end at the same key, or both are of rows without one.
bool ends_alike(const model::Unit& a, const model::Unit& b) {
  if (model::is_of_null_keys(a) || model::is_of_null_keys(b)) return is_of_null_keys(a) && is_of_null_keys(b);
  const auto *range = range_of(a), *other = range_of(b);
  return range != nullptr && other != nullptr && range->upper == other->upper;
}

bool is_empty(const model::Unit& unit) {
  const auto* range = range_of(unit);
  return range != nullptr && range->lower && range->upper && range->lower->values == range->upper->values;
}

/// The predicate, up to the transactions that the run which planned it was sure of.
model::Predicate as_planned(model::Predicate predicate, std::int64_t horizon) {
  for (auto& term : predicate.terms) {
    if (auto* versions = std::get_if<model::VersionRange>(&term)) versions->below = horizon;
  }
  return predicate;
}

bool is_first(const model::Plan& plan) {
  return plan.incremental && !plan.incremental->since && !model::is_repair(plan);
}

}  // namespace

Result<RowShares> RowShares::load(state::StateStore& store, const std::string& export_name,
                                  const CurrentOutput& output) {
  RowShares shares;
  if (!std::any_of(output.subjects.begin(), output.subjects.end(), shares_rows)) return shares;
  shares.output_ = &output;
  TRY(shares.add_members(store, export_name));
  TRY(shares.add_shapes(store, export_name));
  return shares;
}

void RowShares::add_member(const state::LiveUnit& unit, const model::Plan& plan, bool elsewhere) {
  if (!plan.incremental) return;
  members_.push_back({.unit = {.run_id = unit.run_id, .index = unit.view.unit.index},
                      .number = unit.view.number,
                      .rows = unit.view.rows,
                      .again = model::looks_again(*plan.incremental, unit.view.unit),
                      .remembers = model::remembers_rows(*plan.incremental, unit.view.unit),
                      .elsewhere = elsewhere});
}

/// Units of this output and, where it does not begin with a first run, of those elsewhere that came before it.
Result<void> RowShares::add_members(state::StateStore& store, const std::string& export_name) {
  bool begins_here = false;
  for (const auto& subject : output_->subjects) {
    begins_here |= is_first(*subject.plan);
    for (const auto& unit : subject.units) add_member(unit, *subject.plan, false);
  }
  return begins_here ? Result<void>() : add_elder_members(store, export_name);
}

Result<void> RowShares::add_elder_members(state::StateStore& store, const std::string& export_name) {
  std::map<std::string, model::Plan> plans;  // by run, since the first one
  std::set<std::string> prefixes;
  for (const auto& run : TRY(store.runs({.export_name = export_name, .limit = 0}))) {
    if (run.stage != state::RunStage::published) continue;
    auto plan = TRY(model::plan_from_json_text(run.plan_json).context("reading the plan of run " + run.run_id));
    const bool first = is_first(plan);
    plans.emplace(run.run_id, std::move(plan));
    prefixes.insert(run.prefix);
    if (first) break;
  }
  prefixes.erase(output_->run.prefix);
  for (const auto& prefix : prefixes) {
    for (const auto& unit : TRY(store.live_units(export_name, prefix))) {
      const auto plan = plans.find(unit.run_id);
      if (plan != plans.end()) add_member(unit, plan->second, true);
    }
  }
  return {};
}

Result<void> RowShares::add_shapes(state::StateStore& store, const std::string& export_name) {
  for (const auto& [run_id, plan] : output_->plans) {
    if (!plan->incremental || !inspect::leaves_out_known(*plan->incremental)) continue;
    auto identity = TRY(batch::RowIdentity::make(plan->source_columns, plan->incremental->identity));
    const auto known = std::find_if(shapes_.begin(), shapes_.end(),
                                    [&](const auto& shape) { return shape.second.identity.agrees_with(identity); });
    auto owners =
        known != shapes_.end()
            ? known->second.owners
            : std::make_shared<const inspect::RowOwners>(TRY(inspect::RowOwners::load(store, export_name, identity)));
    shapes_.emplace(plan.get(), Shape{.identity = std::move(identity), .owners = std::move(owners)});
  }
  return {};
}

/// The units that may have read the same stretch. What a run read when it was new was read again by later runs; what it
/// looked at again, by any. The units of a repair come last, whatever they repair.
std::vector<const RowShares::Member*> RowShares::rivals_of(const Subject& subject) const {
  const model::UnitRef self{.run_id = subject.first().run_id, .index = subject.first().view.unit.index};
  std::vector<const Member*> rivals;
  bool behind = is_again(subject) || model::is_repair(*subject.plan);
  for (const auto& member : members_) {
    if (member.unit == self) {
      behind = true;
    } else if (is_again(subject) || (behind && member.again && !member.elsewhere)) {
      rivals.push_back(&member);
    }
  }
  return rivals;
}

/// Whether rows of its stretch may belong to others. Versions keep the units of a run apart from those of the others,
/// until a repair reads them as they are now.
bool RowShares::is_shared(const Subject& subject) const {
  if (!shares_rows(subject)) return false;
  if (is_again(subject)) return true;
  if (subject.plan->incremental->versions && !model::is_repair(*subject.plan)) return false;
  const auto rivals = rivals_of(subject);
  return std::any_of(rivals.begin(), rivals.end(), [](const Member* rival) { return rival->rows > 0; });
}

/// Whether another unit that reads the same stretch takes the rows that nobody remembers: the one that read it when it
/// was new, else the first one that looked again.
bool RowShares::is_covered(const Subject& subject) const {
  const auto& unit = subject.first().view.unit;
  bool behind = false;
  for (const auto& other : output_->subjects) {
    if (&other == &subject) {
      behind = true;
    } else if (shares_rows(other) && ends_alike(unit, other.first().view.unit)) {
      if (is_again(other) ? !behind : !is_empty(other.first().view.unit)) return true;
    }
  }
  return false;
}

std::vector<SourceRead> RowShares::reads_of(const Subject& subject) const {
  auto predicate = subject.predicate();
  if (!is_shared(subject)) return {{.predicate = std::move(predicate)}};
  const auto& incremental = *subject.plan->incremental;
  const auto& [identity, owners] = shapes_.at(subject.plan);
  const auto& view = subject.first().view;
  batch::RowMemory::Options filter{.identity = identity,
                                   .known = &owners->rows(),
                                   .owner = owners->of({subject.first().run_id, view.unit.index}),
                                   .unique = incremental.by_key};
  const bool again = is_again(subject);
  if (again && incremental.versions && model::is_repair(*subject.plan)) {
    // It was given its own rows as they were at the repair. What came between the last run and that is for the next.
    auto newcomers = filter;
    newcomers.owner.reset();
    filter.takes_new = false;
    const auto horizon = incremental.until.horizon.value_or(0);
    return {{.predicate = predicate, .filter = filter},
            {.predicate = as_planned(std::move(predicate), horizon), .filter = newcomers}};
  }
  filter.takes_new = !again || incremental.versions || !is_covered(subject);
  return {{.predicate = std::move(predicate), .filter = filter}};
}

std::string RowShares::gap_of(const Member& member, const inspect::RowOwners& owners) const {
  if (owners.rows_of(member.unit) == member.rows) return {};
  return fmt::format("the rows of chunk {} of run {} are {}", member.number, member.unit.run_id,
                     owners.is_stranger(member.unit.run_id) ? "told apart by other columns, or other types of them"
                                                            : "not remembered any more");
}

std::string RowShares::gap_among_others(const Subject& subject) const {
  const auto& owners = *shapes_.at(subject.plan).owners;
  for (const auto* rival : rivals_of(subject)) {
    auto gap = rival->remembers ? gap_of(*rival, owners) : std::string();
    if (!gap.empty()) return gap;
  }
  return {};
}

std::string RowShares::doubt(const Subject& subject, std::int64_t newcomers) const {
  if (!is_shared(subject)) return {};
  std::string gap;
  const auto reads = reads_of(subject);
  if (!reads.front().filter->takes_new) gap = own_gap(subject);
  if (gap.empty() && newcomers > 0) gap = gap_among_others(subject);
  if (gap.empty()) return {};
  return "other runs have read the same stretch, and " + gap;
}

std::string RowShares::obstacle(const Subject& subject) const {
  if (!shares_rows(subject)) return {};
  const auto newest = shapes_.find(output_->plans.at(output_->run.run_id).get());
  if (newest == shapes_.end() || !newest->second.identity.agrees_with(shapes_.at(subject.plan).identity)) {
    return "the newest run tells rows apart by other columns, or other types of them";
  }
  return is_again(subject) ? own_gap(subject) : gap_among_others(subject);
}

std::string RowShares::own_gap(const Subject& subject) const {
  const auto& view = subject.first().view;
  return gap_of(
      {.unit = {.run_id = subject.first().run_id, .index = view.unit.index}, .number = view.number, .rows = view.rows},
      *shapes_.at(subject.plan).owners);
}

}  // namespace rivet::verify
