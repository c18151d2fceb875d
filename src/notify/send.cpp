// SPDX-License-Identifier: Apache-2.0
// Best effort: a receiver that does not answer costs one timeout and no more.
#include "notify/send.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "report/json.hpp"

namespace rivet::notify {
namespace {

using Document = nlohmann::ordered_json (*)(const Event&, const Place&);

struct Receiver {
  std::string_view name;
  const std::string& url;
  const std::vector<config::Occasion>& on;
  const std::map<std::string, std::string>& headers;
  Document document;
};

bool wants(const Receiver& receiver, const Event& event) {
  return std::find_first_of(event.occasions.begin(), event.occasions.end(), receiver.on.begin(), receiver.on.end()) !=
         event.occasions.end();
}

std::vector<const Event*> wanted(const Receiver& receiver, const std::vector<Event>& events) {
  std::vector<const Event*> out;
  for (const auto& event : events) {
    if (wants(receiver, event)) out.push_back(&event);
  }
  return out;
}

std::string warning_of(const Receiver& receiver, const Event& event, const Error& error, std::size_t left) {
  auto out = fmt::format("notification of export '{}' to {} was not sent: {}", event.export_name, receiver.name,
                         error.to_string());
  if (left > 0) out += fmt::format("; {} more to {} not tried", left, receiver.name);
  return out;
}

}  // namespace

std::vector<std::string> send_all(const config::Notifications& notifications, const std::vector<Event>& events,
                                  const Place& place, const base::Redactor& redactor, const Sender& sender) {
  const std::map<std::string, std::string> no_headers;
  std::vector<Receiver> receivers;
  if (const auto& slack = notifications.slack) {
    receivers.push_back({"Slack", slack->url, slack->on, no_headers, slack_document});
  }
  if (const auto& webhook = notifications.webhook) {
    receivers.push_back({"the webhook", webhook->url, webhook->on, webhook->headers, webhook_document});
  }
  std::vector<std::string> warnings;
  for (const auto& receiver : receivers) {
    const auto list = wanted(receiver, events);
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto body = report::dump_line(report::redacted(receiver.document(*list[i], place), redactor));
      const auto sent = sender({.url = receiver.url, .headers = receiver.headers, .body = body});
      if (sent) continue;
      const bool is_gone = sent.error().kind == ErrorKind::unavailable;
      warnings.push_back(warning_of(receiver, *list[i], sent.error(), is_gone ? list.size() - i - 1 : 0));
      if (is_gone) break;
    }
  }
  return warnings;
}

}  // namespace rivet::notify
