// SPDX-License-Identifier: Apache-2.0
// Workers take the next unit; what they share is read only, but for the list of results.
#include "verify/reconcile.hpp"

#include <algorithm>
#include <future>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "base/linked_stop.hpp"
#include "base/text.hpp"
#include "source/retry.hpp"
#include "source/unrepresentable.hpp"
#include "verify/compare_unit.hpp"
#include "verify/current_output.hpp"
#include "verify/row_shares.hpp"
#include "verify/rows_beyond.hpp"
#include "verify/unit_counts.hpp"

namespace rivet::verify {
namespace {

using model::Cause;
using model::UnitMatch;

Result<void> require_same_relation(const model::Plan& plan, const ReconcileRequest& request) {
  const auto& now = request.relation;
  const bool same = now.is_table() ? now.schema == plan.relation.schema && now.table == plan.relation.table
                                   : request.shown_query == plan.relation.query;
  if (same) return {};
  return fail(Error{.kind = ErrorKind::config,
                    .message = fmt::format("export '{}' reads something else in the configuration than in its last run",
                                           request.export_name),
                    .code = "RIVET_RECONCILE_OTHER_QUERY",
                    .hint = "reconcile with the configuration of that run, or run the export again"});
}

/// The key that rows are told apart by: one without NULLs, the primary one first.
std::vector<std::string> row_key(const model::Inventory& inventory, const model::Plan& plan) {
  for (const auto& key : inventory.keys) {
    if (!key.nullable) return key.columns;
  }
  if (plan.strategy == "range" || plan.strategy == "keyset") return plan.key;
  return {};
}

std::string identifier_of(const Subject& subject) {
  const auto& view = subject.first().view;
  if (subject.units.size() > 1) return fmt::format("chunk 0..{} [all]", subject.units.back().view.number);
  const auto& [start, end] = std::pair(view.unit.start_key, view.unit.end_key);
  if (start.empty() && end.empty()) return fmt::format("chunk {} [all]", view.number);
  return fmt::format("chunk {} [{}..{}]", view.number, start, end);
}

constexpr std::size_t kCountedAtOnce = 64;  // units in one transaction, which takes a second at most
constexpr std::uint64_t kRowsCountedAtOnce = 5'000'000;

/// What is known of a unit before it is its turn.
struct CountedAhead {
  std::optional<std::int64_t> source;
  std::optional<LandedCount> landed;
};

/// An export that is compared. Workers use it from several threads.
class Comparison {
 public:
  Comparison(const ReconcileAccess& access, const ReconcileRequest& request, CurrentOutput output)
      : access_(access), request_(request), output_(std::move(output)) {}

  Result<model::Reconciliation> run() {
    TRY(prepare());
    TRY(compare_all());
    std::vector<model::UnitReconciliation> units;
    for (auto& unit : found_) units.push_back(std::move(*unit));
    result_.units = std::move(units);
    limit_rows();
    result_.finished_at = access_.clock.now();
    verify_progression();
    return std::move(result_);
  }

 private:
  Result<void> prepare();
  Result<void> compare_all();
  void work(std::unique_ptr<source::Session> session);
  std::size_t take_next(std::size_t& first);
  void count_ahead(source::Session& session, std::size_t first, std::size_t last);
  std::size_t index_of(const Subject& subject) const {
    return static_cast<std::size_t>(&subject - output_.subjects.data());
  }
  Result<void> compare_patiently(std::unique_ptr<source::Session>& session, const Subject& subject,
                                 model::UnitReconciliation& found);
  Result<void> compare_once(std::unique_ptr<source::Session>& session, const Subject& subject,
                            model::UnitReconciliation& found);
  bool keep(std::size_t subject, Result<void> compared, model::UnitReconciliation found);
  Result<void> compare(source::Session& session, const Subject& subject, model::UnitReconciliation& found);
  Result<std::int64_t> count(source::Session& session, const Subject& subject, model::UnitReconciliation& found);
  Result<std::int64_t> compare_content(source::Session& session, const Subject& subject,
                                       model::UnitReconciliation& found);
  model::UnitReconciliation blank(const Subject& subject) const;
  source::ReadRequest request_for(const Subject& subject) const;
  std::optional<KeySpan> span_of(const Subject& subject, const std::vector<std::string>& key) const;
  std::optional<std::int64_t> settled_of(source::Session& session, const Subject& subject) const;
  Result<void> look_at_source(const model::Plan& plan);
  void limit_rows();
  void verify_progression();
  bool tells_age() const { return inventory_.row_versions && !foreign_; }

