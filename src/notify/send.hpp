// SPDX-License-Identifier: Apache-2.0
// From what happened to messages on their way.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/redact.hpp"
#include "config/config.hpp"
#include "notify/documents.hpp"
#include "notify/http.hpp"

namespace rivet::notify {

/// Sends one request; post() outside of tests.
using Sender = std::function<Result<void>(const Post&)>;

/// Tells everybody whom the configuration names about the events that they want to hear of, one message for each event,
/// in their order. Bodies go out redacted. Never fails: what could not be sent is in the warnings returned, one for
/// each message; after one that got no answer the rest for that receiver are not tried.
std::vector<std::string> send_all(const config::Notifications& notifications, const std::vector<Event>& events,
                                  const Place& place, const base::Redactor& redactor, const Sender& sender = post);

}  // namespace rivet::notify
