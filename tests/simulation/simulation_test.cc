// Clients and a server over a simulated network, from seeds; see world.h. TAGCACHE_SIM_SEED=<seed>
// runs one schedule again, with a trace of its steps. TAGCACHE_SIM_SCHEDULES=<number> sets how many
// schedules run for each mix of codecs.

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "tests/simulation/world.h"

// The run under a sanitizer is the one in which the modules' assertions check each other.
#if defined(TAGCACHE_SANITIZED) && defined(NDEBUG)
#error "a sanitizer build needs its assertions"
#endif

namespace tagcache::simulation {
namespace {

constexpr uint64_t kSchedules = 5000;  // for each of the three mixes of codecs

std::optional<uint64_t> FromEnvironment(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return std::nullopt;
  return std::strtoull(text, nullptr, 10);
}

Tally Sum(const Tally& a, const Tally& b) {
  Tally sum = a;
  sum.operations += b.operations;
  sum.answers += b.answers;
  sum.items += b.items;
  sum.abandoned += b.abandoned;
  sum.late_replies += b.late_replies;
  sum.cuts += b.cuts;
  sum.shutdowns += b.shutdowns;
  sum.cut_off += b.cut_off;
  sum.out_of_order += b.out_of_order;
  sum.held_back += b.held_back;
  sum.expired += b.expired;
  return sum;
}

// Runs schedules 1, 2, ... and stops at the first that fails.
Tally RunSchedules(Codecs codecs) {
  const std::optional<uint64_t> seed = FromEnvironment("TAGCACHE_SIM_SEED");
  const uint64_t first = seed.value_or(1);
  const uint64_t count = FromEnvironment("TAGCACHE_SIM_SCHEDULES").value_or(kSchedules);
  const uint64_t last = seed ? first : count;
  Tally total;
  for (uint64_t i = first; i <= last; ++i) {
    World world(i, codecs, Sabotage::kNone, seed.has_value());
    const Verdict verdict = world.Run();
    total = Sum(total, world.tally());
    if (verdict.empty()) continue;
    ADD_FAILURE() << "seed " << i << ", " << verdict << "\nre-run it with TAGCACHE_SIM_SEED=" << i
                  << " simulation_test --gtest_filter="
                  << ::testing::UnitTest::GetInstance()->current_test_info()->test_suite_name()
                  << "." << ::testing::UnitTest::GetInstance()->current_test_info()->name();
    break;
  }
  std::printf(
      "%llu schedules, %llu operations, %llu answers, %llu items, %llu cuts, "
      "%llu cut off, %llu given up, %llu late replies dropped, %llu out of order, "
      "%llu held back, %llu expired\n",
      static_cast<unsigned long long>(last - first + 1),
      static_cast<unsigned long long>(total.operations),
      static_cast<unsigned long long>(total.answers), static_cast<unsigned long long>(total.items),
      static_cast<unsigned long long>(total.cuts), static_cast<unsigned long long>(total.cut_off),
      static_cast<unsigned long long>(total.abandoned),
      static_cast<unsigned long long>(total.late_replies),
      static_cast<unsigned long long>(total.out_of_order),
      static_cast<unsigned long long>(total.held_back),
      static_cast<unsigned long long>(total.expired));
  return total;
}

// A run in which no connection broke and no request was given up proves nothing.
void ExpectEventful(const Tally& tally) {
  if (std::getenv("TAGCACHE_SIM_SEED") != nullptr) return;
  EXPECT_GT(tally.answers, tally.operations / 2);
  EXPECT_GT(tally.items, 0u);
  EXPECT_GT(tally.abandoned, 0u);
  EXPECT_GT(tally.cuts, 0u);
  EXPECT_GT(tally.cut_off, 0u);
  EXPECT_GT(tally.shutdowns, 0u);
  EXPECT_GT(tally.held_back, 0u);
  EXPECT_GT(tally.expired, 0u);
}

// lessons 1, 2, 3, 7, 8, 9
TEST(Simulation, NoReplyReachesAnotherRequestOnTheBinaryCodec) {
  const Tally tally = RunSchedules(Codecs::kBinary);
  ExpectEventful(tally);
  if (std::getenv("TAGCACHE_SIM_SEED") != nullptr) return;
  EXPECT_GT(tally.late_replies, 0u);
  EXPECT_GT(tally.out_of_order, 0u);
}

TEST(Simulation, NoReplyReachesAnotherRequestOnTheTextCodec) {
  const Tally tally = RunSchedules(Codecs::kText);
  ExpectEventful(tally);
  EXPECT_EQ(tally.late_replies, 0u);  // such a connection is closed
  EXPECT_EQ(tally.out_of_order, 0u);
}

TEST(Simulation, NoReplyReachesAnotherRequestWithBothCodecsOnOneStore) {
  ExpectEventful(RunSchedules(Codecs::kMixed));
}

TEST(Simulation, ASeedAlwaysGivesTheSameSchedule) {
  const auto run = [](uint64_t seed) {
    World world(seed, Codecs::kMixed);
    EXPECT_EQ(world.Run(), "");
    const Tally& tally = world.tally();
    return std::to_string(tally.operations) + " " + std::to_string(tally.answers) + " " +
           std::to_string(tally.items) + " " + std::to_string(tally.cut_off) + " " +
           std::to_string(tally.abandoned);
  };
  for (uint64_t seed = 1; seed <= 20; ++seed) EXPECT_EQ(run(seed), run(seed));
  EXPECT_NE(run(1), run(2));
}

// Tests of the checker: it must catch what is broken on purpose.

struct Caught {
  uint64_t schedules = 0;
  Verdict first;
};

Caught CountCaught(Codecs codecs, Sabotage sabotage) {
  Caught caught;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    const Verdict verdict = World(seed, codecs, sabotage).Run();
    if (verdict.empty()) continue;
    if (caught.schedules++ == 0) caught.first = verdict;
  }
  std::printf("%llu of 200 caught, the first: %s\n",
              static_cast<unsigned long long>(caught.schedules), caught.first.c_str());
  return caught;
}

TEST(SimulationChecker, CatchesAClientThatIgnoresRequestIds) {
  EXPECT_GT(CountCaught(Codecs::kBinary, Sabotage::kFifoReplies).schedules, 50u);
}

TEST(SimulationChecker, CatchesATextConnectionReusedAfterATimeOut) {
  EXPECT_GT(CountCaught(Codecs::kText, Sabotage::kFifoReplies).schedules, 50u);
}

TEST(SimulationChecker, CatchesAValueThatIsServedAfterItsRemoval) {
  EXPECT_GT(CountCaught(Codecs::kBinary, Sabotage::kUndeadValues).schedules, 50u);
}

TEST(SimulationChecker, CatchesAValueThatWentAwayByItself) {
  EXPECT_GT(CountCaught(Codecs::kBinary, Sabotage::kForgetfulStore).schedules, 50u);
}

TEST(SimulationChecker, CatchesAnAnswerThatNeverComes) {
  EXPECT_GT(CountCaught(Codecs::kText, Sabotage::kLostReply).schedules, 50u);
}

}  // namespace
}  // namespace tagcache::simulation
