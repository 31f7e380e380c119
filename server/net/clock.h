#ifndef TAGCACHE_SERVER_NET_CLOCK_H_
#define TAGCACHE_SERVER_NET_CLOCK_H_

// The time of workers and connections: the system's monotonic clock, read anew in each call. uv_now
// would not do: it stands still while a loop works, and an entry with a TTL of 0 must be expired on
// every worker at once.

#include <chrono>
#include <cstdint>

#include "server/store/store.h"

namespace tagcache::server {

struct Clock {
  static constexpr uint64_t kNanosecondsInMs = 1'000'000;

  // Never 0.
  static uint64_t Nanoseconds() {
    return static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  }
  static TimeMs Now() { return Nanoseconds() / kNanosecondsInMs; }
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_CLOCK_H_
