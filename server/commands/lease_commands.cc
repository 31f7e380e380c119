// GET_LEASE: a GET that gives one of the callers who miss a key the right to compute its value.

#include <utility>

#include "server/commands/handlers.h"

namespace tagcache::server {
namespace {

using protocol::LeaseKind;

bool CancelLeaseWait(Engine& engine, const protocol::Request& request, Waiter* waiter) {
  return engine.store().CancelWait(request.key, waiter);
}

}  // namespace

void HandleGetLease(Call& call) {
  if (!KeyFits(call)) return;
  const protocol::Request& request = call.request;
  if (request.lease_ms == 0) {
    return call.Refuse(protocol::StatusCode::kBadRequest,
                       Subject(call.command, request.key)
                           .append(": lease_ms is 0, a value cannot be computed in no time"));
  }
  if (call.attempt() == Attempt::kDeadline) {
    call.metrics.misses.Add(1);
    return;  // LeaseKind::kNothing
  }
  LeaseAnswer answer = call.engine.store().GetOrLease(
      request.key,
      {.lease_ms = request.lease_ms,
       .holder = call.peer.number,
       .stale_ok = request.stale_ok,
       .waiter = call.PrepareWait(call.arrived() + request.wait_ms, CancelLeaseWait)},
      call.now);
  if (answer.waiting) return call.Wait();
  if (answer.value) {
    call.metrics.hits.Add(1);
    call.response.lease = answer.stale ? LeaseKind::kStaleValue : LeaseKind::kValue;
    call.value = std::move(answer.value);
    return;
  }
  call.metrics.misses.Add(1);
  if (answer.token == 0) return;  // LeaseKind::kNothing
  call.response.lease = LeaseKind::kToken;
  call.response.token = answer.token;
  call.peer.has_leased = true;
}

}  // namespace tagcache::server
