#include "server/commands/histogram.h"

#include <gtest/gtest.h>

#include "tests/server/session_driver.h"

namespace tagcache::testing {
namespace {

using server::BucketOf;
using server::BucketTop;
using server::Histogram;
using server::HistogramSum;

TEST(Histogram, EveryValueIsAtMostItsBucketsTopAndAboveTheOneBefore) {
  for (uint64_t value = 0; value < (uint64_t{1} << 39); value += 1 + value / 37) {
    const size_t bucket = BucketOf(value);
    ASSERT_LE(value, BucketTop(bucket));
    ASSERT_TRUE(bucket == 0 || value > BucketTop(bucket - 1));
  }
}

TEST(Histogram, ABucketIsNoWiderThanASixteenthOfItsValues) {
  for (size_t bucket = 1; bucket < server::kHistogramBuckets; ++bucket) {
    const uint64_t low = BucketTop(bucket - 1) + 1;
    ASSERT_LE((BucketTop(bucket) - low) * 16, low) << bucket;
  }
}

TEST(Histogram, PercentilesAreAtMostASixteenthTooHigh) {
  Histogram histogram;
  for (uint64_t value = 1; value <= 10'000; ++value) histogram.Record(value);
  HistogramSum sum;
  histogram.AddTo(sum);
  for (const auto& [percent, exact] : {std::pair{50.0, 5000.0}, {95.0, 9500.0}, {99.0, 9900.0}}) {
    const double found = static_cast<double>(sum.Percentile(percent));
    EXPECT_GE(found, exact);
    EXPECT_LE(found, exact * 17 / 16);
  }
  EXPECT_EQ(sum.max, 10'000u);
}

TEST(Histogram, NoPercentileIsAboveTheMaximum) {
  Histogram histogram;
  histogram.Record(1000);
  HistogramSum sum;
  histogram.AddTo(sum);
  EXPECT_EQ(sum.Percentile(50), 1000u);
  EXPECT_EQ(sum.Percentile(99), 1000u);
}

TEST(Histogram, NothingRecordedIsZero) { EXPECT_EQ(HistogramSum().Percentile(99), 0u); }

TEST(Histogram, ValuesBeyondItsRangeCountInTheLastBucketWithTheTrueMaximum) {
  Histogram histogram;
  histogram.Record(UINT64_MAX);
  HistogramSum sum;
  histogram.AddTo(sum);
  EXPECT_EQ(sum.total, 1u);
  EXPECT_EQ(sum.max, UINT64_MAX);
}

TEST(Histogram, TheSumsOfTwoAreThoseOfAllValues) {
  Histogram fast;
  Histogram slow;
  for (int i = 0; i < 90; ++i) fast.Record(10);
  for (int i = 0; i < 10; ++i) slow.Record(5000);
  HistogramSum sum;
  fast.AddTo(sum);
  slow.AddTo(sum);
  EXPECT_EQ(sum.Percentile(50), 10u);
  EXPECT_GE(sum.Percentile(95), 5000u);
  EXPECT_EQ(sum.total, 100u);
}

}  // namespace
}  // namespace tagcache::testing
