#include "tools/bench/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace tagcache::bench {
namespace {

constexpr unsigned kCutBits = 7;  // 128 buckets to a power of two
constexpr uint64_t kLinear = uint64_t{1} << kCutBits;
constexpr unsigned kRangeBits = 40;
constexpr size_t kBuckets = (kRangeBits - kCutBits + 1) << kCutBits;

size_t BucketOf(uint64_t value) {
  if (value < kLinear) return value;
  const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - kCutBits - 1;
  const size_t bucket = (size_t{shift + 1} << kCutBits) + ((value >> shift) - kLinear);
  return std::min(bucket, kBuckets - 1);
}

// The largest value of a bucket.
uint64_t TopOf(size_t bucket) {
  if (bucket < kLinear) return bucket;
  const unsigned shift = static_cast<unsigned>(bucket >> kCutBits) - 1;
  return ((kLinear + (bucket & (kLinear - 1)) + 1) << shift) - 1;
}

}  // namespace

LatencyHistogram::LatencyHistogram() : counts_(kBuckets) {}

void LatencyHistogram::Record(Nanoseconds latency, uint64_t times) {
  if (times == 0) return;
  const auto value = static_cast<uint64_t>(std::max<int64_t>(latency.count(), 0));
  counts_[BucketOf(value)] += times;
  count_ += times;
  max_ = std::max(max_, value);
  sum_ += static_cast<double>(value) * static_cast<double>(times);
}

void LatencyHistogram::Merge(const LatencyHistogram& other) {
  for (size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

LatencyHistogram::Nanoseconds LatencyHistogram::Mean() const {
  if (count_ == 0) return Nanoseconds(0);
  return Nanoseconds(std::llround(sum_ / static_cast<double>(count_)));
}

LatencyHistogram::Nanoseconds LatencyHistogram::Percentile(double percent) const {
  const double exact = std::ceil(static_cast<double>(count_) * percent / 100.0);
  const uint64_t rank = std::clamp<uint64_t>(static_cast<uint64_t>(exact), 1, count_ | 1);
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < kBuckets - 1; ++bucket) {
    seen += counts_[bucket];
    if (seen >= rank) return Nanoseconds(std::min(TopOf(bucket), max_));
  }
  return max();  // past the range, or nothing was recorded
}

}  // namespace tagcache::bench
