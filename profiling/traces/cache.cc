#include "profiling/traces/cache.h"

#include <algorithm>

namespace tagcache::profiling {

double Replay(const Trace& trace, Cache& cache) {
  constexpr size_t kBatch = 100;
  const std::span<const Key> requests(trace.requests);
  std::vector<Key> missed;
  size_t counted = 0, hits = 0;
  for (size_t at = 0; at < requests.size(); at += kBatch) {
    const auto batch = requests.subspan(at, std::min(kBatch, requests.size() - at));
    missed.clear();
    cache.Get(batch, &missed);
    if (at >= trace.warm_up) {
      counted += batch.size();
      hits += batch.size() - missed.size();
    }
    // A key that occurs twice in a batch counts as two misses and is computed once.
    std::sort(missed.begin(), missed.end());
    missed.erase(std::unique(missed.begin(), missed.end()), missed.end());
    if (!missed.empty()) cache.Put(missed);
  }
  return counted == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(counted);
}

}  // namespace tagcache::profiling
