#ifndef TAGCACHE_SERVER_COMMANDS_COUNTER_H_
#define TAGCACHE_SERVER_COMMANDS_COUNTER_H_

// A number that one thread writes and any thread may read. Because there is one writer, adding is a
// plain load, add and store, without a lock prefix or a fence.

#include <atomic>
#include <cstdint>

namespace tagcache::server {

class Counter {
 public:
  void Add(uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void Set(uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_COMMANDS_COUNTER_H_
