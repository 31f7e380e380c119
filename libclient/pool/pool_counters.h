#ifndef TAGCACHE_LIBCLIENT_POOL_POOL_COUNTERS_H_
#define TAGCACHE_LIBCLIENT_POOL_POOL_COUNTERS_H_

// What PoolStats is read from. Relaxed: each number is right, together they are a moment's view.

#include <atomic>
#include <cstdint>

#include "tagcache/client.h"

namespace tagcache {

class Counter {
 public:
  void Add(uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  void Subtract(uint64_t n = 1) { value_.fetch_sub(n, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

struct PoolCounters {
  Counter opened;
  Counter open;
  Counter connect_failures;
  Counter reused;
  Counter health_checks;
  Counter health_check_failures;
  Counter fail_fast;
  Counter retries;
  Counter timeouts;
  Counter late_replies;
  Counter pool_waits;

  PoolStats Read() const {
    PoolStats stats;
    stats.connections_opened = opened.value();
    stats.connections_open = open.value();
    stats.connect_failures = connect_failures.value();
    stats.connections_reused = reused.value();
    stats.health_checks = health_checks.value();
    stats.health_check_failures = health_check_failures.value();
    stats.fail_fast = fail_fast.value();
    stats.retries = retries.value();
    stats.timeouts = timeouts.value();
    stats.late_replies = late_replies.value();
    stats.pool_waits = pool_waits.value();
    return stats;
  }
};

}  // namespace tagcache

#endif  // TAGCACHE_LIBCLIENT_POOL_POOL_COUNTERS_H_
