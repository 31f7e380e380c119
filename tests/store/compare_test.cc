// Versions: what compare-and-set and compare-and-delete go by.

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <vector>

#include "tests/store/cache.h"
#include "tests/store/run_all.h"

namespace tagcache::testing {
namespace {

#ifdef TAGCACHE_SANITIZED
constexpr int kSlower = 10;
#else
constexpr int kSlower = 1;
#endif

uint64_t VersionOf(Cache* cache, std::string_view key) {
  const std::optional<EntryMeta> meta = cache->store.Meta(key, cache->now);
  return meta.has_value() ? meta->version : 0;
}

Outcome Swap(Cache* cache, std::string_view key, std::string_view value, uint64_t version,
             const Words& tags = {}, std::optional<uint64_t> ttl_ms = {}) {
  Write write = {.key = key, .value = value, .ttl_ms = ttl_ms, .tags = tags};
  write.version = version;
  return cache->store.Put(write, WriteMode::kCompareAndSet, cache->now);
}

TEST(Version, IsNewWithEachWriteAndWithNothingElse) {
  Cache cache;
  std::set<uint64_t> seen;
  const auto is_new = [&](const char* by) {
    EXPECT_TRUE(seen.insert(VersionOf(&cache, "k")).second) << by;
  };
  seen.insert(0);
  cache.Put("k", "1", {"t"});
  is_new("put");
  cache.Put("k", "1", {"t"});
  is_new("the same put");
  cache.Replace("k", "2", {"t"});
  is_new("replace");
  cache.Increment("k", 1);
  is_new("increment");
  cache.Increment("k", 0);
  is_new("increment by nothing");
  cache.Put("k", "5", {}, std::nullopt, WriteMode::kAppend);
  is_new("append");
  cache.Put("k", "5", {}, std::nullopt, WriteMode::kPrepend);
  is_new("prepend");
  Swap(&cache, "k", "6", VersionOf(&cache, "k"));
  is_new("compare and set");
  cache.Delete("k");
  cache.Add("k", "7", {"t"});
  is_new("add after a delete");
  cache.InvalidateAny({"t"});
  cache.Put("k", "7", {"t"});
  is_new("put after an invalidation");
  cache.store.Flush(cache.now);
  cache.Put("k", "7", {"t"});
  is_new("put after a flush");

  const uint64_t version = VersionOf(&cache, "k");
  cache.Get("k");
  cache.store.Touch("k", 1'000, cache.now);
  cache.store.GetAndTouch("k", 2'000, cache.now);
  cache.Add("k", "refused");
  Swap(&cache, "k", "refused", version + 1);
  cache.store.CompareAndDelete("k", version + 1, cache.now);
  cache.Put("other", "v", {"t"});
  cache.Advance(1'000);
  cache.store.RunMaintenance(SIZE_MAX, cache.now);
  EXPECT_EQ(VersionOf(&cache, "k"), version);
}

// Far more writes than a clock of milliseconds can distinguish, and a clock that stands still, goes
// on, and is behind another thread's.
TEST(Version, IsUniqueWhateverTheClockSays) {
  for (const size_t shards : {1, 4}) {
    Cache cache({.shards = shards, .seed = 5});
    std::set<uint64_t> seen;
    const auto write = [&](int times) {
      for (int i = 0; i < times; ++i) {
        const std::string key = "k" + std::to_string(i % 7);
        cache.Put(key, "v");
        ASSERT_TRUE(seen.insert(VersionOf(&cache, key)).second) << cache.now;
      }
    };
    write(300'000 / kSlower);
    cache.now += 1;
    write(1'000);
    cache.now -= 2;
    write(1'000);
    cache.now = 0;
    write(1'000);
    cache.now = 2'000'000;
    write(1'000);
    cache.now = uint64_t{1} << 41;
    write(1'000);
  }
}

TEST(Version, IsUniqueOverManyShards) {
  Cache cache({.shards = 4096, .seed = 5});
  std::set<uint64_t> seen;
  for (int i = 0; i < 50'000; ++i) {
    const std::string key = "k" + std::to_string(i);
    cache.Put(key, "v");
    ASSERT_TRUE(seen.insert(VersionOf(&cache, key)).second);
  }
}

TEST(Version, TheAgeIsThatOfTheLastWrite) {
  Cache cache({.shards = 1, .seed = 5});
  for (int i = 0; i < 100'000 / kSlower; ++i) cache.Put("busy", "v");
  cache.Put("k", "v");
  EXPECT_LE(cache.store.Meta("k", cache.now)->age_ms, 0u);
  cache.Advance(5'000);
  EXPECT_NEAR(static_cast<double>(cache.store.Meta("k", cache.now)->age_ms), 5'000, 10);
  cache.store.Touch("k", 100'000, cache.now);
  cache.Advance(5'000);
  EXPECT_NEAR(static_cast<double>(cache.store.Meta("k", cache.now)->age_ms), 10'000, 10);
}

TEST(CompareAndSet, WritesWhereTheVersionIsStillThat) {
  Cache cache;
  cache.Put("k", "old", {"a"}, 100);
  const uint64_t version = VersionOf(&cache, "k");
  EXPECT_EQ(Swap(&cache, "k", "new", version, {"b"}, 200), Outcome::kOk);
  EXPECT_EQ(cache.Get("k"), "new");
  EXPECT_EQ(cache.TagsOf("k"), List({"b"}));
  EXPECT_EQ(cache.store.Meta("k", cache.now)->ttl_left_ms, 200u);
  EXPECT_EQ(cache.InvalidateAny({"a"}), 0u);
  EXPECT_EQ(Swap(&cache, "k", "newer", version), Outcome::kVersionMismatch);
  EXPECT_EQ(cache.Get("k"), "new");
  EXPECT_EQ(cache.TagsOf("k"), List({"b"}));
}

TEST(CompareAndSet, FindsNothingWhereTheEntryIsAbsent) {
  Cache cache;
  EXPECT_EQ(Swap(&cache, "k", "v", 1), Outcome::kNotFound);
  EXPECT_EQ(Swap(&cache, "k", "v", 0), Outcome::kNotFound);
  EXPECT_FALSE(cache.Has("k"));
  cache.Put("k", "v", {"t"});
  uint64_t version = VersionOf(&cache, "k");
  cache.InvalidateAny({"t"});
  EXPECT_EQ(Swap(&cache, "k", "v", version), Outcome::kNotFound);
  cache.Put("k", "v", {}, 100);
  version = VersionOf(&cache, "k");
  cache.Advance(100);
  EXPECT_EQ(Swap(&cache, "k", "v", version), Outcome::kNotFound);
  EXPECT_FALSE(cache.Has("k"));
}

TEST(CompareAndSet, AnEntryWithoutAVersionKnownIsNotWritten) {
  Cache cache;
  cache.Put("k", "v");
  EXPECT_EQ(Swap(&cache, "k", "new", 0), Outcome::kVersionMismatch);
  EXPECT_EQ(cache.Get("k"), "v");
}

TEST(CompareAndSet, ARefusedOneLeavesTheEntry) {
  Cache cache({.shards = 1, .max_tags = 1, .max_value = 10});
  cache.Put("k", "old", {"t"});
  const uint64_t version = VersionOf(&cache, "k");
  EXPECT_EQ(Swap(&cache, "k", "far too long", version), Outcome::kValueTooLarge);
  EXPECT_EQ(Swap(&cache, "k", "new", version, {"a", "b"}), Outcome::kTooManyTags);
  EXPECT_EQ(cache.Get("k"), "old");
  EXPECT_EQ(VersionOf(&cache, "k"), version);
  EXPECT_EQ(Swap(&cache, "k", "new", version), Outcome::kOk);
}

TEST(CompareAndSet, ATimeToLiveOfZeroEndsTheEntry) {
  Cache cache;
  cache.Put("k", "old", {"t"});
  EXPECT_EQ(Swap(&cache, "k", "new", VersionOf(&cache, "k"), {"t"}, 0), Outcome::kOk);
  EXPECT_FALSE(cache.Has("k"));
  EXPECT_EQ(cache.InvalidateAny({"t"}), 0u);
}

TEST(CompareAndSet, OfManyThreadsCountsRight) {
  Cache cache;
  cache.Put("k", "0", {"t"});
  constexpr int kTimes = 20'000 / kSlower;
  const auto count = [&] {
    for (int done = 0; done < kTimes;) {
      // Bytes and version are read apart: the version first, so a write between is noticed.
      const uint64_t version = VersionOf(&cache, "k");
      const uint64_t next = std::stoull(cache.Get("k")) + 1;
      const Outcome outcome = Swap(&cache, "k", std::to_string(next), version, {"t"});
      ASSERT_TRUE(outcome == Outcome::kOk || outcome == Outcome::kVersionMismatch);
      done += outcome == Outcome::kOk;
    }
  };
  RunAll({count, count, count, count});
  EXPECT_EQ(cache.Get("k"), std::to_string(4 * kTimes));
  EXPECT_EQ(cache.InvalidateAny({"t"}), 1u);
}

TEST(CompareAndDelete, DeletesWhereTheVersionIsStillThat) {
  Cache cache;
  EXPECT_EQ(cache.store.CompareAndDelete("k", 1, cache.now), Outcome::kNotFound);
  cache.Put("k", "v", {"t"});
  const uint64_t version = VersionOf(&cache, "k");
  cache.Put("k", "w", {"t"});
  EXPECT_EQ(cache.store.CompareAndDelete("k", version, cache.now), Outcome::kVersionMismatch);
  EXPECT_EQ(cache.Get("k"), "w");
  EXPECT_EQ(cache.store.CompareAndDelete("k", VersionOf(&cache, "k"), cache.now), Outcome::kOk);
  EXPECT_FALSE(cache.Has("k"));
  EXPECT_EQ(cache.InvalidateAny({"t"}), 0u);
  cache.Put("k", "x", {}, 100);
  const uint64_t last = VersionOf(&cache, "k");
  cache.Advance(100);
  EXPECT_EQ(cache.store.CompareAndDelete("k", last, cache.now), Outcome::kNotFound);
}

// A lock of the kind that is let go only by who took it.
TEST(CompareAndDelete, OfManyThreadsFreesOnlyItsOwn) {
  Cache cache;
  std::atomic<int> inside{0};
  std::atomic<int> freed{0};
  const auto work = [&] {
    for (int taken = 0; taken < 5'000 / kSlower;) {
      if (cache.Add("lock", "mine") != Outcome::kOk) {
        std::this_thread::yield();
        continue;
      }
      EXPECT_EQ(++inside, 1);
      ++taken;
      const uint64_t version = VersionOf(&cache, "lock");
      --inside;
      const Outcome outcome = cache.store.CompareAndDelete("lock", version, cache.now);
      // It must not end in a lock nobody lets go.
      if (outcome != Outcome::kOk) cache.Delete("lock");
      freed += outcome == Outcome::kOk;
      EXPECT_NE(cache.store.CompareAndDelete("lock", version, cache.now), Outcome::kOk);
    }
  };
  RunAll({work, work, work});
  EXPECT_EQ(freed, 3 * (5'000 / kSlower));
  EXPECT_FALSE(cache.Has("lock"));
}

}  // namespace
}  // namespace tagcache::testing
