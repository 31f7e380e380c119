#ifndef TAGCACHE_SERVER_COMMANDS_METRICS_H_
#define TAGCACHE_SERVER_COMMANDS_METRICS_H_

// The counters of one worker. Only its thread writes them; STATS sums over the workers, from any
// thread.

#include <cassert>
#include <cstddef>
#include <vector>

#include "protocol/command.h"
#include "server/commands/counter.h"
#include "server/commands/histogram.h"

namespace tagcache::server {

struct CommandMetrics {
  Counter calls;
  Counter errors;        // those of the calls that were refused
  Histogram latency_ns;  // from the start of the handler until the answer is in the output buffer
};

class WorkerMetrics {
 public:
  WorkerMetrics() : commands_(protocol::Commands().size()) {}

  CommandMetrics& Of(const protocol::Command& command) {
    const auto row = static_cast<size_t>(&command - protocol::Commands().data());
    assert(row < commands_.size());
    return commands_[row];
  }
  const CommandMetrics& Of(const protocol::Command& command) const {
    return const_cast<WorkerMetrics*>(this)->Of(command);
  }

  Counter hits;           // keys that GET, GET_AND_TOUCH, GET_LEASE and MGET found
  Counter misses;         // keys that these commands did not find
  Counter puts;           // entries written by commands with a value, one or many
  Counter invalidations;  // calls of INVALIDATE_TAG, INVALIDATE_TAGS and INVALIDATE_KEYS
  Counter bytes_in;
  Counter bytes_out;

  Counter connections_accepted;
  Counter connections_closed;
  // Of those that were accepted while max_connections others were open:
  Counter connections_kept;      // served for a short time, because their peer is on this machine
  Counter connections_rejected;  // answered with a refusal
  Counter connections_refused;   // closed unanswered, because too many others were being refused
  // Of those that were closed:
  Counter connections_closed_idle;
  Counter connections_closed_short;            // the short time above max_connections was over
  Counter connections_closed_unauthenticated;  // its time or its bytes before that were used up
  Counter connections_closed_memory;           // it held the most when all together held too much
  Counter accept_pauses;  // the system refused to accept, so nothing was accepted for a moment

  // Over shared memory. Each began as a connection over the Unix socket.
  Counter shm_opened;
  Counter shm_closed;
  Counter shm_refused;

  Counter protocol_errors;   // connections closed because of what the peer sent
  Counter unknown_commands;  // requests whose command is not in the table
  Counter auth_failures;
  Counter http_refused;  // connections that began with HTTP

 private:
  std::vector<CommandMetrics> commands_;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_COMMANDS_METRICS_H_
