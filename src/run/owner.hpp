// SPDX-License-Identifier: Apache-2.0
// Who holds a run: an identity under which a dead process of this machine is recognised at once.
#pragma once

#include <string>
#include <string_view>

namespace rivet::run {

/// `host/boot-id/pid-namespace/pid/start-time/nonce` of this process; each call gives another nonce.
std::string make_owner();

/// True when the owner was a process of this machine, boot and pid namespace that no longer runs. False when
/// it lives, or when that cannot be known from here: then only its lease counts.
bool is_certainly_dead(std::string_view owner);

/// 8 random lower-case hex digits.
std::string make_nonce();

}  // namespace rivet::run
