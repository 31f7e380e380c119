#include "protocol/spin_gate.h"

#include <gtest/gtest.h>

namespace tagcache::protocol {
namespace {

// Of so many turns, how many spun, where each that does ends as `paid` says.
int Spins(SpinGate& gate, int turns, bool paid) {
  int spins = 0;
  for (int i = 0; i < turns; ++i) {
    if (!gate.Open()) continue;
    ++spins;
    gate.Report(paid);
  }
  return spins;
}

TEST(SpinGate, IsOpenWhileSpinningPays) {
  SpinGate gate;
  EXPECT_EQ(Spins(gate, 1000, true), 1000);
}

TEST(SpinGate, ClosesAfterFailuresInARowAndNotBefore) {
  SpinGate gate;
  EXPECT_EQ(Spins(gate, SpinGate::kPatience, false), static_cast<int>(SpinGate::kPatience));
  EXPECT_EQ(Spins(gate, SpinGate::kFirstLeftOut, false), 0);
  EXPECT_TRUE(gate.Open());
}

TEST(SpinGate, OneSuccessInAWhileKeepsItOpen) {
  SpinGate gate;
  for (int round = 0; round < 100; ++round) {
    EXPECT_EQ(Spins(gate, SpinGate::kPatience - 1, false),
              static_cast<int>(SpinGate::kPatience) - 1);
    EXPECT_EQ(Spins(gate, 1, true), 1);
  }
}

TEST(SpinGate, SpinsInLessThanTwoPerCentOfTheTurnsOfAPeerThatIsAlwaysLate) {
  SpinGate gate;
  Spins(gate, 1000, false);
  EXPECT_LT(Spins(gate, 10'000, false), 200);
}

TEST(SpinGate, IsWholeAgainAfterOneSuccess) {
  SpinGate gate;
  Spins(gate, 1000, false);
  while (!gate.Open()) {
  }
  gate.Report(true);
  EXPECT_EQ(Spins(gate, SpinGate::kPatience, false), static_cast<int>(SpinGate::kPatience));
}

}  // namespace
}  // namespace tagcache::protocol
