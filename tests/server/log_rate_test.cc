#include "server/log_rate.h"

#include <gtest/gtest.h>

namespace tagcache::testing {
namespace {

using server::LogRate;
using std::chrono::milliseconds;

class Rate : public ::testing::Test {
 protected:
  void Advance(milliseconds time) { now_ += time; }
  // How many of `lines` lines are admitted.
  int Admitted(const char* event, int lines) {
    int admitted = 0;
    for (int i = 0; i < lines; ++i) admitted += rate_.Admit(event, now_);
    return admitted;
  }
  LogRate rate_;
  LogRate::Time now_{std::chrono::hours(1)};
};

// lessons 29
TEST_F(Rate, OfEachKindTenLinesASecondAreAdmitted) {
  EXPECT_EQ(Admitted("auth_failed", 1000), 10);
  EXPECT_EQ(Admitted("protocol_error", 1000), 10);
  Advance(milliseconds(999));
  EXPECT_EQ(Admitted("auth_failed", 1000), 0);
  Advance(milliseconds(1));
  EXPECT_EQ(Admitted("auth_failed", 1000), 10);
}

TEST_F(Rate, WhatIsLeftOutIsReportedOnceWhenItsSecondIsOver) {
  Admitted("auth_failed", 13);
  Admitted("quiet", 10);
  EXPECT_EQ(rate_.next_report(), now_ + milliseconds(1000));
  Advance(milliseconds(999));
  EXPECT_TRUE(rate_.TakeLeftOut(now_).empty());
  Advance(milliseconds(1));
  const auto left_out = rate_.TakeLeftOut(now_);
  ASSERT_EQ(left_out.size(), 1u);
  EXPECT_EQ(left_out[0].event, "auth_failed");
  EXPECT_EQ(left_out[0].lines, 3u);
  EXPECT_TRUE(rate_.TakeLeftOut(now_).empty());
  EXPECT_EQ(rate_.next_report(), LogRate::Time::max());
  EXPECT_EQ(rate_.left_out(), 3u);
}

TEST_F(Rate, ACountThatIsNotTakenYetGoesOn) {
  Admitted("auth_failed", 13);
  Advance(milliseconds(1000));
  Admitted("auth_failed", 14);
  EXPECT_TRUE(rate_.TakeLeftOut(now_).empty());
  Advance(milliseconds(1000));
  const auto left_out = rate_.TakeLeftOut(now_);
  ASSERT_EQ(left_out.size(), 1u);
  EXPECT_EQ(left_out[0].lines, 7u);
}

}  // namespace
}  // namespace tagcache::testing
