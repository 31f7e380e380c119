#ifndef TAGCACHE_LIBCLIENT_CALLS_CLIENT_CORE_H_
#define TAGCACHE_LIBCLIENT_CALLS_CLIENT_CORE_H_

// What is behind a Client: its options, and the state of this process.
//
//   Client ---> ClientCore ---> CoreState of this process: Connector, Pool, SharedConnection
//                        \----> CoreStates of parent processes: never touched again
//
// After a fork the child makes a state of its own at its first call. The parent's stays in memory
// as it was: threads that do not exist in the child may have left its locks taken and its lists
// half changed.
//
// Threads: any. Errors: as Client.

#include <atomic>
#include <memory>

#include "libclient/calls/shared_connection.h"
#include "libclient/pool/connection.h"
#include "libclient/pool/connector.h"
#include "libclient/pool/error_message.h"
#include "libclient/pool/function_ref.h"
#include "libclient/pool/pool.h"
#include "libclient/pool/pool_counters.h"
#include "tagcache/client.h"

namespace tagcache {

struct CoreState {
  explicit CoreState(const Options& options);

  const uint64_t generation;
  PoolCounters counters;
  Connector connector;
  Pool pool;
  SharedConnection shared;
  CoreState* inherited = nullptr;
};

// How a request on one connection ended.
struct Outcome {
  enum class End {
    kAnswered,  // `status` is ok or the error that the server answered
    kTimeout,
    kLost,
    kBroken,  // the answer was not the protocol, or the connection was refused
  };
  End end = End::kAnswered;
  Status status;
};

// The next event of the connection; without one, what to end the call with.
Outcome Await(Connection& connection, const CallContext& call, Feeder feeder, Event* event);

// kUsage when the protocol in use can not carry the request.
Status CheckExpressible(const CallContext& call, Protocol protocol,
                        const protocol::Request& request);

class ClientCore {
 public:
  // REQUIRES: ValidateOptions passed.
  explicit ClientCore(const Options& options);
  ~ClientCore();

  const Options& options() const { return options_; }
  CoreState& state() {
    CoreState* const state = state_.load(std::memory_order_acquire);
    return state->generation == ForkGeneration() ? *state : Renew(state);
  }

  CallContext Begin(std::string_view operation, CallOptions call) const;
  CallContext Begin(std::string_view operation, std::string_view key, CallOptions call) const;

  // Runs `attempt` on a connection of the pool; again on another one if the first broke and a
  // repetition is allowed: the request is idempotent, or no byte of it had left.
  Status Exchange(const CallContext& call, bool idempotent,
                  FunctionRef<Outcome(Connection&)> attempt);
  // One request, one answer. `take` sees the answer unless it is an error. An entry that has
  // another version than the request names is an answer.
  Status Call(const CallContext& call, const protocol::Request& request,
              FunctionRef<void(const protocol::Response&)> take);
  // The same after CheckExpressible.
  Status CallChecked(const CallContext& call, const protocol::Request& request,
                     FunctionRef<void(const protocol::Response&)> take);

 private:
  CoreState& Renew(CoreState* inherited);

  const Options options_;
  std::atomic<CoreState*> state_;
};

// Every public call runs inside: no exception leaves the library. R is made from a Status.
template <typename R, typename F>
R Guarded(F&& call) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    return Status(ErrorCode::kNoMemory, "out of memory");  // too short to allocate
  } catch (...) {
    return Status(ErrorCode::kNoMemory, "system error");  // a lock that can not be had, and such
  }
}

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_CALLS_CLIENT_CORE_H_
