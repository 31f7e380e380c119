#include "libclient/calls/client_core.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

#include "protocol/binary_codec.h"
#include "protocol/text_codec.h"

namespace tagcache {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

CoreState::CoreState(const Options& options)
    : generation(ForkGeneration()),
      connector(options, counters),
      pool(options, connector, counters),
      shared(options, connector, counters, generation) {}

ClientCore::ClientCore(const Options& options)
    : options_(options), state_(new CoreState(options_)) {}

// States of parent processes are kept where they can be seen: they are not leaks.
ClientCore::~ClientCore() {
  static std::atomic<CoreState*> kept{nullptr};
  CoreState* state = state_.load();
  if (state->generation == ForkGeneration()) {
    const std::unique_ptr<CoreState> own(state);
    state = own->inherited;
  }
  while (state != nullptr) {
    CoreState* const next = state->inherited;
    state->inherited = kept.load();
    while (!kept.compare_exchange_weak(state->inherited, state)) {
    }
    state = next;
  }
}

// Several threads of the child may come here at once; one of the new states stays.
CoreState& ClientCore::Renew(CoreState* inherited) {
  auto fresh = std::make_unique<CoreState>(options_);
  fresh->inherited = inherited;
  CoreState* seen = inherited;
  if (state_.compare_exchange_strong(seen, fresh.get(), std::memory_order_acq_rel)) {
    return *fresh.release();
  }
  return *seen;
}

CallContext ClientCore::Begin(std::string_view operation, CallOptions call) const {
  CallContext context;
  context.operation = call.operation.empty() ? operation : call.operation;
  context.timeout = call.timeout.count() > 0 ? call.timeout : options_.timeout;
  context.start = steady_clock::now();
  // A time-out that the clock can not count to is one that never comes.
  context.deadline =
      context.start + std::min(context.timeout, milliseconds(std::chrono::hours(24 * 365)));
  return context;
}

CallContext ClientCore::Begin(std::string_view operation, std::string_view key,
                              CallOptions call) const {
  CallContext context = Begin(operation, call);
  context.key = key;
  context.has_key = true;
  return context;
}

Outcome Await(Connection& connection, const CallContext& call, Feeder feeder, Event* event) {
  switch (connection.Advance(call.deadline, feeder, event)) {
    case Progress::kEvent:
      break;
    case Progress::kTimeout:
      return {Outcome::End::kTimeout, TimedOut(call, connection.server())};
    case Progress::kLost:
      return {Outcome::End::kLost, MakeError(ErrorCode::kConnection, call, connection.server(),
                                             connection.lost_because())};
  }
  if (event->kind != Event::Kind::kBroken) return {};
  if (event->status != protocol::StatusCode::kOk) {
    return {Outcome::End::kBroken,
            Refused(call, connection.server(), event->status, event->reason)};
  }
  return {Outcome::End::kBroken,
          MakeError(ErrorCode::kProtocol, call, connection.server(), event->reason)};
}

Status CheckExpressible(const CallContext& call, Protocol protocol,
                        const protocol::Request& request) {
  using protocol::StatusCode;
  if (protocol == Protocol::kText) {
    const std::string_view why = protocol::CheckTextRequest(request);
    if (why.empty()) return {};
    return MakeError(ErrorCode::kUsage, call, "",
                     std::string(why) + "; the binary protocol carries it");
  }
  const StatusCode code = protocol::CheckRequest(request);
  if (code == StatusCode::kOk) return {};
  std::string what(protocol::NameOf(code));
  for (char& c : what) c = c == '_' ? ' ' : c;
  if (code == StatusCode::kValueTooLarge) {
    what += ", the protocol carries at most 4294967295 bytes";
  } else if (code == StatusCode::kTooManyTags) {
    what += ", the protocol carries at most 65535";
  } else {
    what += ", the protocol carries at most 65535 bytes";
  }
  return MakeError(ErrorCode::kUsage, call, "", what);
}

Status ClientCore::Exchange(const CallContext& call, bool idempotent,
                            FunctionRef<Outcome(Connection&)> attempt) {
  CoreState& state = this->state();
  assert(call.start <= call.deadline);
  Status lost;
  for (uint32_t tries = 0;; ++tries) {
    Checkout checkout;
    // A request that can not be sent again goes over a connection that was checked just before.
    const bool check = !idempotent || tries > 0;
    Status opened = state.pool.CheckOut(call, check, &checkout);
    if (!opened.ok()) return AfterLost(std::move(opened), lost);
    Outcome outcome = attempt(*checkout);
    switch (outcome.end) {
      case Outcome::End::kAnswered:
        if (outcome.status.server_error() == ServerError::kShuttingDown) checkout.Discard();
        return AfterLost(std::move(outcome.status), lost);
      case Outcome::End::kBroken:
        checkout.Discard();
        return AfterLost(std::move(outcome.status), lost);
      case Outcome::End::kTimeout:
        checkout.Discard();
        state.counters.timeouts.Add();
        return AfterLost(std::move(outcome.status), lost);
      case Outcome::End::kLost: {
        const bool sent = checkout->sent_any();
        const bool repeatable = idempotent || !sent;
        checkout.DiscardBroken();
        if (!repeatable || tries >= options_.retries || steady_clock::now() >= call.deadline) {
          return AfterLost(std::move(outcome.status), lost);
        }
        state.counters.retries.Add();
        if (sent) lost = std::move(outcome.status);
        break;
      }
    }
  }
}

Status ClientCore::Call(const CallContext& call, const protocol::Request& request,
                        FunctionRef<void(const protocol::Response&)> take) {
  Status expressible = CheckExpressible(call, options_.protocol, request);
  return expressible.ok() ? CallChecked(call, request, take) : expressible;
}

Status ClientCore::CallChecked(const CallContext& call, const protocol::Request& request,
                               FunctionRef<void(const protocol::Response&)> take) {
  return Exchange(call, protocol::IsRepeatable(request), [&](Connection& connection) -> Outcome {
    connection.machine().Send(request);
    Event event;
    Outcome outcome = Await(connection, call, {}, &event);
    if (outcome.end != Outcome::End::kAnswered) return outcome;
    const protocol::Response& response = *event.response;
    if (protocol::IsError(response.status) &&
        response.status != protocol::StatusCode::kVersionMismatch) {
      outcome.status =
          Refused(call, connection.server(), response.status, response.message, PartsOf(request));
    } else {
      take(response);
    }
    return outcome;
  });
}

}  // namespace tagcache
