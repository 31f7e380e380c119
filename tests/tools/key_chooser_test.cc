#include "tools/bench/key_chooser.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace tagcache::bench {
namespace {

constexpr size_t kDraws = 200'000;

std::vector<double> Frequencies(uint64_t keys, double skew) {
  const KeyChooser chooser(keys, skew);
  Random random(7);
  std::vector<double> counts(keys);
  for (size_t i = 0; i < kDraws; ++i) ++counts.at(chooser.Choose(random));
  return counts;
}

// Chi-square of the counts against weights (k+1)^-skew, as standard deviations from its mean.
double Deviation(uint64_t keys, double skew) {
  const std::vector<double> counts = Frequencies(keys, skew);
  double total = 0;
  for (uint64_t k = 0; k < keys; ++k) total += std::pow(static_cast<double>(k + 1), -skew);
  double chi = 0;
  for (uint64_t k = 0; k < keys; ++k) {
    const double expected = kDraws * std::pow(static_cast<double>(k + 1), -skew) / total;
    chi += (counts[k] - expected) * (counts[k] - expected) / expected;
  }
  const double freedom = static_cast<double>(keys - 1);
  return (chi - freedom) / std::sqrt(2 * freedom);
}

TEST(KeyChooser, FrequenciesFollowZipf) {
  for (const double skew : {0.3, 0.8, 0.99, 1.0, 1.01, 1.5, 2.0}) {
    EXPECT_LT(Deviation(50, skew), 5) << "skew " << skew;
  }
}

TEST(KeyChooser, UniformDrawsEachKeyAlike) { EXPECT_LT(Deviation(1000, 0), 5); }

TEST(KeyChooser, OneKeyIsAlwaysThatKey) {
  for (const double skew : {0.0, 1.0, 10.0}) EXPECT_EQ(Frequencies(1, skew)[0], kDraws);
}

TEST(KeyChooser, KeysOfAnyNumberStayInRange) {
  const uint64_t keys = uint64_t{1} << 48;
  for (const double skew : {0.0, 0.5, 1.0, 3.0}) {
    const KeyChooser chooser(keys, skew);
    Random random(1);
    for (int i = 0; i < 10'000; ++i) EXPECT_LT(chooser.Choose(random), keys);
  }
}

}  // namespace
}  // namespace tagcache::bench
