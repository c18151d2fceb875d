// SPDX-License-Identifier: Apache-2.0
// Text parameters, results read to the end, and an answer that is not waited for without end.
#include "state/postgres/pipeline.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <poll.h>

#include "base/hash.hpp"
#include "state/postgres/errors.hpp"

namespace rivet::state::postgres {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kAnswerLimit = 90s;

/// Values as libpq wants them: text, but for bytes.
struct Parameters {
  explicit Parameters(const std::vector<sql::Value>& values) {
    texts.reserve(values.size());  // pointers into it stay
    for (const auto& value : values) std::visit([this](const auto& v) { add(v); }, value);
  }

  void add(std::monostate) { push(nullptr, 0, 0); }
  void add(std::int64_t number) { push_text(std::to_string(number)); }
  void add(const std::string& text) {
    holds_nul = holds_nul || text.find('\0') != std::string::npos;
    push_text(text);
  }
  void add(const sql::Numbers& set) { push_text("{" + set.joined() + "}"); }
  void add(sql::Blob blob) {
    push(blob.bytes.data() != nullptr ? blob.bytes.data() : "", static_cast<int>(blob.bytes.size()), 1);
  }
  void push_text(std::string text) {
    texts.push_back(std::move(text));
    push(texts.back().c_str(), 0, 0);
  }
  void push(const char* pointer, int length, int format) {
    pointers.push_back(pointer);
    lengths.push_back(length);
    formats.push_back(format);
  }
  int size() const { return static_cast<int>(pointers.size()); }

  std::vector<std::string> texts;
  std::vector<const char*> pointers;
  std::vector<int> lengths, formats;
  bool holds_nul = false;
};

}  // namespace

Pipeline::Pipeline(pq::PgHandle handle, std::string location)
    : handle_(std::move(handle)), location_(std::move(location)) {
  PQenterPipelineMode(handle_.get());
}

tl::unexpected<Error> Pipeline::lose(const std::string& why) {
  auto error = lost_connection(why, location_);
  sent_.clear();
  handle_.reset();
  return fail(std::move(error));
}

tl::unexpected<Error> Pipeline::lose() { return lose(PQerrorMessage(handle_.get())); }

Result<void> Pipeline::keep(const std::string& kept_name, const std::string& text) {
  const bool on_its_way =
      std::any_of(sent_.begin(), sent_.end(), [&](const auto& sent) { return sent.keeps == kept_name; });
  if (on_its_way || kept_.contains(kept_name)) return {};
  if (PQsendPrepare(handle_.get(), kept_name.c_str(), text.c_str(), 0, nullptr) == 0) return lose();
  sent_.push_back({.name = "prepare", .keeps = kept_name});
  return {};
}

Result<void> Pipeline::post(std::string_view name, const std::string& text, const std::vector<sql::Value>& values,
                            bool kept) {
  if (is_lost()) return fail(lost_connection("", location_));
  const Parameters parameters(values);
  if (parameters.holds_nul) {
    return fail(
        ErrorKind::data,
        fmt::format("the state store {}: a text holds a NUL character, which PostgreSQL cannot keep", location_),
        "use a store in a file for this export");
  }
  const auto* pointers = parameters.pointers.data();
  const auto* lengths = parameters.lengths.data();
  const auto* formats = parameters.formats.data();
  int posted = 0;
  if (kept) {
    const auto kept_name = fmt::format("rivet_{:016x}", base::xxh3_64(text));
    TRY(keep(kept_name, text));
    posted = PQsendQueryPrepared(handle_.get(), kept_name.c_str(), parameters.size(), pointers, lengths, formats, 0);
  } else {
    posted = PQsendQueryParams(handle_.get(), text.c_str(), parameters.size(), nullptr, pointers, lengths, formats, 0);
  }
  if (posted == 0) return lose();
  sent_.push_back({.name = std::string(name), .keeps = {}});
  return {};
}

