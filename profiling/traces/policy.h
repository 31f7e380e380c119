#ifndef TAGCACHE_PROFILING_TRACES_POLICY_H_
#define TAGCACHE_PROFILING_TRACES_POLICY_H_

// Eviction policies, simulated exactly. They count bytes: an item costs its key, its value and
// `item_overhead`. They evict until the inserted item fits.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "profiling/traces/cache.h"
#include "profiling/traces/trace.h"

namespace tagcache::profiling {

struct PolicyLimits {
  size_t memory = 0;         // bytes
  size_t item_overhead = 0;  // bytes
  uint64_t seed = 1;
};

struct NamedPolicy {
  std::string name;
  // The trace must outlive the policy.
  std::function<std::unique_ptr<Cache>(const Trace&, const PolicyLimits&)> make;
};

std::unique_ptr<Cache> MakeLru(const Trace& trace, const PolicyLimits& limits);
std::unique_ptr<Cache> MakeRandom(const Trace& trace, const PolicyLimits& limits);

// All that --simulate compares.
std::vector<NamedPolicy> CandidatePolicies();

}  // namespace tagcache::profiling

#endif  // TAGCACHE_PROFILING_TRACES_POLICY_H_