  const ReconcileAccess& access_;
  const ReconcileRequest& request_;
  const CurrentOutput output_;
  model::Reconciliation result_;
  model::Inventory inventory_;
  bool foreign_ = false;  // another database than the output was read from
  RowShares shares_;
  std::optional<KeySpan> key_span_;
  std::unique_ptr<destination::Destination> destination_;
  std::unique_ptr<source::Session> first_session_;

  base::LinkedStop stop_{access_.stop};      // of the caller, or because a worker has failed
  std::vector<CountedAhead> counted_ahead_;  // by subject; touched by the worker that has taken it only
  std::mutex mutex_;                         // guards the following
  std::size_t next_ = 0;
  std::vector<std::optional<model::UnitReconciliation>> found_;
  std::size_t done_ = 0;
  std::optional<Error> failure_;
};

Result<void> Comparison::prepare() {
  const auto& plan = *output_.plans.at(output_.run.run_id);
  result_ = {.export_name = request_.export_name,
             .run_id = output_.run.run_id,
             .strategy = plan.strategy,
             .mode = output_.run.mode,
             .prefix = output_.run.prefix,
             .generation = output_.generation,
             .depth = request_.depth,
             .started_at = access_.clock.now()};
  result_.listed_limit = request_.max_differences;
  TRY(require_same_relation(plan, request_));
  destination_ = TRY(access_.open_prefix(plan.destination_kind, output_.run.prefix));
  if (!destination_->capabilities().can_list) {
    return fail(ErrorKind::config,
                fmt::format("export '{}' went to stdout: there is nothing to compare with", request_.export_name));
  }
  first_session_ = TRY(access_.source.open(request_.session, stop_.token()));
  TRY(look_at_source(plan));
  inventory_ = TRY(first_session_->describe(request_.relation, request_.overrides));
  const auto key = row_key(inventory_, plan);
  if (request_.depth == model::ReconcileDepth::content && key.size() == 1) {
    const auto extent = TRY(first_session_->key_extent(request_.relation, {key}));
    if (extent.first && extent.last) {
      const auto first = base::to_integer(extent.first->front()), last = base::to_integer(extent.last->front());
      if (first && last) key_span_ = KeySpan{*first, *last};
    }
  }
  for (auto& line : TRY(tell_rows_beyond(*first_session_, plan, request_.relation, inventory_))) {
    result_.warnings.push_back(std::move(line));
  }
  shares_ = TRY(RowShares::load(access_.store, request_.export_name, output_));
  found_.resize(output_.subjects.size());
  counted_ahead_.resize(output_.subjects.size());
  return {};
}

/// A copy, or the same database after an upgrade, may well be compared with; but it numbers its transactions anew.
Result<void> Comparison::look_at_source(const model::Plan& plan) {
  const auto here = TRY(first_session_->source_id());
  foreign_ = !plan.source_id.empty() && !here.empty() && plan.source_id != here;
  if (!foreign_) return {};
  result_.warnings.push_back(fmt::format(
      "the output was read from database {}, and is compared with {}: when a row was made is not known, and "
      "nothing is recorded as verified",
      plan.source_id, here));
  return {};
}

model::UnitReconciliation Comparison::blank(const Subject& subject) const {
  const auto& view = subject.first().view;
  model::UnitReconciliation found{.export_name = request_.export_name,
                                  .unit = {.run_id = subject.first().run_id, .index = view.unit.index},
                                  .identifier = identifier_of(subject),
                                  .start_key = view.unit.start_key,
                                  .end_key = subject.units.back().view.unit.end_key};
  if (subject.plan->mode == "time_window") found.kind = "time_window";
  found.recorded = subject.recorded();
  found.recorded_rows = static_cast<std::int64_t>(found.recorded->rows);
  return found;
}

source::ReadRequest Comparison::request_for(const Subject& subject) const {
  return {.relation = request_.relation,
          .columns = subject.plan->source_columns,
          .predicate = {},
          .limits = request_.limits};
}

/// The unit's own ends where it has two integers, else those of the whole table.
std::optional<KeySpan> Comparison::span_of(const Subject& subject, const std::vector<std::string>& key) const {
  const auto& unit = subject.first().view.unit;
  const bool by_key = subject.plan->strategy == "range" && subject.plan->key == key && subject.units.size() == 1;
  const auto first = base::to_integer(unit.start_key), last = base::to_integer(unit.end_key);
  if (by_key && first && last) return KeySpan{*first, *last};
  return key_span_;
}

/// The oldest of the instants that its units were read at; only for rows of which the engine tells the age.
std::optional<std::int64_t> Comparison::settled_of(source::Session& session, const Subject& subject) const {
  if (!tells_age()) return std::nullopt;
  std::optional<std::int64_t> least;
  for (const auto& unit : subject.units) {
    const auto settled = session.settled_in(unit.view.snapshot);
    if (!settled) return std::nullopt;
    least = least ? std::min(*least, *settled) : *settled;
  }
  return least;
}

/// How many of the source's rows nobody remembers, as read_source() tells it.
Result<std::int64_t> Comparison::count(source::Session& session, const Subject& subject,
                                       model::UnitReconciliation& found) {
  const auto& [ahead, landed_ahead] = counted_ahead_[index_of(subject)];
  const auto counted = ahead
                           ? SourceCount{.rows = *ahead}
                           : TRY(count_source(session, request_for(subject), shares_.reads_of(subject), stop_.token()));
  const auto format = TRY(access_.make_format(subject.plan->format));
  auto landed = landed_ahead ? *landed_ahead : TRY(count_landed(*destination_, *format, subject));
  found.source_rows = counted.rows;
  found.landed_rows = landed.rows;
  found.damaged = std::move(landed.damaged);
  if (!found.damaged.empty() || found.landed_rows != found.recorded_rows) found.causes.insert(Cause::corruption);
  if (found.source_rows != found.recorded_rows) found.causes.insert(Cause::undetermined);
  found.match = found.causes.empty() ? UnitMatch::match : UnitMatch::mismatch;
  if (found.match == UnitMatch::mismatch) found.note = count_note(found);
  return counted.newcomers;
}

Result<std::int64_t> Comparison::compare_content(source::Session& session, const Subject& subject,
                                                 model::UnitReconciliation& found) {
  const auto format = TRY(access_.make_format(subject.plan->format));
  const auto key = row_key(inventory_, *subject.plan);
  const RowPlace place(subject.plan->source_columns, key, span_of(subject, key));
  return compare_unit(session,
                      {.request = request_for(subject),
                       .reads = shares_.reads_of(subject),
                       .recorded = *found.recorded,
                       .parts = subject.parts,
                       .landed_columns = subject.plan->columns,
                       .destination = *destination_,
                       .format = *format,
                       .place = place,
                       .settled = settled_of(session, subject)},
                      request_.max_differences, stop_.token(), found);
}

Result<void> Comparison::compare(source::Session& session, const Subject& subject, model::UnitReconciliation& found) {
  const auto newcomers = request_.depth == model::ReconcileDepth::count ? TRY(count(session, subject, found))
                                                                        : TRY(compare_content(session, subject, found));
  if (found.match == UnitMatch::match) return {};
  auto doubt = shares_.doubt(subject, newcomers);
  if (doubt.empty()) return {};
  found.match = UnitMatch::unknown;
  found.causes.clear();
  found.rows.clear();
  found.counts = {};
  found.note = std::move(doubt);
  return {};
}

/// Errors that concern one unit leave it unknown; those of the connection end the comparison.
bool ends_comparison(const Error& error) {
  return error.kind == ErrorKind::cancelled || error.kind == ErrorKind::auth || error.kind == ErrorKind::unavailable ||
         error.kind == ErrorKind::internal;
}

Result<void> Comparison::compare_once(std::unique_ptr<source::Session>& session, const Subject& subject,
                                      model::UnitReconciliation& found) {
  if (session == nullptr) session = TRY(access_.source.open(request_.session, stop_.token()));
  return compare(*session, subject, found);
}

/// As often as a run would try to read it, each time on a new connection.
Result<void> Comparison::compare_patiently(std::unique_ptr<source::Session>& session, const Subject& subject,
                                           model::UnitReconciliation& found) {
  for (int attempt = 1;; ++attempt) {
    found = blank(subject);
    auto compared = compare_once(session, subject, found);
    if (compared || !source::may_retry(compared.error())) return compared;
    session.reset();
    if (attempt >= request_.max_attempts) return compared;
    const auto pause = source::backoff(compared.error(), request_.retry_backoff, attempt);
    if (access_.note) {
      access_.note(fmt::format("{}: attempt {} failed: {}; trying again in {} ms", request_.export_name, attempt,
                               compared.error().message, pause.count()));
    }
    if (!source::sleep_for(pause, stop_.token())) return fail(ErrorKind::cancelled, "interrupted");
  }
}

/// Takes the verdict on a unit; false when the comparison has ended.
bool Comparison::keep(std::size_t subject, Result<void> compared, model::UnitReconciliation found) {
  const std::scoped_lock lock(mutex_);
  if (failure_) return false;
  if (!compared && (ends_comparison(compared.error()) || access_.stop.stop_requested())) {
    failure_ = std::move(compared).error();
    stop_.request_stop();
    return false;
  }
  if (!compared) {
    // A value that its column cannot hold was not there when the unit was exported.
    const bool changed = compared.error().code == source::kUnrepresentable;
    found.match = changed ? UnitMatch::mismatch : UnitMatch::unknown;
    if (changed) found.causes = {Cause::drift};
    found.note = compared.error().to_string();
  }
  found_[subject] = std::move(found);
  if (access_.progress) access_.progress(*found_[subject], ++done_, output_.subjects.size());
  return true;
}

/// The next units for one worker: `first` and the one behind the last; none left: both the same. Several of them are
/// counted as of one instant, which must not become long.
std::size_t Comparison::take_next(std::size_t& first) {
  const std::scoped_lock lock(mutex_);
  const auto& subjects = output_.subjects;
  first = next_;
  std::uint64_t rows = 0;
  const auto share = subjects.size() / static_cast<std::size_t>(std::max(request_.parallel, 1)) + 1;
  const auto most = request_.depth == model::ReconcileDepth::count ? std::min(share, kCountedAtOnce) : 1;
  while (next_ < subjects.size() && next_ - first < most && (next_ == first || rows < kRowsCountedAtOnce)) {
    rows += subjects[next_++].recorded().rows;
  }
  return next_;
}

/// The server counts while the files are looked at. What cannot be counted so is counted unit by unit later, when an
/// error is the unit's own.
void Comparison::count_ahead(source::Session& session, std::size_t first, std::size_t last) {
  const auto subjects = std::span(output_.subjects).subspan(first, last - first);
  auto counting =
      std::async(std::launch::async, [&] { return count_together(session, request_.relation, subjects, shares_); });
  for (std::size_t i = 0; i < subjects.size() && !stop_.token().stop_requested(); ++i) {
    const auto format = access_.make_format(subjects[i].plan->format);
    auto landed = format ? count_landed(*destination_, **format, subjects[i]) : fail(format.error());
    if (landed) counted_ahead_[first + i].landed = std::move(*landed);
  }
  const auto counts = counting.get();
  for (std::size_t i = 0; i < counts.size(); ++i) counted_ahead_[first + i].source = counts[i];
}

void Comparison::work(std::unique_ptr<source::Session> session) {
  std::size_t first = 0;
  for (auto last = take_next(first); first < last; last = take_next(first)) {
    if (session != nullptr && last - first > 1) count_ahead(*session, first, last);
    for (auto mine = first; mine < last; ++mine) {
      model::UnitReconciliation found;
      auto compared = compare_patiently(session, output_.subjects[mine], found);
      if (!keep(mine, std::move(compared), std::move(found))) return;
    }
  }
}

Result<void> Comparison::compare_all() {
  const auto workers = std::min<std::size_t>(static_cast<std::size_t>(std::max(request_.parallel, 1)), found_.size());
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < workers; ++i) {
    auto session = access_.source.open(request_.session, stop_.token());
    if (!session) break;  // fewer connections, the same answer
    threads.emplace_back([this, own = std::move(*session)]() mutable { work(std::move(own)); });
  }
  work(std::move(first_session_));
  threads.clear();
  if (failure_) return fail(std::move(*failure_));
  return {};
}

/// The limit is for all units together.
void Comparison::limit_rows() {
  auto left = static_cast<std::size_t>(std::max<std::int64_t>(request_.max_differences, 0));
  for (auto& unit : result_.units) {
    if (unit.rows.size() > left) unit.rows.resize(left);
    left -= unit.rows.size();
  }
  result_.evidence = tells_age();
}

/// Advice for people (PG7): a store that cannot take it does not fail the command.
void Comparison::verify_progression() {
  if (foreign_) return;
  if (result_.count(UnitMatch::match) != static_cast<std::int64_t>(result_.units.size())) return;
  const auto stored = access_.store.apply(state::ProgressionVerified{.export_name = request_.export_name,
                                                                     .prefix = result_.prefix,
                                                                     .generation = result_.generation,
                                                                     .at = result_.finished_at});
  result_.verified = stored.has_value();
  if (!stored) result_.warnings.push_back("the verified boundary was not stored: " + stored.error().to_string());
}

}  // namespace

Result<model::Reconciliation> reconcile(const ReconcileAccess& access, const ReconcileRequest& request) {
  return Comparison(access, request, TRY(load_current_output(access.store, request.export_name))).run();
}

}  // namespace rivet::verify
