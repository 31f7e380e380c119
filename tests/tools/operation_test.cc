#include "tools/bench/operation.h"

#include <gtest/gtest.h>

namespace tagcache::bench {
namespace {

TEST(Mix, DrawsInProportion) {
  std::string why;
  const auto mix = Mix::Parse("get=70,set=0,invalidate=10,set-tagged=20", &why);
  ASSERT_TRUE(mix) << why;
  Random random(1);
  std::array<int, kOperations> counts{};
  for (int i = 0; i < 100'000; ++i) ++counts[static_cast<size_t>(mix->Choose(random))];
  EXPECT_NEAR(counts[static_cast<size_t>(Operation::kGet)], 70'000, 1000);
  EXPECT_NEAR(counts[static_cast<size_t>(Operation::kSetTagged)], 20'000, 1000);
  EXPECT_NEAR(counts[static_cast<size_t>(Operation::kInvalidate)], 10'000, 1000);
  EXPECT_EQ(counts[static_cast<size_t>(Operation::kSet)], 0);
  EXPECT_EQ(counts[static_cast<size_t>(Operation::kDelete)], 0);
}

TEST(Mix, RefusesWhatItDoesNotKnowByName) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "NAME=WEIGHT"},      {"get", "'get'"},
      {"get=1,", "''"},         {"fetch=1", "'fetch=1'"},
      {"get=-1", "'-1'"},       {"get=1.5", "'1.5'"},
      {"get=", "''"},           {"get=9999999999", "from"},
      {"get=1,get=2", "twice"}, {"get=0,set=0", "over 0"},
  };
  for (const auto& [text, complaint] : cases) {
    std::string why;
    EXPECT_FALSE(Mix::Parse(text, &why)) << text;
    EXPECT_NE(why.find(complaint), std::string::npos) << text << ": " << why;
  }
}

}  // namespace
}  // namespace tagcache::bench
