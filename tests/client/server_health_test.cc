#include "libclient/pool/server_health.h"

#include <gtest/gtest.h>

namespace tagcache {
namespace {

using std::chrono::milliseconds;

class ServerHealthTest : public ::testing::Test {
 protected:
  void Advance(milliseconds by) { now_ += by; }
  bool Admit() { return health_.Admit(now_); }
  void Fail(uint64_t random = 0) { health_.Failed(now_, random); }

  ServerHealth health_{milliseconds(50), milliseconds(400)};
  ServerHealth::TimePoint now_{std::chrono::hours(1)};
};

TEST_F(ServerHealthTest, AdmitsEveryoneWhileUp) {
  EXPECT_TRUE(Admit());
  EXPECT_TRUE(Admit());
}

// Lessons 12: while a server is down a call does not pay a connect for it.
TEST_F(ServerHealthTest, AdmitsNobodyUntilTheBackOffIsOver) {
  Admit();
  Fail();
  EXPECT_FALSE(Admit());
  Advance(milliseconds(49));
  EXPECT_FALSE(Admit());
  Advance(milliseconds(1));
  EXPECT_TRUE(Admit());
}

TEST_F(ServerHealthTest, AdmitsOneAtATimeAfterTheBackOff) {
  Admit();
  Fail();
  Advance(milliseconds(50));
  EXPECT_TRUE(Admit());
  EXPECT_FALSE(Admit()) << "another one is trying";
  Advance(milliseconds(1000));
  EXPECT_FALSE(Admit()) << "however long that takes";
  health_.Succeeded();
  EXPECT_TRUE(Admit());
  EXPECT_TRUE(Admit());
}

TEST_F(ServerHealthTest, BackOffDoublesUpToItsLimitAndStartsOverAfterASuccess) {
  Admit();
  for (const int wait : {50, 100, 200, 400, 400}) {
    Fail();
    Advance(milliseconds(wait - 1));
    EXPECT_FALSE(Admit()) << wait;
    Advance(milliseconds(1));
    EXPECT_TRUE(Admit()) << wait;
  }
  health_.Succeeded();
  Fail();
  Advance(milliseconds(50));
  EXPECT_TRUE(Admit());
}

TEST_F(ServerHealthTest, RandomPartIsUpToHalf) {
  auto shortest = milliseconds(1000);
  auto longest = milliseconds(0);
  for (uint64_t random = 0; random < 100'000'000; random += 999'983) {
    ServerHealth health(milliseconds(50), milliseconds(400));
    health.Failed(now_, random);
    const auto wait = std::chrono::duration_cast<milliseconds>(health.retry_at() - now_);
    shortest = std::min(shortest, wait);
    longest = std::max(longest, wait);
  }
  EXPECT_GE(shortest, milliseconds(25));
  EXPECT_LE(shortest, milliseconds(35));
  EXPECT_GE(longest, milliseconds(40));
  EXPECT_LE(longest, milliseconds(50));
}

TEST_F(ServerHealthTest, ConnectsThatFailTogetherAreOneFailure) {
  Admit();
  Admit();
  Admit();
  Fail();
  Fail();
  Fail();
  Advance(milliseconds(50));
  EXPECT_TRUE(Admit());
}

TEST_F(ServerHealthTest, ZeroBackOffAdmitsEveryCall) {
  ServerHealth health(milliseconds(0), milliseconds(0));
  health.Failed(now_, 7);
  EXPECT_TRUE(health.Admit(now_));
  EXPECT_TRUE(health.Admit(now_));
}

}  // namespace
}  // namespace tagcache
