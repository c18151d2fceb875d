// SPDX-License-Identifier: Apache-2.0
// Every question is one pinned read-only transaction, or a savepoint in the one that holds a shared snapshot.
#include "source/postgres/session.hpp"

#include <utility>

#include <fmt/format.h>

#include "source/postgres/catalogue.hpp"
#include "source/postgres/copy_stream.hpp"
#include "source/postgres/describe.hpp"
#include "source/postgres/explain.hpp"
#include "source/postgres/horizon.hpp"
#include "source/postgres/key_fields.hpp"
#include "source/postgres/key_probe.hpp"
#include "source/postgres/pressure.hpp"
#include "source/postgres/server_facts.hpp"
#include "source/postgres/split_points.hpp"
#include "source/postgres/transaction.hpp"

namespace rivet::source::postgres {
namespace {

class PostgresSession final : public Session {
 public:
  PostgresSession(std::unique_ptr<Connection> connection, const SessionOptions& options)
      : transaction_(std::move(connection), options) {}

  Result<model::Inventory> describe(const model::Relation& relation, const model::TypeOverrides& overrides) override {
    auto description = TRY(ask("looking at", relation, &Transaction::end, [&](Connection& connection) {
      return postgres::describe(connection, relation, overrides, transaction_.limit());
    }));
    return std::move(description.inventory);
  }

  Result<std::unique_ptr<BatchStream>> read(const ReadRequest& request) override {
    auto stream = start_read(request);
    if (!stream) transaction_.abandon();
    return stream;
  }

  Result<model::ScanPlan> explain(const ReadRequest& request) override {
    return ask("explaining the read of", request.relation, &Transaction::end_and_reset,
               [&](Connection& connection) -> Result<model::ScanPlan> {
                 const auto plan = TRY(plan_read(connection, request));
                 return explain_select(connection, TRY(select_statement(connection.quoting(), plan)),
                                       transaction_.limit());
               });
  }

  Result<std::vector<std::int64_t>> count(const CountRequest& request) override {
    return ask("counting rows of", request.relation, &Transaction::end_and_reset,
               [&](Connection& connection) { return count_each(connection, request); });
  }

  Result<std::string> source_id() override {
    auto id = ask("asking which system this is", &Transaction::end,
                  [&](Connection& connection) { return read_source_id(connection, transaction_.limit()); });
    if (!id && id.error().kind == ErrorKind::auth) return std::string();
    return id;
  }

  Result<std::vector<model::CatalogueEntry>> catalogue(const std::string& schema) override {
    return ask("listing what there is", &Transaction::end,
               [&](Connection& connection) { return list_relations(connection, schema, transaction_.limit()); });
  }

  RelationFault fault_of(const Error& error) const override { return relation_fault(error); }

  Result<model::KeyExtent> key_extent(const model::Relation& relation, const model::KeyColumns& key) override {
    return ask("looking for the ends of the key of", relation, &Transaction::end,
               [&](Connection& connection) -> Result<model::KeyExtent> {
                 const auto [rows, columns] = TRY(bounded_key(connection, relation, key));
                 return probe_extent(connection, rows, columns, transaction_.limit());
               });
  }

  Result<std::vector<model::KeyValues>> split_points(const model::Relation& relation, const model::KeyColumns& key,
                                                     int parts) override {
    return ask("looking for split points of", relation, &Transaction::end_and_reset,
               [&](Connection& connection) -> Result<std::vector<model::KeyValues>> {
                 const auto [rows, columns] = TRY(bounded_key(connection, relation, key));
                 return find_split_points(
                     connection, {.relation = relation, .rows = rows, .key = key, .columns = columns, .parts = parts},
                     transaction_.limit());
               });
  }

  Result<std::int64_t> page_count(const model::Relation& relation) override {
    return ask("counting the pages of", relation, &Transaction::end,
               [&](Connection& connection) { return probe_pages(connection, relation, transaction_.limit()); });
  }

  Result<std::optional<std::int64_t>> row_estimate(const model::Relation& relation) override {
    return ask("estimating the rows of", relation, &Transaction::end,
               [&](Connection& connection) -> Result<std::optional<std::int64_t>> {
                 const auto rows = TRY(bounded_rows(connection, relation));
                 return estimate_rows(connection, "SELECT " + from_rows(rows, {}), transaction_.limit());
               });
  }

  Result<std::int64_t> row_count(const model::Relation& relation) override {
    return ask("counting the rows of", relation, &Transaction::end,
               [&](Connection& connection) -> Result<std::int64_t> {
                 const auto rows = TRY(bounded_rows(connection, relation));
                 return probe_rows(connection, rows, transaction_.limit());
               });
  }

