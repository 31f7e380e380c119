#ifndef TAGCACHE_PROFILING_TRACES_TRACE_H_
#define TAGCACHE_PROFILING_TRACES_TRACE_H_

// Request sequences. Each follows from its seed alone.

#include <cstdint>
#include <string>
#include <vector>

namespace tagcache::profiling {

using Key = uint32_t;  // below Trace::universe

struct Trace {
  std::string name;
  std::vector<Key> requests;
  Key universe = 0;
  size_t warm_up = 0;                // the first requests, which are not counted
  std::vector<uint32_t> value_size;  // bytes, by key
};

struct TraceSizes {
  size_t memory = 0;    // bytes that the caches get
  size_t requests = 0;  // in each trace; half of them warm up
  uint64_t seed = 1;
};

inline constexpr size_t kKeyBytes = 16;
inline constexpr size_t kValueBytes = 1000;  // where sizes are not mixed
inline constexpr size_t kUsualOverhead =
    64;  // bytes that an item takes besides; for the traces' sizes

std::vector<Trace> MakeTraces(const TraceSizes& sizes);

}  // namespace tagcache::profiling

#endif  // TAGCACHE_PROFILING_TRACES_TRACE_H_
