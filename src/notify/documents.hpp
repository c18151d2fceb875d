// SPDX-License-Identifier: Apache-2.0
// The bodies of notifications.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "notify/event.hpp"

namespace rivet::notify {

/// Where the event happened.
struct Place {
  std::string host;
  std::string config_path;  ///< as the user wrote it
};

/// One attachment for Slack's incoming webhooks. Texts are cut to what a channel can bear. Not redacted.
nlohmann::ordered_json slack_document(const Event& event, const Place& place);

/// The document of docs/notifications.md. Not redacted.
nlohmann::ordered_json webhook_document(const Event& event, const Place& place);

}  // namespace rivet::notify