  Result<model::Horizon> horizon() override {
    return ask("asking which transactions have ended", &Transaction::end,
               [&](Connection& connection) { return read_horizon(connection, transaction_.limit()); });
  }

  std::optional<std::int64_t> settled_in(const std::string& snapshot) const override { return first_running(snapshot); }

  Result<ServerFacts> facts() override {
    return ask("asking what the server says of itself", &Transaction::end,
               [&](Connection& connection) { return read_server_facts(connection, transaction_.limit()); });
  }

  Result<std::optional<std::int64_t>> connections_left() override {
    return ask("asking how many connections are left", &Transaction::end,
               [&](Connection& connection) { return read_connections_left(connection, transaction_.limit()); });
  }

  Result<std::optional<Pressure>> pressure() override {
    return ask("sampling the server's load", &Transaction::end,
               [&](Connection& connection) -> Result<std::optional<Pressure>> {
                 return std::optional(TRY(sample_pressure(connection, transaction_.limit())));
               });
  }

  Result<std::string> share_snapshot() override {
    auto name = transaction_.share();
    if (!name) transaction_.abandon();
    return std::move(name).context("sharing a snapshot");
  }

 private:
  using End = Result<void> (Transaction::*)();

  struct BoundedKey {
    RowSource rows;
    std::vector<Field> columns;
  };

  /// The answer to `question` inside a transaction of its own; an error rolls back.
  template <class Question>
  std::invoke_result_t<Question, Connection&> ask(const std::string& doing, End end, Question question) {
    TRY(transaction_.begin());
    auto answer = question(transaction_.connection());
    if (!answer) {
      transaction_.abandon();
      return std::move(answer).context(doing);
    }
    TRY((transaction_.*end)());
    return answer;
  }

  template <class Question>
  std::invoke_result_t<Question, Connection&> ask(std::string_view doing, const model::Relation& relation, End end,
                                                  Question question) {
    return ask(fmt::format("{} {}", doing, model::display_name(relation)), end, std::move(question));
  }

  Result<CopyPlan> plan_read(Connection& connection, const ReadRequest& request) {
    return CopyPlan{.request = request,
                    .description = TRY(describe_for_read(connection, request, transaction_.limit())),
                    .instant = TRY(transaction_.instant())};
  }

  /// Describing the relation takes about as long as counting a chunk of it.
  Result<std::vector<std::int64_t>> count_each(Connection& connection, const CountRequest& request) {
    CopyPlan plan;
    plan.request = {.relation = request.relation, .columns = request.columns, .predicate = {}, .limits = {}};
    plan.instant = TRY(transaction_.instant());
    plan.description = TRY(describe_for_read(connection, plan.request, transaction_.limit()));
    std::vector<std::int64_t> counts;
    for (const auto& predicate : request.predicates) {
      plan.request.predicate = predicate;
      TRY(describe_predicate(connection, plan.request, transaction_.limit(), plan.description));
      const auto statement = TRY(count_statement(connection.quoting(), plan));
      counts.push_back(TRY(probe_number(connection, statement, transaction_.limit())));
    }
    return counts;
  }

  Result<RowSource> bounded_rows(Connection& connection, const model::Relation& relation) {
    const auto fields = TRY(describe_fields(connection, relation, transaction_.limit()));
    return describe_rows(connection, relation, fields, transaction_.limit());
  }

  Result<BoundedKey> bounded_key(Connection& connection, const model::Relation& relation,
                                 const model::KeyColumns& key) {
    const auto limit = transaction_.limit();
    const auto fields = TRY(describe_fields(connection, relation, limit));
    return BoundedKey{.rows = TRY(describe_rows(connection, relation, fields, limit)),
                      .columns = TRY(describe_key(connection, relation, fields, key, limit))};
  }

  Result<std::unique_ptr<BatchStream>> start_read(const ReadRequest& request) {
    TRY(transaction_.begin());
    auto instant = TRY(transaction_.instant());
    auto& connection = transaction_.connection();
    auto description = TRY(describe_for_read(connection, request, transaction_.limit())
                               .context("looking at " + model::display_name(request.relation)));
    // The data may flow for as long as the unit needs: only silence is limited, by the stream's own clock.
    TRY(connection.execute("SET LOCAL statement_timeout = 0", transaction_.limit()));
    return open_copy_stream(transaction_,
                            {.request = request, .description = std::move(description), .instant = std::move(instant)});
  }

  Transaction transaction_;
};

}  // namespace

std::unique_ptr<Session> make_session(std::unique_ptr<Connection> connection, const SessionOptions& options) {
  return std::make_unique<PostgresSession>(std::move(connection), options);
}

}  // namespace rivet::source::postgres
