// SPDX-License-Identifier: Apache-2.0
// One function makes every line.
#include "report/work_log.hpp"

#include <mutex>

#include <fmt/format.h>
#include <spdlog/sinks/base_sink.h>

#include "report/json.hpp"

namespace rivet::report {
namespace {

class WorkSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit WorkSink(const WorkLog& log) : log_(log) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const auto level = spdlog::level::to_string_view(message.level);
    log_.tell(std::string_view(level.data(), level.size()), "log", {},
              std::string(message.payload.data(), message.payload.size()));
  }
  void flush_() override {}

 private:
  const WorkLog& log_;
};

}  // namespace

void WorkLog::tell(std::string_view level, std::string_view event, const Fields& fields,
                   const std::string& message) const {
  if (json_) {
    nlohmann::ordered_json line{
        {"at", base::to_rfc3339_z(clock_.now())}, {"level", level}, {"event", event}, {"worker", worker_id_}};
    for (const auto& [key, value] : fields) line[std::string(key)] = value;
    if (!message.empty()) line["message"] = message;
    return screen_.print(dump_line(redacted(line, redactor_)));
  }
  std::string line = fmt::format("{} {:<7} {}", base::to_display(clock_.now()), level, event);
  for (const auto& [key, value] : fields) line += fmt::format(" {}={}", key, value);
  if (!message.empty()) line += ": " + message;
  screen_.print(redactor_.clean(line));
}

std::shared_ptr<spdlog::logger> WorkLog::logger(const spdlog::logger& like) const {
  auto logger = std::make_shared<spdlog::logger>(like.name(), std::make_shared<WorkSink>(*this));
  logger->set_level(like.level());
  return logger;
}

void NodeProgress::note(const std::string& export_name, const std::string& message) {
  log_.tell("info", "note", {{"run", run_}, {"node", node_}, {"export", export_name}}, message);
}

void NodeProgress::unit(const UnitNews& news) {
  const bool failed = news.what == UnitNews::What::failed;
  const auto event = failed ? "unit_failed" : news.what == UnitNews::What::started ? "unit_started" : "unit_committed";
  WorkLog::Fields fields{{"run", run_},
                         {"node", node_},
                         {"export_run", news.run_id},
                         {"unit", std::to_string(news.unit)},
                         {"attempt", std::to_string(news.attempt)}};
  if (news.what == UnitNews::What::committed) fields.emplace_back("rows", std::to_string(news.rows));
  log_.tell(failed ? "warning" : "info", event, fields, news.message);
}

void NodeProgress::finished(const RunOutcome& outcome) {
  log_.tell(outcome.error ? "warning" : "info", "export_ended",
            {{"run", run_},
             {"node", node_},
             {"export_run", outcome.run_id},
             {"status", outcome.status},
             {"rows", std::to_string(outcome.rows)}},
            outcome.error ? outcome.error->to_string() : std::string());
}

}  // namespace rivet::report
