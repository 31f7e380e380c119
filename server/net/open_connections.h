#ifndef TAGCACHE_SERVER_NET_OPEN_CONNECTIONS_H_
#define TAGCACHE_SERVER_NET_OPEN_CONNECTIONS_H_

// How many connections all workers of a process have open. A connection is counted when it is
// accepted, and once more while it has shared memory.
//
// Threads: any.

#include <atomic>
#include <cassert>
#include <cstddef>

namespace tagcache::server {

class ConnectionCount {
 public:
  // Counts one more. Returns how many were counted before it.
  size_t Add() { return count_.fetch_add(1, std::memory_order_relaxed); }
  // REQUIRES: the connection was counted by Add().
  void Remove() {
    [[maybe_unused]] const size_t before = count_.fetch_sub(1, std::memory_order_relaxed);
    assert(before > 0);
  }
  size_t value() const { return count_.load(std::memory_order_relaxed); }

 private:
  std::atomic<size_t> count_{0};
};

struct OpenConnections {
  ConnectionCount all;
  ConnectionCount shm;  // those of them that have shared memory
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_OPEN_CONNECTIONS_H_
