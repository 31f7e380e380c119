#ifndef TAGCACHE_SERVER_COMMANDS_METRICS_H_
#define TAGCACHE_SERVER_COMMANDS_METRICS_H_

// What one worker counts. Its thread alone writes; STATS sums over the workers from any thread.

#include <cstdint>
#include <vector>

#include "protocol/command.h"
#include "server/commands/counter.h"
#include "server/commands/histogram.h"

namespace tagcache::server {

struct CommandMetrics {
  Counter calls;
  Counter errors;        // of these calls, answered with a refusal
  Histogram latency_ns;  // from the request's turn to its answer in the output buffer
};

class WorkerMetrics {
 public:
  WorkerMetrics() : commands_(protocol::Commands().size()) {}

  CommandMetrics& Of(const protocol::Command& command) {
    return commands_[static_cast<size_t>(&command - protocol::Commands().data())];
  }
  const CommandMetrics& Of(const protocol::Command& command) const {
    return const_cast<WorkerMetrics*>(this)->Of(command);
  }

  Counter hits;           // keys that GET, GET_AND_TOUCH, GET_LEASE and MGET found
  Counter misses;         // keys that these did not find
  Counter puts;           // entries written by commands with a value, one or many
  Counter invalidations;  // INVALIDATE_TAG, INVALIDATE_TAGS and INVALIDATE_KEYS carried out
  Counter bytes_in;
  Counter bytes_out;

  Counter connections_accepted;
  Counter connections_closed;
  Counter connections_rejected;     // over max_connections; part of accepted, too
  Counter connections_closed_idle;  // part of closed, too
  Counter
      connections_refused;  // far over max_connections: closed unanswered; part of accepted, too

  // Over shared memory: each began as one over the Unix socket.
  Counter shm_opened;
  Counter shm_closed;
  Counter shm_refused;

  Counter protocol_errors;   // refusals after which the connection was closed
  Counter unknown_commands;  // requests whose command is not in the table
  Counter auth_failures;

 private:
  std::vector<CommandMetrics> commands_;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_COMMANDS_METRICS_H_
