// A flush also empties the store of entries that wait to be removed, without visiting them, and
// still returns how many live entries there were. Work is measured by counters, not by a clock.

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

// Several invalidations left entries, of which some were removed, overwritten or deleted since.
TEST_F(Flush, CountsTheLiveWhateverBecameOfTheInvalidated) {
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

TEST_F(Flush, DoesNotFreeWhatAnEarlierOneLeft) {
  PutMany("a", 100'000, {});
  EXPECT_EQ(cache_.store.Flush(cache_.now), 100'000u);
  const uint64_t memory = cache_.store.Stats().memory;
  PutMany("b", 5, {"b"});
  EXPECT_EQ(cache_.store.Flush(cache_.now), 5u);
  EXPECT_EQ(cache_.store.Stats().memory, memory);
  ExpectEmpty();
}

// An entry may be reached by one invalidation after another, or by two tags of one. Flush may count
// such an entry as live while it waits to be removed, but misses no live one.
TEST_F(Flush, MissesNoLiveEntryWhereInvalidatedOnesHadSeveralTags) {
  PutMany("a", 3'000, {"a"});
  PutMany("ab", 1'000, {"a", "b"});
  PutMany("bc", 2'000, {"b", "c"});
  ASSERT_EQ(cache_.InvalidateAny({"a"}), 4'000u);
  ASSERT_GE(cache_.InvalidateAny({"b", "c"}), 2'000u);
  PutMany("x", 1'500, {"c", "a"});
  const uint64_t reclaimed = Reclaimed();
  EXPECT_GE(cache_.store.Stats().items, 1'500u);
  const uint64_t flushed = cache_.store.Flush(cache_.now);
  EXPECT_GE(flushed, 1'500u);
  EXPECT_LE(flushed, 1'500u + 2'000u);  // those that only the second one reached
  EXPECT_EQ(Reclaimed(), reclaimed);
  ExpectEmpty();
}

TEST_F(Flush, CountsFewEntriesExactlyWhateverWaits) {
  PutMany("ab", 300, {"a", "b"});
  PutMany("c", 300, {"c"});
  for (int i = 0; i < 300; ++i) cache_.Put("e" + std::to_string(i), "v", {"a"}, 10);
  cache_.Advance(10);
  ASSERT_EQ(cache_.InvalidateAny({"b"}), 300u);
  EXPECT_EQ(cache_.store.Flush(cache_.now), 300u);
  ExpectEmpty();
}

// Tombstones stay in flushed tables; counts of later invalidations are right all the same, and so
// is the end.
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
