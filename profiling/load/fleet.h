#ifndef TAGCACHE_PROFILING_LOAD_FLEET_H_
#define TAGCACHE_PROFILING_LOAD_FLEET_H_

// Connections that send requests as fast as a server answers: each sends an exchange, waits for the
// whole reply, and sends the next. The requests were made before, and of a reply only the length
// and the first byte are checked. So a request costs the generator the same whatever the protocol
// is: a send and a recv for each exchange, an epoll_wait for many of them, and the bytes.
//
//   thread 0   epoll   connections 0, T, 2T ...
//   thread 1   epoll   connections 1, T+1 ...
//
// Threads: Run starts its own and returns when they have ended. Errors: those of ServerProcess, and
// a reply whose length is not that of the keys.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "profiling/load/dialect.h"
#include "profiling/peers/server_process.h"

namespace tagcache::profiling {

struct Throughput {
  uint64_t exchanges = 0;
  std::chrono::nanoseconds wall{0};        // until the last reply
  std::chrono::nanoseconds load_cpu{0};    // of the generator
  std::chrono::nanoseconds server_cpu{0};  // of the server
};

class Fleet {
 public:
  // Opens the connections, and compares a whole reply on each. `exchanges` stay valid; they are
  // sent in turn.
  Fleet(const ServerProcess& server, size_t connections, std::span<const Exchange> exchanges);
  ~Fleet();  // closes
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  // Begins exchanges for that time, with a thread on each of `cores`.
  Throughput Run(std::chrono::nanoseconds time, std::span<const int> cores);

 private:
  struct Connection;
  class Loop;

  const ServerProcess& server_;
  const std::span<const Exchange> exchanges_;
  std::vector<Connection> connections_;
};

// Sends exchanges one by one over a blocking socket, and compares the replies with the expected
// ones.
void Ask(int fd, std::span<const Exchange> exchanges);

}  // namespace tagcache::profiling

#endif  // TAGCACHE_PROFILING_LOAD_FLEET_H_
