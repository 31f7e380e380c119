#ifndef TAGCACHE_TOOLS_BENCH_LATENCY_HISTOGRAM_H_
#define TAGCACHE_TOOLS_BENCH_LATENCY_HISTOGRAM_H_

// A histogram of latencies in nanoseconds, of fixed size, however many are recorded. Buckets are
// log-linear: values below 128 have one each, and each power of two above is cut into 128.
//
//   value      0 .. 127 | 128 .. 255 | 256 .. 511 | 512 .. 1023 | ...   2^40 (18 minutes)
//   a bucket       1    |     1      |     2      |      4      | ...
//
// So a percentile is at most 1/128 (0.8 %) above the true one, and never below it. The largest
// value is kept exactly.
//
// Ownership: a value, with 34 KiB on the heap. Threads: one at a time; each thread has its own, and
// they are merged at the end.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tagcache::bench {

class LatencyHistogram {
 public:
  using Nanoseconds = std::chrono::nanoseconds;

  LatencyHistogram();

  // Records it `times` times. A negative latency counts as 0, one past the range in the last
  // bucket.
  void Record(Nanoseconds latency, uint64_t times = 1);
  void Merge(const LatencyHistogram& other);

  uint64_t count() const { return count_; }
  Nanoseconds max() const { return Nanoseconds(max_); }
  Nanoseconds Mean() const;  // exact; 0 when nothing was recorded
  // What `percent` of the values do not exceed: the top of that value's bucket, and at most max().
  // 0 when nothing was recorded. REQUIRES: 0 < percent <= 100.
  Nanoseconds Percentile(double percent) const;

 private:
  std::vector<uint64_t> counts_;
  uint64_t count_ = 0;
  uint64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace tagcache::bench

#endif  // TAGCACHE_TOOLS_BENCH_LATENCY_HISTOGRAM_H_
