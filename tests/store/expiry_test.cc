#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "tests/store/cache.h"

namespace tagcache::testing {
namespace {

TEST(Expiry, AnEntryIsThereUntilItsLastMillisecond) {
  Cache cache;
  cache.Put("k", "v", {}, 100);
  cache.Advance(99);
  EXPECT_TRUE(cache.Has("k"));
  cache.Advance(1);
  EXPECT_FALSE(cache.Has("k"));
}

TEST(Expiry, WithoutATtlAnEntryStays) {
  Cache cache;
  cache.Put("k", "v");
  cache.now = (uint64_t{1} << 48) - 2;  // milliseconds: 8900 years
  EXPECT_TRUE(cache.Has("k"));
}

TEST(Expiry, ATtlTooLongToCountIsNone) {
  Cache cache;
  cache.Put("k", "v", {}, UINT64_MAX);
  cache.Put("m", "v", {}, UINT64_MAX - cache.now);
  EXPECT_TRUE(cache.Has("k"));
  EXPECT_TRUE(cache.Has("m"));
  EXPECT_FALSE(cache.store.Meta("k", cache.now)->ttl_left_ms.has_value());
  EXPECT_FALSE(cache.store.Meta("m", cache.now)->ttl_left_ms.has_value());
}

TEST(Expiry, APutWithTtlZeroStoresNothingAndRemovesTheOldValue) {
  Cache cache;
  cache.Put("k", "old", {"t"});
  EXPECT_EQ(cache.Put("k", "new", {"u"}, 0), Outcome::kOk);
  EXPECT_FALSE(cache.Has("k"));
  EXPECT_EQ(cache.store.Stats().items, 0u);
  EXPECT_EQ(cache.store.Stats().tags, 0u);
}

TEST(Expiry, ConditionalWritesWithTtlZeroKeepTheirCondition) {
  Cache cache;
  EXPECT_EQ(cache.Put("k", "v", {}, 0, WriteMode::kReplace), Outcome::kNotFound);
  EXPECT_EQ(cache.Put("k", "v", {}, 0, WriteMode::kAdd), Outcome::kOk);
  EXPECT_FALSE(cache.Has("k"));
  cache.Put("k", "old");
  EXPECT_EQ(cache.Put("k", "v", {}, 0, WriteMode::kAdd), Outcome::kExists);
  EXPECT_EQ(cache.Get("k"), "old");
  EXPECT_EQ(cache.Put("k", "v", {}, 0, WriteMode::kReplace), Outcome::kOk);
  EXPECT_FALSE(cache.Has("k"));
}

TEST(Expiry, TouchSetsTheTimeAnew) {
  Cache cache;
  cache.Put("k", "v", {"t"}, 100);
  cache.Advance(50);
  EXPECT_TRUE(cache.store.Touch("k", 100, cache.now));
  cache.Advance(99);
  EXPECT_EQ(cache.Get("k"), "v");
  EXPECT_EQ(cache.TagsOf("k"), List({"t"}));
  cache.Advance(1);
  EXPECT_FALSE(cache.Has("k"));
}

TEST(Expiry, TouchWithoutATtlMakesAnEntryStay) {
  Cache cache;
  cache.Put("k", "v", {}, 100);
  EXPECT_TRUE(cache.store.Touch("k", std::nullopt, cache.now));
  cache.Advance(1'000'000);
  EXPECT_TRUE(cache.Has("k"));
}

TEST(Expiry, TouchWithTtlZeroRemoves) {
  Cache cache;
  cache.Put("k", "v", {"t"});
  EXPECT_TRUE(cache.store.Touch("k", 0, cache.now));
  EXPECT_FALSE(cache.Has("k"));
  EXPECT_EQ(cache.store.Stats().tags, 0u);
}

TEST(Expiry, TouchDoesNotReviveAnExpiredEntry) {
  Cache cache;
  cache.Put("k", "v", {}, 100);
  cache.Advance(100);
  EXPECT_FALSE(cache.store.Touch("k", 1000, cache.now));
  EXPECT_FALSE(cache.Has("k"));
}

TEST(Expiry, TouchIsNoWrite) {
  Cache cache;
  cache.Put("k", "v");
  const uint64_t version = cache.store.Meta("k", cache.now)->version;
  cache.Advance(30);
  cache.store.Touch("k", 1000, cache.now);
  EXPECT_EQ(cache.store.Meta("k", cache.now)->version, version);
  EXPECT_EQ(cache.store.Meta("k", cache.now)->age_ms, 30u);
}

TEST(Expiry, DeleteDoesNotCountAnExpiredEntry) {
  Cache cache;
  cache.Put("k", "v", {}, 100);
  cache.Advance(100);
  EXPECT_FALSE(cache.Delete("k"));
}

TEST(Expiry, InvalidateAndKeysSkipExpiredEntries) {
  Cache cache;
  cache.Put("k", "v", {"t"}, 100);
  cache.Put("m", "v", {"t"});
  cache.Advance(100);
  EXPECT_EQ(cache.Keys({"t"}), List({"m"}));
  EXPECT_EQ(cache.InvalidateAny({"t"}), 1u);
  EXPECT_EQ(cache.store.Stats().items, 0u);
}

// Expired entries that wait to be removed may be counted where there are more than an invalidation
// removes itself. The live ones always are, and exactly once nothing waits.
TEST(Expiry, AnInvalidationCountsAllTheLiveHoweverManyHaveExpired) {
  Cache cache;
  const auto fill = [&] {
    for (int i = 0; i < 20'000; ++i) {
      cache.Put("expired" + std::to_string(i), "v", {"t", i % 3 == 0 ? "u" : "w"}, 10);
      if (i % 20 == 0) cache.Put("live" + std::to_string(i), "v", {"t"});
      if (i % 40 == 0) cache.Put("both" + std::to_string(i), "v", {"t", "u"}, 1'000);
    }
    cache.Advance(10);
  };
  const auto maintain = [&] {
    while (cache.store.RunMaintenance(1'000'000, cache.now) > 0) {
    }
  };
  fill();
  const uint64_t of_t = cache.InvalidateAny({"t"});
  EXPECT_GE(of_t, 1'500u);
  EXPECT_LE(of_t, 21'500u);  // no more than the entries that have the tag
  maintain();
  EXPECT_EQ(cache.InvalidateAny({"u"}), 0u);
  fill();
  const uint64_t of_both = cache.InvalidateAny({"u", "w"});
  EXPECT_GE(of_both, 500u);
  EXPECT_LE(of_both, 20'500u);
  maintain();
  EXPECT_EQ(cache.InvalidateAny({"t"}), 1'000u);
  fill();
  maintain();
  EXPECT_EQ(cache.InvalidateAny({"t"}), 1'500u);
  maintain();
  EXPECT_EQ(cache.InvalidateAny({"u", "w"}), 0u);
}

TEST(Expiry, AnAccessGivesTheMemoryBackAndCounts) {
  Cache cache;
  cache.Put("k", "v", {"t"}, 100);
  cache.Advance(100);
  EXPECT_FALSE(cache.Has("k"));
  const StoreStats stats = cache.store.Stats();
  EXPECT_EQ(stats.items, 0u);
  EXPECT_EQ(stats.tags, 0u);
  EXPECT_EQ(stats.expired, 1u);
}

TEST(Sweep, RemovesExpiredEntriesAndNothingElse) {
  Cache cache;
  for (int i = 0; i < 5000; ++i) {
    cache.Put("k" + std::to_string(i), "v", {"t" + std::to_string(i % 7)}, i % 2 ? 10 : 1000);
  }
  cache.Advance(32);
  EXPECT_GE(cache.store.RunMaintenance(SIZE_MAX, cache.now), 2500u);
  EXPECT_EQ(cache.store.Stats().items, 2500u);
  EXPECT_EQ(cache.store.Stats().expired, 2500u);
  for (int i = 0; i < 5000; ++i) EXPECT_EQ(cache.Has("k" + std::to_string(i)), i % 2 == 0);
}

TEST(Sweep, TakesExpiredEntriesOffTheirTags) {
  Cache cache;
  cache.Put("k", "v", {"a", "b"}, 10);
  cache.Advance(32);
  EXPECT_EQ(cache.store.RunMaintenance(SIZE_MAX, cache.now), 1u);
  EXPECT_EQ(cache.store.Stats().tags, 0u);
}

TEST(Sweep, StaysWithinItsBudgetAndGoesOnWhereItStopped) {
  Cache cache;
  for (int i = 0; i < 1000; ++i) cache.Put("k" + std::to_string(i), "v", {}, 10);
  cache.Advance(32);
  uint64_t removed = 0;
  for (int call = 0; call < 10; ++call) {
    const size_t now_removed = cache.store.RunMaintenance(100, cache.now);
    EXPECT_LE(now_removed, 100u);
    removed += now_removed;
  }
  EXPECT_EQ(removed, 1000u);
}

TEST(Sweep, ReachesEveryShardThoughMostEntriesStay) {
  Cache cache;
  for (int i = 0; i < 3000; ++i) cache.Put("stay" + std::to_string(i), "v");
  for (int i = 0; i < 30; ++i) cache.Put("go" + std::to_string(i), "v", {}, 10);
  cache.Advance(32);
  uint64_t removed = 0;
  for (int call = 0; call < 100; ++call) removed += cache.store.RunMaintenance(64, cache.now);
  EXPECT_EQ(removed, 30u);
}

// Entries come faster than maintenance runs: here it never does.
TEST(Sweep, WritesKeepUpWithWhatExpires) {
  struct Pace {
    uint64_t ttl_ms;
    uint64_t step_ms;  // from one write to the next
  };
  for (const Pace pace :
       {Pace{50, 1}, Pace{3'000, 1}, Pace{200'000, 50}, Pace{80'000'000, 10'000}}) {
    const uint64_t live = pace.ttl_ms / pace.step_ms;
    Cache cache;
    for (uint64_t i = 0; i < 10 * live; ++i) {
      if (i % 2 == 0) {
        cache.Put("k" + std::to_string(i), "v", {"t"}, pace.ttl_ms);
      } else {
        const std::string key = "n" + std::to_string(i);
        cache.store.Increment({.key = key, .ttl_ms = pace.ttl_ms}, cache.now);
      }
      cache.Advance(pace.step_ms);
    }
    // Expired entries wait for the next write that comes to their shard, of 16.
    EXPECT_LE(cache.store.Stats().items, live + live / 10 + 100) << pace.ttl_ms;
  }
}

TEST(Sweep, WritesRemoveWhatAnInvalidationLeft) {
  Cache cache;
  for (int i = 0; i < 5000; ++i) cache.Put("k" + std::to_string(i), "v", {"t"});
  EXPECT_EQ(cache.InvalidateAny({"t"}), 5000u);
  EXPECT_EQ(cache.store.Stats().reclaimed, 0u);
  for (int i = 0; i < 2000; ++i) cache.Put("m" + std::to_string(i), "v");
  EXPECT_EQ(cache.store.Stats().reclaimed, 5000u);
}

TEST(Sweep, OfAnEmptyStoreEnds) {
  Cache cache;
  EXPECT_EQ(cache.store.RunMaintenance(SIZE_MAX, cache.now), 0u);
  EXPECT_EQ(cache.store.RunMaintenance(0, cache.now), 0u);
}

}  // namespace
}  // namespace tagcache::testing