Result<pq::PgResult> Pipeline::next_result(Deadline deadline) {
  while (PQisBusy(handle_.get()) != 0) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
    pollfd socket{PQsocket(handle_.get()), POLLIN, 0};
    if (left <= 0ms || ::poll(&socket, 1, static_cast<int>(left.count())) == 0) {
      return lose(fmt::format("no answer within {} s", kAnswerLimit / 1s));
    }
    if (PQconsumeInput(handle_.get()) == 0) break;  // the broken connection shows as the next result
  }
  return pq::PgResult(PQgetResult(handle_.get()), PQclear);
}

Result<pq::PgResult> Pipeline::last_result(Deadline deadline, std::optional<Error>& error) {
  pq::PgResult last(nullptr, PQclear);
  for (;;) {
    auto result = TRY(next_result(deadline));
    if (result == nullptr) return last;
    if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR && !error) error = error_of(result.get(), location_);
    last = std::move(result);
    if (PQstatus(handle_.get()) == CONNECTION_BAD) return last;
  }
}

Result<std::vector<pq::PgResult>> Pipeline::receive() {
  if (is_lost()) return fail(lost_connection("", location_));
  if (PQpipelineSync(handle_.get()) == 0) return lose();
  const auto deadline = steady_clock::now() + kAnswerLimit;
  std::vector<pq::PgResult> results;
  std::optional<Error> first_error;
  const auto all = std::exchange(sent_, {});
  for (const auto& sent : all) {
    const bool failed_before = first_error.has_value();
    auto result = TRY(last_result(deadline, first_error));
    if (PQstatus(handle_.get()) == CONNECTION_BAD) break;
    if (first_error && !failed_before && &sent != &all.back()) first_error->context.push_back(sent.name);
    if (first_error) continue;
    sent.keeps.empty() ? results.push_back(std::move(result)) : void(kept_.insert(sent.keeps));
  }
  if (PQstatus(handle_.get()) != CONNECTION_BAD) {
    TRY(next_result(deadline));  // PGRES_PIPELINE_SYNC
    if (PQstatus(handle_.get()) != CONNECTION_BAD) TRY(next_result(deadline));
  }
  if (PQstatus(handle_.get()) == CONNECTION_BAD) {
    auto lost = lose();
    if (!first_error) return lost;
  }
  if (first_error) return fail(std::move(*first_error));
  return results;
}

Result<pq::PgResult> Pipeline::run_text(const std::string& sql) {
  if (is_pending()) TRY(receive());
  if (is_lost()) return fail(lost_connection("", location_));
  if (PQexitPipelineMode(handle_.get()) == 0 || PQsendQuery(handle_.get(), sql.c_str()) == 0) return lose();
  std::optional<Error> first_error;
  auto last = TRY(last_result(steady_clock::now() + kAnswerLimit, first_error));
  if (PQstatus(handle_.get()) == CONNECTION_BAD || PQenterPipelineMode(handle_.get()) == 0) {
    auto lost = lose();
    if (!first_error) return lost;
  }
  if (first_error) return fail(std::move(*first_error));
  if (last == nullptr) return fail(ErrorKind::internal, "the server answered a statement with nothing");
  return last;
}

std::size_t Pipeline::pending() const {
  return static_cast<std::size_t>(
      std::count_if(sent_.begin(), sent_.end(), [](const auto& sent) { return sent.keeps.empty(); }));
}

bool Pipeline::in_transaction() const {
  return !is_lost() && (is_pending() || PQtransactionStatus(handle_.get()) != PQTRANS_IDLE);
}

std::string Pipeline::literal(const std::string& text) const {
  const std::unique_ptr<char, decltype(&PQfreemem)> quoted(PQescapeLiteral(handle_.get(), text.data(), text.size()),
                                                           PQfreemem);
  return quoted == nullptr ? std::string() : std::string(quoted.get());
}

}  // namespace rivet::state::postgres
