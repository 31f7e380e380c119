#include "tools/bench/arrivals.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace tagcache::bench {
namespace {

std::vector<double> Gaps(ArrivalKind kind, double rate, size_t count) {
  Random random(3);
  Arrivals arrivals(kind, rate, TimePoint(), random);
  std::vector<double> gaps;
  TimePoint last = arrivals.next();
  while (gaps.size() < count) {
    arrivals.Advance(random);
    gaps.push_back(std::chrono::duration<double>(arrivals.next() - last).count());
    last = arrivals.next();
  }
  return gaps;
}

double MeanOf(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

TEST(Arrivals, ConstantGapsNeverDriftFromTheRate) {
  Random random(3);
  const TimePoint first(std::chrono::hours(1));
  Arrivals arrivals(ArrivalKind::kConstant, 3, first, random);
  EXPECT_EQ(arrivals.next(), first);
  for (int i = 0; i < 300'000; ++i) arrivals.Advance(random);
  const std::chrono::duration<double> took = arrivals.next() - first;
  EXPECT_NEAR(took.count(), 100'000, 1e-4);
}

TEST(Arrivals, PoissonGapsHaveTheRateAndTheSpreadOfIndependentUsers) {
  const std::vector<double> gaps = Gaps(ArrivalKind::kPoisson, 1000, 100'000);
  const double mean = MeanOf(gaps);
  EXPECT_NEAR(mean, 0.001, 0.00002);
  double squares = 0;
  size_t short_ones = 0;
  for (const double gap : gaps) {
    squares += (gap - mean) * (gap - mean);
    short_ones += gap < 0.001;
  }
  EXPECT_NEAR(std::sqrt(squares / static_cast<double>(gaps.size())), 0.001, 0.00003);
  EXPECT_NEAR(static_cast<double>(short_ones) / static_cast<double>(gaps.size()),
              1 - std::exp(-1.0), 0.01);
}

}  // namespace
}  // namespace tagcache::bench
