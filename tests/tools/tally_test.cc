#include "tools/bench/tally.h"

#include <gtest/gtest.h>

namespace tagcache::bench {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kStart{1h};

Status TimedOut(const char* message) { return Status(ErrorCode::kTimeout, message); }

TEST(Tally, CountsCallsKeysAndMissesByOperation) {
  Tally tally;
  tally.Answered(Operation::kGet, {kStart, kStart + 1ms}, kStart + 3ms, 10, 4);
  tally.Answered(Operation::kGet, {kStart, kStart}, kStart + 1ms, 10, 0);
  tally.Answered(Operation::kSet, {kStart, kStart}, kStart + 9ms, 1, 0);
  const OperationTally& get = tally.of(Operation::kGet);
  EXPECT_EQ(get.calls, 2u);
  EXPECT_EQ(get.keys, 20u);
  EXPECT_EQ(get.misses, 4u);
  EXPECT_EQ(get.service.max(), 2ms);
  EXPECT_EQ(get.corrected.max(), 3ms);
  EXPECT_EQ(tally.All().calls, 3u);
  EXPECT_EQ(tally.All().corrected.max(), 9ms);
  EXPECT_EQ(tally.last_answer(), kStart + 9ms);
}

TEST(Tally, CallsDueBeforeTheRunAreSeenInProgressAlone) {
  Progress progress;
  Tally tally(kStart, &progress);
  tally.Answered(Operation::kGet, {kStart - 1ns, kStart + 1ms}, kStart + 2ms, 1, 1);
  EXPECT_EQ(tally.All().calls, 0u);
  EXPECT_EQ(progress.calls, 1u);
  tally.Answered(Operation::kGet, {kStart, kStart}, kStart + 2ms, 1, 1);
  EXPECT_EQ(tally.All().calls, 1u);
  EXPECT_EQ(progress.calls, 2u);
}

TEST(Tally, ErrorsAreCountedByKindAndKeepTheFirstMessage) {
  Tally tally;
  tally.Failed(TimedOut("first"));
  tally.Failed(TimedOut("second"));
  tally.Failed(Status(ErrorCode::kServer, "full", ServerError::kOutOfMemory));
  ASSERT_EQ(tally.errors().size(), 2u);
  EXPECT_EQ(tally.errors().at("timeout").count, 2u);
  EXPECT_EQ(tally.errors().at("timeout").example, "first");
  EXPECT_EQ(tally.errors().at("server: out_of_memory").count, 1u);
}

TEST(Tally, MergedHoldsBoth) {
  Tally one, other;
  one.Answered(Operation::kGet, {kStart, kStart}, kStart + 1ms, 1, 0);
  one.Failed(TimedOut("one"));
  one.Unsent(3);
  other.Answered(Operation::kGet, {kStart, kStart}, kStart + 5ms, 2, 1);
  other.Failed(TimedOut("other"));
  other.Failed(Status(ErrorCode::kConnection, "gone"));
  other.Unsent(4);
  one.Merge(other);
  EXPECT_EQ(one.of(Operation::kGet).calls, 2u);
  EXPECT_EQ(one.of(Operation::kGet).keys, 3u);
  EXPECT_EQ(one.of(Operation::kGet).misses, 1u);
  EXPECT_EQ(one.of(Operation::kGet).service.max(), 5ms);
  EXPECT_EQ(one.errors().at("timeout").count, 2u);
  EXPECT_EQ(one.errors().at("timeout").example, "one");
  EXPECT_EQ(one.errors().at("connection").count, 1u);
  EXPECT_EQ(one.unsent(), 7u);
  EXPECT_EQ(one.last_answer(), kStart + 5ms);
}

}  // namespace
}  // namespace tagcache::bench
