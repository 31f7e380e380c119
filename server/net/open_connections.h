#ifndef TAGCACHE_SERVER_NET_OPEN_CONNECTIONS_H_
#define TAGCACHE_SERVER_NET_OPEN_CONNECTIONS_H_

// How many connections all workers of a process have open, and how many there may be. A connection
// takes a place when it is accepted, and is counted once more while it has shared memory.
//
//   a regular place   one of max_connections
//   a kept place      above that, for a peer of this machine: it is served for a short time, so
//   that
//                     an administrator can ask a full server what it does
//   a rejected place  above that: the first request is answered with a refusal
//   no place          the connection is closed at once
//
// Threads: any.

#include <atomic>
#include <cassert>
#include <cstddef>
#include <cstdint>

#include "server/net/descriptors.h"

namespace tagcache::server {

class ConnectionCount {
 public:
  // Counts one more, unless there are `limit` already.
  bool TryAdd(size_t limit) {
    size_t count = value();
    while (count < limit) {
      if (count_.compare_exchange_weak(count, count + 1, std::memory_order_relaxed)) return true;
    }
    return false;
  }
  // REQUIRES: the connection was counted by TryAdd().
  void Remove() {
    [[maybe_unused]] const size_t before = count_.fetch_sub(1, std::memory_order_relaxed);
    assert(before > 0);
  }
  size_t value() const { return count_.load(std::memory_order_relaxed); }

 private:
  std::atomic<size_t> count_{0};
};

enum class Place : uint8_t { kRegular, kKept, kRejected, kNone };

struct OpenConnections {
  // `local`: the peer is on this machine. REQUIRES: Leave follows, unless it returned kNone.
  Place Enter(bool local) {
    if (regular.TryAdd(limits.regular)) return Place::kRegular;
    if (local && kept.TryAdd(limits.kept)) return Place::kKept;
    return rejected.TryAdd(limits.rejected) ? Place::kRejected : Place::kNone;
  }
  void Leave(Place place) {
    assert(place != Place::kNone);
    (place == Place::kRegular ? regular : place == Place::kKept ? kept : rejected).Remove();
  }
  // A connection in a kept place takes a regular one that has become free. false: there is none.
  bool Promote() {
    if (!regular.TryAdd(limits.regular)) return false;
    kept.Remove();
    return true;
  }

  PlaceLimits limits;  // does not change while a worker runs
  ConnectionCount regular;
  ConnectionCount kept;
  ConnectionCount rejected;
  ConnectionCount shm;  // those of them that have shared memory
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_OPEN_CONNECTIONS_H_
