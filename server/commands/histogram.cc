#include "server/commands/histogram.h"

#include <algorithm>
#include <cmath>

namespace tagcache::server {

uint64_t HistogramSum::Percentile(double percent) const {
  if (total == 0) return 0;
  const uint64_t rank = std::max<uint64_t>(
      1, static_cast<uint64_t>(std::ceil(static_cast<double>(total) * percent / 100.0)));
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < kHistogramBuckets; ++bucket) {
    seen += counts[bucket];
    if (seen >= rank) return std::min(BucketTop(bucket), max);
  }
  return max;
}

void Histogram::AddTo(HistogramSum& sum) const {
  for (size_t bucket = 0; bucket < kHistogramBuckets; ++bucket) {
    const uint64_t count = counts_[bucket].value();
    sum.counts[bucket] += count;
    sum.total += count;
  }
  sum.max = std::max(sum.max, max_.value());
}

}  // namespace tagcache::server
