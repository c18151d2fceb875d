// SPDX-License-Identifier: Apache-2.0
// Opening in two steps: the session's waits need the stop source before there is a session.
#include "run/slot_session.hpp"

namespace rivet::run {

Result<std::unique_ptr<SlotSession>> SlotSession::open(const source::Source& source,
                                                       const source::SessionOptions& options,
                                                       const std::stop_token& stop) {
  std::unique_ptr<SlotSession> slot(new SlotSession(stop));
  slot->session_ = TRY(source.open(options, slot->stop_.token()));
  return slot;
}

}  // namespace rivet::run
