// Flush takes along what waits to be reclaimed, without a look at it, and still tells how many live
// entries there were. Work is told by counters, not by a clock.

#include <gtest/gtest.h>

#include <string>

#include "tests/store/cache.h"

namespace tagcache::testing {
namespace {

class Flush : public ::testing::Test {
 protected:
  void PutMany(const char* prefix, int count, const Words& tags) {
    for (int i = 0; i < count; ++i) cache_.Put(prefix + std::to_string(i), "v", tags);
  }
  uint64_t Reclaimed() { return cache_.store.Stats().reclaimed; }
  void ExpectEmpty() {
    while (cache_.store.RunMaintenance(1'000'000, cache_.now) > 0) {
    }
    const StoreStats stats = cache_.store.Stats();
    EXPECT_EQ(stats.items, 0u);
    EXPECT_EQ(stats.tags, 0u);
    EXPECT_EQ(stats.memory, empty_.memory);
  }

  Cache cache_;
  const StoreStats empty_ = cache_.store.Stats();
};

TEST_F(Flush, DoesNotReclaimWhatAnInvalidationLeft) {
  PutMany("a", 100'000, {"a"});
  PutMany("b", 3'000, {"b", "c"});
  PutMany("n", 200, {});
  ASSERT_EQ(cache_.InvalidateAny({"a"}), 100'000u);
  const uint64_t reclaimed = Reclaimed();
  EXPECT_EQ(cache_.store.Flush(cache_.now), 3'200u);
  EXPECT_EQ(Reclaimed(), reclaimed);
  EXPECT_EQ(cache_.store.Stats().items, 0u);
  ExpectEmpty();
}

// What is left of several invalidations, reclaimed in part, overwritten and deleted in part.
TEST_F(Flush, CountsTheLiveWhateverBecameOfTheDead) {
  PutMany("a", 1'000, {"a"});
  PutMany("b", 1'000, {"b"});
  PutMany("c", 1'000, {"c"});
  ASSERT_EQ(cache_.InvalidateAny({"a", "b"}), 2'000u);
  cache_.store.RunMaintenance(300, cache_.now);
  PutMany("a", 10, {"a"});
  PutMany("a1", 10, {"b"});
  EXPECT_FALSE(cache_.Delete("b7"));
  ASSERT_EQ(cache_.InvalidateAny({"c"}), 1'000u);
  const uint64_t reclaimed = Reclaimed();
  EXPECT_EQ(cache_.store.Flush(cache_.now), 20u);
  EXPECT_EQ(Reclaimed(), reclaimed);
  EXPECT_EQ(cache_.store.Flush(cache_.now), 0u);
  ExpectEmpty();
}

TEST_F(Flush, DoesNotBuryWhatAnEarlierOneLeft) {
  PutMany("a", 100'000, {});
  EXPECT_EQ(cache_.store.Flush(cache_.now), 100'000u);
  const uint64_t memory = cache_.store.Stats().memory;
  PutMany("b", 5, {"b"});
  EXPECT_EQ(cache_.store.Flush(cache_.now), 5u);
  EXPECT_EQ(cache_.store.Stats().memory, memory);
  ExpectEmpty();
}

// An entry that bears several tags may die of one, and then of another, or of two at once.
TEST_F(Flush, CountsTheLiveWhereTheDeadBoreSeveralTags) {
  PutMany("ab", 1'000, {"a", "b"});
  PutMany("a", 1'000, {"a"});
  PutMany("bc", 500, {"b", "c"});
  PutMany("de", 400, {"d", "e"});
  ASSERT_EQ(cache_.InvalidateAny({"a"}), 2'000u);
  ASSERT_EQ(cache_.InvalidateAny({"b"}), 500u);
  ASSERT_EQ(cache_.InvalidateAny({"d", "e"}), 400u);
  PutMany("x", 300, {"c", "a"});
  PutMany("y", 300, {"d"});
  ASSERT_EQ(cache_.InvalidateAny({"d"}), 300u);
  const uint64_t reclaimed = Reclaimed();
  EXPECT_EQ(cache_.store.Flush(cache_.now), 300u);
  EXPECT_EQ(Reclaimed(), reclaimed);
  ExpectEmpty();
}

// Invalidations live on in graves; counts of later ones are right all the same, and so is the end.
TEST_F(Flush, LeavesLaterInvalidationsRight) {
  for (int round = 0; round < 5; ++round) {
    PutMany("a", 400, {"a"});
    ASSERT_EQ(cache_.InvalidateAny({"a"}), 400u);
    PutMany("ab", 300, {"a", "b"});
    ASSERT_EQ(cache_.store.Flush(cache_.now), 300u);
    PutMany("ab", 200, {"a", "b"});
    PutMany("b", 200, {"b"});
    ASSERT_EQ(cache_.InvalidateAny({"a"}), 200u);
    ASSERT_EQ(cache_.InvalidateAny({"b"}), 200u);
    cache_.store.RunMaintenance(50, cache_.now);
  }
  EXPECT_EQ(cache_.store.Flush(cache_.now), 0u);
  ExpectEmpty();
}

}  // namespace
}  // namespace tagcache::testing
