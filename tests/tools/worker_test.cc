// A worker with a simulated clock, and connections whose answers take as long as a test sets.

#include "tools/bench/worker.h"

#include <gtest/gtest.h>

#include <functional>
#include <sstream>

namespace tagcache::bench {
namespace {

using namespace std::chrono_literals;
using std::chrono::duration;

class FakeClock : public Clock {
 public:
  TimePoint Now() override { return now_; }
  void SleepUntil(TimePoint when) override { now_ = std::max(now_, when); }

 private:
  TimePoint now_{1h};
};

// An answer comes `Takes(sent)` after its request.
class FakeLane : public Lane {
 public:
  using Takes = std::function<TimePoint::duration(TimePoint sent)>;

  FakeLane(FakeClock& clock, size_t width, Takes takes)
      : clock_(clock), width_(width), takes_(std::move(takes)) {}

  Status Connect() override { return {}; }
  size_t width() const override { return width_; }
  void Start(std::span<const CallTimes> times, Workload&) override {
    EXPECT_TRUE(calls_.empty()) << "a round is under way";
    calls_.assign(times.begin(), times.end());
    answered_ = clock_.Now() + takes_(clock_.Now());
  }
  void Finish(Tally& tally) override {
    clock_.SleepUntil(answered_);
    for (const CallTimes& each : calls_) {
      tally.Answered(Operation::kGet, each, answered_, 1, 0);
    }
    calls_.clear();
  }

 private:
  FakeClock& clock_;
  const size_t width_;
  const Takes takes_;
  std::vector<CallTimes> calls_;
  TimePoint answered_;
};

class WorkerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ostringstream ignored;
    ASSERT_FALSE(ParseCommandLine({}, &options_, ignored, ignored));
    share_.start = share_.first_arrival = share_.measured_from = clock_.Now();
    share_.end = share_.start + 1s;
    share_.arrivals = ArrivalKind::kConstant;
  }

  void AddLane(FakeLane::Takes takes, size_t width = 1) {
    lanes_.push_back(std::make_unique<FakeLane>(clock_, width, std::move(takes)));
  }
  void AddLane(TimePoint::duration takes, size_t width = 1) {
    AddLane([takes](TimePoint) { return takes; }, width);
  }
  OperationTally Run() {
    tally_ = Tally(share_.measured_from);
    Worker worker(std::move(lanes_), Workload(options_, 1), clock_);
    worker.Run(share_, stop_, tally_);
    return tally_.All();
  }

  FakeClock clock_;
  BenchOptions options_;
  Share share_;
  std::atomic<bool> stop_ = false;
  std::vector<std::unique_ptr<Lane>> lanes_;
  Tally tally_;
};

TEST_F(WorkerTest, AClosedLoopAsksAgainWhenTheAnswerHasCome) {
  AddLane(1ms);
  const OperationTally all = Run();
  EXPECT_EQ(all.calls, 1000u);
  EXPECT_EQ(all.service.max(), 1ms);
}

TEST_F(WorkerTest, AClosedLoopKeepsEveryConnectionUnderWay) {
  for (int i = 0; i < 10; ++i) AddLane(1ms);
  EXPECT_EQ(Run().calls, 10'000u);
}

TEST_F(WorkerTest, ARoundIsAsDeepAsTheLane) {
  AddLane(1ms, 8);
  EXPECT_EQ(Run().calls, 8000u);
}

TEST_F(WorkerTest, AnOpenLoopKeepsItsRate) {
  share_.rate = 100;
  AddLane(1ms);
  const OperationTally all = Run();
  EXPECT_EQ(all.calls, 100u);
  EXPECT_EQ(all.corrected.max(), 1ms);
  EXPECT_EQ(tally_.unsent(), 0u);
}

// A server stands still for 300 ms of a second, so 300 of 1000 calls were due meanwhile. Only one
// of them was sent in time and took long; but counted from when they were due, all 300 waited.
TEST_F(WorkerTest, CallsDueWhileTheServerStoodStillCountFromWhenTheyWereDue) {
  share_.rate = 1000;
  const TimePoint stalls = share_.start + 200ms;
  AddLane([=](TimePoint sent) {
    const bool stalled = sent >= stalls && sent < stalls + 300ms;
    return stalled ? stalls + 300ms - sent : TimePoint::duration(10us);
  });
  const OperationTally all = Run();
  EXPECT_EQ(all.calls, 1000u);
  EXPECT_LT(all.service.Percentile(99), 1ms);
  EXPECT_NEAR(duration<double>(all.corrected.Percentile(90)).count(), 0.2, 0.01);
  EXPECT_NEAR(duration<double>(all.corrected.Percentile(75)).count(), 0.05, 0.01);
  EXPECT_NEAR(duration<double>(all.corrected.max()).count(), 0.3, 0.002);
}

TEST_F(WorkerTest, CallsThatCouldNotBeSentInTimeAreReported) {
  share_.rate = 1000;
  AddLane(10ms);
  const OperationTally all = Run();
  EXPECT_EQ(all.calls, 100u);
  EXPECT_EQ(all.calls + tally_.unsent(), 1000u);
}

TEST_F(WorkerTest, CallsThatAreLateGoTogetherWhereTheLaneIsDeep) {
  share_.rate = 1000;
  AddLane(10ms, 100);
  const OperationTally all = Run();
  EXPECT_GE(all.calls, 990u);
  EXPECT_LE(all.corrected.max(), 20ms);
}

TEST_F(WorkerTest, TheWarmUpLeavesNoCount) {
  share_.measured_from = share_.start + 600ms;
  AddLane([&](TimePoint sent) {
    return sent < share_.measured_from ? TimePoint::duration(100ms) : TimePoint::duration(1ms);
  });
  const OperationTally all = Run();
  EXPECT_EQ(all.calls, 400u);
  EXPECT_EQ(all.service.max(), 1ms);
}

TEST_F(WorkerTest, LateCallsOfTheWarmUpDoNotDelayTheRun) {
  share_.rate = 1000;
  share_.measured_from = share_.start + 500ms;
  AddLane([&](TimePoint sent) {
    return sent < share_.measured_from ? TimePoint::duration(100ms) : TimePoint::duration(100us);
  });
  const OperationTally all = Run();
  EXPECT_EQ(all.calls, 500u);
  EXPECT_LE(all.corrected.max(), 1ms);
  EXPECT_EQ(tally_.unsent(), 0u);
}

TEST_F(WorkerTest, UnsentCallsOfTheWarmUpAreNotCounted) {
  share_.rate = 1000;
  share_.measured_from = share_.start + 500ms;
  AddLane(10s);
  Run();
  EXPECT_EQ(tally_.unsent(), 500u);
}

TEST_F(WorkerTest, ARunOfRequestsMakesExactlyThatMany) {
  for (const double rate : {0.0, 50.0}) {
    share_.start = share_.first_arrival = clock_.Now();
    share_.measured_from = share_.start + 100ms;
    share_.requests = 777;
    share_.rate = rate;
    lanes_.clear();
    for (int i = 0; i < 3; ++i) AddLane(1ms, 10);
    EXPECT_EQ(Run().calls, 777u) << rate;
  }
}

TEST_F(WorkerTest, StopEndsTheRun) {
  AddLane([&](TimePoint sent) {
    if (sent >= share_.start + 100ms) stop_ = true;
    return 1ms;
  });
  EXPECT_EQ(Run().calls, 101u);
}

}  // namespace
}  // namespace tagcache::bench
