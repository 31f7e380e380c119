#include "tools/bench/latency_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace tagcache::bench {
namespace {

using std::chrono::nanoseconds;

// The smallest value that `percent` of the values do not exceed.
uint64_t TruePercentile(const std::vector<uint64_t>& sorted, double percent) {
  const double rank = std::ceil(static_cast<double>(sorted.size()) * percent / 100);
  return sorted[std::max<size_t>(static_cast<size_t>(rank), 1) - 1];
}

std::vector<uint64_t> Draw(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> latency(11, 2);  // around 60 us, with a long tail
  std::vector<uint64_t> values(count);
  for (uint64_t& value : values) value = static_cast<uint64_t>(latency(random));
  return values;
}

LatencyHistogram Of(const std::vector<uint64_t>& values) {
  LatencyHistogram histogram;
  for (const uint64_t value : values) histogram.Record(nanoseconds(value));
  return histogram;
}

TEST(LatencyHistogram, PercentilesAreNeverBelowAndAtMost1In128AboveTheTrueOnes) {
  std::vector<uint64_t> values = Draw(50'000, 1);
  const LatencyHistogram histogram = Of(values);
  std::sort(values.begin(), values.end());
  for (const double percent : {0.01, 1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 99.99, 100.0}) {
    const uint64_t exact = TruePercentile(values, percent);
    const auto reported = static_cast<uint64_t>(histogram.Percentile(percent).count());
    EXPECT_GE(reported, exact) << percent;
    EXPECT_LE(reported, exact + exact / 128) << percent;
  }
}

TEST(LatencyHistogram, EveryPowerOfTwoAndItsNeighboursAreWithinTheBound) {
  for (unsigned bit = 0; bit < 39; ++bit) {
    for (const int64_t off : {-1, 0, 1}) {
      const int64_t value = std::max<int64_t>((int64_t{1} << bit) + off, 0);
      LatencyHistogram histogram;
      histogram.Record(nanoseconds(value));
      histogram.Record(nanoseconds(int64_t{1} << 39));  // so that max does not hide the bucket
      const int64_t reported = histogram.Percentile(50).count();
      EXPECT_GE(reported, value);
      EXPECT_LE(reported, value + value / 128);
    }
  }
}

TEST(LatencyHistogram, MaxAndMeanAreExact) {
  const LatencyHistogram histogram = Of({1000, 2000, 1'234'567});
  EXPECT_EQ(histogram.max().count(), 1'234'567);
  EXPECT_EQ(histogram.Percentile(100).count(), 1'234'567);
  EXPECT_EQ(histogram.Mean().count(), (1000 + 2000 + 1'234'567) / 3);
}

TEST(LatencyHistogram, MergedIsAsIfRecordedInOne) {
  std::vector<uint64_t> a = Draw(3000, 2);
  const std::vector<uint64_t> b = Draw(500, 3);
  LatencyHistogram merged = Of(a);
  merged.Merge(Of(b));
  a.insert(a.end(), b.begin(), b.end());
  const LatencyHistogram both = Of(a);
  EXPECT_EQ(merged.count(), both.count());
  EXPECT_EQ(merged.max(), both.max());
  EXPECT_NEAR(static_cast<double>(merged.Mean().count()), static_cast<double>(both.Mean().count()),
              1);
  for (const double percent : {1.0, 50.0, 99.0, 99.9, 100.0}) {
    EXPECT_EQ(merged.Percentile(percent), both.Percentile(percent)) << percent;
  }
}

TEST(LatencyHistogram, TimesCountsAsThatManyValues) {
  LatencyHistogram histogram;
  histogram.Record(nanoseconds(10), 98);
  histogram.Record(nanoseconds(90), 2);
  EXPECT_EQ(histogram.count(), 100u);
  EXPECT_EQ(histogram.Percentile(98).count(), 10);
  EXPECT_EQ(histogram.Percentile(98.1).count(), 90);
}

TEST(LatencyHistogram, ValuesOutsideTheRangeCountAtItsEnds) {
  LatencyHistogram histogram;
  histogram.Record(nanoseconds(-5));
  histogram.Record(std::chrono::hours(5));
  EXPECT_EQ(histogram.count(), 2u);
  EXPECT_EQ(histogram.Percentile(50).count(), 0);
  EXPECT_EQ(histogram.Percentile(100), std::chrono::hours(5));
}

TEST(LatencyHistogram, WithoutValuesEverythingIsZero) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.Percentile(50).count(), 0);
  EXPECT_EQ(histogram.Mean().count(), 0);
  EXPECT_EQ(histogram.max().count(), 0);
}

}  // namespace
}  // namespace tagcache::bench
