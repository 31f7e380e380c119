#ifndef TAGCACHE_SERVER_COMMANDS_HISTOGRAM_H_
#define TAGCACHE_SERVER_COMMANDS_HISTOGRAM_H_

// A histogram of fixed size with log-linear buckets: each value up to 15 has a bucket of its own,
// and every power of two above is divided into 16 buckets, so that a percentile is at most 1/16
// above the true value.
//
// Threads: one writes while any number read. A reader sees a recent count of each bucket.

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "server/commands/counter.h"

namespace tagcache::server {

inline constexpr unsigned kSubBucketBits = 4;
inline constexpr unsigned kHistogramBits = 40;  // larger values fall into the last bucket
inline constexpr size_t kHistogramBuckets = (kHistogramBits - kSubBucketBits + 1) << kSubBucketBits;

constexpr size_t BucketOf(uint64_t value) {
  constexpr uint64_t kLinear = uint64_t{1} << kSubBucketBits;
  if (value < kLinear) return static_cast<size_t>(value);
  const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - kSubBucketBits - 1;
  const size_t bucket = ((shift + 1) << kSubBucketBits) + ((value >> shift) - kLinear);
  return bucket < kHistogramBuckets ? bucket : kHistogramBuckets - 1;
}

// The largest value that falls into the bucket. REQUIRES: bucket < kHistogramBuckets.
constexpr uint64_t BucketTop(size_t bucket) {
  constexpr uint64_t kLinear = uint64_t{1} << kSubBucketBits;
  if (bucket < kLinear) return bucket;
  const unsigned shift = static_cast<unsigned>(bucket >> kSubBucketBits) - 1;
  return ((kLinear + (bucket & (kLinear - 1)) + 1) << shift) - 1;
}

// A sum of histograms. Percentiles are read from it.
struct HistogramSum {
  std::array<uint64_t, kHistogramBuckets> counts{};
  uint64_t total = 0;
  uint64_t max = 0;

  // The value that `percent` of all values do not exceed, rounded up to the top of its bucket but
  // not above max. 0 if nothing was recorded. REQUIRES: 0 < percent <= 100.
  uint64_t Percentile(double percent) const;
};

class Histogram {
 public:
  void Record(uint64_t value) {
    counts_[BucketOf(value)].Add(1);
    if (value > max_.value()) max_.Set(value);
  }
  void AddTo(HistogramSum& sum) const;

 private:
  std::array<Counter, kHistogramBuckets> counts_;
  Counter max_;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_COMMANDS_HISTOGRAM_H_
