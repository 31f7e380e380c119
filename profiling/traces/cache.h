#ifndef TAGCACHE_PROFILING_TRACES_CACHE_H_
#define TAGCACHE_PROFILING_TRACES_CACHE_H_

// A cache that a trace is replayed against: a server or a simulated policy.

#include <span>
#include <vector>

#include "profiling/traces/trace.h"

namespace tagcache::profiling {

class Cache {
 public:
  virtual ~Cache() = default;
  // Appends to *missed the keys that were not there, in order.
  virtual void Get(std::span<const Key> keys, std::vector<Key>* missed) = 0;
  // The sizes of values are the trace's.
  virtual void Put(std::span<const Key> keys) = 0;
};

// The share of hits after the warm-up. Each batch is gets, followed by puts of the misses.
double Replay(const Trace& trace, Cache& cache);

}  // namespace tagcache::profiling

#endif  // TAGCACHE_PROFILING_TRACES_CACHE_H_
