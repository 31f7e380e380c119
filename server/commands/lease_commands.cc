// GET_LEASE: a GET whose miss is given to one of those who ask.

#include <utility>

#include "server/commands/handlers.h"
#include "server/commands/waiting_requests.h"

namespace tagcache::server {

using protocol::LeaseKind;

bool AskForLease(Call& call, Waiter* waiter) {
  const protocol::Request& request = call.request;
  LeaseAnswer answer = call.engine.store().GetOrLease(request.key,
                                                      {.lease_ms = request.lease_ms,
                                                       .holder = call.peer.number,
                                                       .stale_ok = request.stale_ok,
                                                       .waiter = waiter},
                                                      call.now);
  if (answer.waiting) return true;
  if (answer.value) {
    call.metrics.hits.Add(1);
    call.response.lease = answer.stale ? LeaseKind::kStaleValue : LeaseKind::kValue;
    call.value = std::move(answer.value);
    return false;
  }
  call.metrics.misses.Add(1);
  if (answer.token == 0) return false;  // LeaseKind::kNothing
  call.response.lease = LeaseKind::kToken;
  call.response.token = answer.token;
  call.peer.has_leased = true;
  return false;
}

void HandleGetLease(Call& call) {
  if (!KeyFits(call)) return;
  const protocol::Request& request = call.request;
  if (request.lease_ms == 0) {
    return call.Refuse(
        protocol::StatusCode::kBadRequest,
        Subject(call.command, request.key).append(": lease_ms is 0, no value is computed in that"));
  }
  const bool may_wait = call.waiting_requests != nullptr && request.wait_ms > 0;
  call.waiting = AskForLease(
      call, may_wait ? call.waiting_requests->Next(request, call.now + request.wait_ms) : nullptr);
  if (call.waiting) call.waiting_requests->Park();
}

}  // namespace tagcache::server
