#ifndef TAGCACHE_LIBCLIENT_POOL_CONNECTOR_H_
#define TAGCACHE_LIBCLIENT_POOL_CONNECTOR_H_

// Opens connections to the one server of a client, over its addresses in their order, and remembers
// whether it is down.
//
// Threads: any. Ownership: options and counters outlive it. Errors: kConnection, kTimeout.

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "libclient/pool/connection.h"
#include "libclient/pool/error_message.h"
#include "libclient/pool/mutex.h"
#include "libclient/pool/pool_counters.h"
#include "libclient/pool/server_health.h"
#include "libclient/transport/endpoint.h"
#include "libclient/transport/fork_guard.h"
#include "tagcache/options.h"

namespace tagcache {

class Connector {
 public:
  // REQUIRES: ValidateOptions passed.
  Connector(const Options& options, PoolCounters& counters);

  // Connects within the call's deadline and Options::connect_timeout. While the server is known to
  // be down it answers at once.
  Result<std::unique_ptr<Connection>> Open(const CallContext& call) EXCLUDES(mutex_);
  // Closes a connection; what it counted goes to the statistics.
  void Close(std::unique_ptr<Connection> connection);
  // The late replies a connection counted since the last time.
  void CountLateReplies(Connection& connection);

  // For messages without a connection: the addresses as they were given.
  const std::string& servers() const { return servers_; }

 private:
  // What became of trying the addresses in turn.
  struct Attempt {
    IoResult result{IoStatus::kFailed, 0, ENOMEM};
    const Endpoint* endpoint = nullptr;  // the last one tried
    std::string why;                     // unless it connected
    std::string earlier;                 // "; before that <address>: <why>" for each one before it
  };

  Status RefuseWhileDown(const CallContext& call, TimePoint now) EXCLUDES(mutex_);
  void ConnectAny(TimePoint deadline, Transport* transport, Attempt* attempt);
  Status Failed(const CallContext& call, TimePoint limit, const Attempt& attempt) EXCLUDES(mutex_);

  const Options& options_;
  PoolCounters& counters_;
  std::vector<Endpoint> endpoints_;
  std::string servers_;
  MachineOptions machine_options_;
  SocketOptions socket_options_;
  SocketTable sockets_;

  Mutex mutex_;
  ServerHealth health_ GUARDED_BY(mutex_);
  std::string last_failure_ GUARDED_BY(mutex_);
  uint64_t random_ GUARDED_BY(mutex_);
};

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_POOL_CONNECTOR_H_
