// Lessons 17. StoreOptions.memory_limit: what the store holds stays under it, by evicting, not by
// refusing.

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <string>
#include <vector>

#include "tests/store/cache.h"
#include "tests/store/run_all.h"

namespace tagcache::testing {
namespace {

#ifdef TAGCACHE_SANITIZED
constexpr int kSlower = 20;
#else
constexpr int kSlower = 1;
#endif

constexpr size_t kMiB = 1024 * 1024;
constexpr size_t kLimit = 32 * kMiB;
// Of writes that are on their way.
constexpr size_t kSlack = kMiB;

size_t AnySize(std::mt19937_64& random) {
  const uint64_t dice = random() % 1'000;
  if (dice < 700) return random() % 200;
  if (dice < 950) return random() % 5'000;
  if (dice < 999) return random() % 60'000;
  return random() % kMiB;
}

std::string NumberedKey(uint64_t i) { return "key" + std::to_string(i); }

TEST(MemoryLimit, IsKeptWhateverTheSizes) {
  Cache cache({.shards = 16, .seed = 9, .memory_limit = kLimit});
  std::mt19937_64 random(9);
  std::string value;
  for (int i = 0; i < 400'000 / kSlower; ++i) {
    const std::string key = NumberedKey(random() % 100'000);
    const std::string tag = "t" + std::to_string(random() % 5'000);
    switch (random() % 16) {
      case 0:
        cache.InvalidateAny({tag});
        break;
      case 1:
        cache.Delete(key);
        break;
      case 2: {
        const Outcome outcome = cache.Put(key, std::string(AnySize(random) / 4, 'a'), {},
                                          std::nullopt, WriteMode::kAppend);
        ASSERT_TRUE(outcome == Outcome::kOk || outcome == Outcome::kNotFound);
        break;
      }
      case 3: {
        const std::string counter = "n" + std::to_string(random() % 100'000);
        ASSERT_EQ(cache.Increment(counter, 1).outcome, Outcome::kOk);
        break;
      }
      default:
        value.assign(AnySize(random), 'v');
        ASSERT_EQ(cache.Put(key, value, {tag}, 1 + random() % 10'000'000), Outcome::kOk)
            << value.size();
        ASSERT_EQ(cache.Get(key), value);
    }
    if (i % 32 == 0) {
      cache.Advance(1);
      cache.store.RunMaintenance(100, cache.now);
    }
    ASSERT_LE(cache.store.Stats().memory, kLimit + kSlack) << i;
  }
  const StoreStats stats = cache.store.Stats();
  EXPECT_GT(stats.evicted, 0u);
  // Not by throwing everything away.
  EXPECT_GT(stats.memory, kLimit / 2);
  EXPECT_GT(stats.items, 1'000u);
}

// Sizes that change all at once: the room of the old ones must serve the new ones.
TEST(MemoryLimit, IsKeptWhenTheSizesChange) {
  Cache cache({.shards = 16, .seed = 9, .memory_limit = kLimit});
  std::mt19937_64 random(10);
  for (const size_t size : {20, 2'000, 100, 50'000, 300, 4'000, 1}) {
    const uint64_t writes = 3 * kLimit / (size + 100);
    for (uint64_t i = 0; i < writes / kSlower; ++i) {
      const std::string key = NumberedKey(random() % 1'000'000);
      ASSERT_EQ(cache.Put(key, std::string(size, 'v'), {"t"}), Outcome::kOk) << size;
      if (i % 64 == 0) {
        cache.Advance(1);
        cache.store.RunMaintenance(100, cache.now);
        ASSERT_LE(cache.store.Stats().memory, kLimit + kSlack) << size;
      }
    }
    if (kSlower > 1) continue;
    // Most of the room is theirs.
    EXPECT_GT(cache.store.Stats().items * (size + 60), kLimit / 3) << size;
  }
}

TEST(MemoryLimit, IsKeptWhateverTheThreads) {
  // Fewer writes fill a smaller limit.
  constexpr size_t kLimit = kSlower == 1 ? 32 * kMiB : 8 * kMiB;
  constexpr int kWrites = kSlower == 1 ? 60'000 : 6'000;
  Cache cache({.shards = 16, .seed = 9, .memory_limit = kLimit});
  std::atomic<int> writing{4};
  const auto write = [&](int seed) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < kWrites; ++i) {
      const std::string key = NumberedKey(random() % 100'000);
      const std::string tag = "t" + std::to_string(random() % 1'000);
      const std::string value(AnySize(random) / 4, static_cast<char>('a' + seed));
      ASSERT_EQ(cache.Put(key, value, {tag}), Outcome::kOk);
      if (i % 100 == 0) cache.InvalidateAny({tag});
      const EntryRef ref = cache.store.Get(NumberedKey(random() % 100'000), cache.now);
      if (!ref || ref.value().empty()) continue;
      ASSERT_EQ(ref.value().find_first_not_of(ref.value()[0]), std::string_view::npos);
    }
    --writing;
  };
  const auto watch = [&] {
    while (writing > 0) {
      ASSERT_LE(cache.store.Stats().memory, kLimit + 4 * kSlack);
      cache.store.RunMaintenance(100, cache.now);
    }
  };
  RunAll({[&] { write(1); }, [&] { write(2); }, [&] { write(3); }, [&] { write(4); }, watch});
  EXPECT_LE(cache.store.Stats().memory, kLimit + kSlack);
  EXPECT_GT(cache.store.Stats().evicted, 0u);
}

// Lessons 34. What was flushed is freed by those who need its room, whether maintenance runs or
// not: nothing fresh is evicted for it, and the limit holds.
TEST(MemoryLimit, IsKeptByFillingAndFlushingInTurn) {
  Cache cache({.shards = 16, .seed = 9, .memory_limit = kLimit});
  const std::string value(15'000, 'v');
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 1'500; ++i) {
      ASSERT_EQ(cache.Put(NumberedKey(i), value), Outcome::kOk);
      ASSERT_LE(cache.store.Stats().held, kLimit + kLimit / 10 + kSlack) << round;
    }
    for (int i = 0; i < 1'500; ++i) ASSERT_TRUE(cache.Has(NumberedKey(i))) << round;
    EXPECT_EQ(cache.store.Flush(cache.now), 1'500u);
  }
  EXPECT_EQ(cache.store.Stats().evicted, 0u);
}

TEST(MemoryLimit, WhatWasFlushedOrInvalidatedGoesBeforeAnythingFresh) {
  for (const bool flush : {true, false}) {
    Cache cache({.shards = 16, .seed = 9, .memory_limit = kLimit});
    // Sizes of both fillings differ: objects of one serve the other only as whole slabs.
    const auto fill = [&](size_t size) {
      int count = 0;
      const uint64_t before = cache.store.Stats().memory;
      while (cache.store.Stats().memory < before + kLimit / 2 || count % 64 != 0) {
        if (cache.store.Stats().evicted > 0 || count * size > kLimit / 2) break;
        cache.Put(NumberedKey(count++), std::string(size, 'v'), {"t"});
      }
      return count;
    };
    const int old = fill(100);
    EXPECT_EQ(flush ? cache.store.Flush(cache.now) : cache.InvalidateAny({"t"}),
              static_cast<uint64_t>(old));
    const std::string value(700, 'w');
    constexpr int kFresh = kLimit / 4 * 3 / 900;
    for (int i = 0; i < kFresh; ++i) {
      ASSERT_EQ(cache.Put("fresh" + std::to_string(i), value), Outcome::kOk);
      if (i % 64 == 0) {
        ASSERT_LE(cache.store.Stats().held, kLimit + kLimit / 10 + kSlack) << i;
      }
    }
    int there = 0;
    for (int i = 0; i < kFresh; ++i) there += cache.Has("fresh" + std::to_string(i));
    EXPECT_EQ(there, kFresh) << flush;
    EXPECT_EQ(cache.store.Stats().evicted, 0u) << flush;
  }
}

// The nodes of tags count, which no entry's size shows.
TEST(MemoryLimit, IsKeptWithTagsThatNobodyElseHas) {
  Cache cache({.shards = 16, .seed = 9, .memory_limit = kLimit});
  std::vector<std::string> names(64 * 200);
  for (int round = 0; round < 60 / (kSlower == 1 ? 1 : 4); ++round) {
    std::vector<std::string> keys;
    std::vector<Words> tags(200);
    for (int i = 0; i < 200; ++i) {
      keys.push_back(NumberedKey(200 * round + i));
      for (int j = 0; j < 64; ++j) {
        std::string& name = names[64 * i + j];
        name = keys.back() + ":" + std::to_string(j);
        name.resize(255, 't');
        tags[i].push_back(name);
      }
    }
    std::vector<Write> writes;
    for (int i = 0; i < 200; ++i) {
      writes.push_back({.key = keys[i], .value = "v"});
      writes.back().tags = tags[i];
    }
    std::vector<Outcome> outcomes(writes.size());
    cache.store.MultiPut(writes, cache.now, outcomes);
    for (const Outcome outcome : outcomes) ASSERT_EQ(outcome, Outcome::kOk);
    ASSERT_LE(cache.store.Stats().held, kLimit + kLimit / 10 + 2 * kSlack) << round;
  }
  EXPECT_GT(cache.store.Stats().items, kLimit / 40'000);
}

TEST(MemoryLimit, WhatIsReadStays) {
  Cache cache({.shards = 16, .seed = 9, .memory_limit = kLimit});
  const std::string value(1'000, 'v');
  for (int i = 0; i < 100; ++i) cache.Put("hot" + std::to_string(i), value);
  for (int i = 0; i < 150'000 / kSlower; ++i) {
    cache.Put(NumberedKey(i), value);
    cache.Get("hot" + std::to_string(i % 100));
    if (i % 32 != 0) continue;
    cache.Advance(1);
    cache.store.RunMaintenance(100, cache.now);
  }
  int there = 0;
  for (int i = 0; i < 100; ++i) there += cache.Has("hot" + std::to_string(i));
  EXPECT_GE(there, 90);
}

TEST(MemoryLimit, AnEvictedEntryIsOutOfReachOfItsTags) {
  Cache cache({.shards = 4, .seed = 9, .memory_limit = kLimit});
  const std::string value(2'000, 'v');
  constexpr int kWrites = 60'000;
  for (int i = 0; i < kWrites; ++i) {
    cache.Put(NumberedKey(i), value, {"t", "t" + std::to_string(i % 100)});
  }
  uint64_t there = 0;
  for (int i = 0; i < kWrites; ++i) there += cache.Has(NumberedKey(i));
  EXPECT_LT(there, static_cast<uint64_t>(kWrites));
  EXPECT_EQ(cache.Keys({"t"}, TagMatch::kAny, 100'000).size(), there);
  EXPECT_EQ(cache.InvalidateAny({"t"}), there);
}

TEST(MemoryLimit, AValueThatNeverFitsIsRefused) {
  Cache cache({.shards = 4, .seed = 9, .memory_limit = kLimit});
  for (int i = 0; i < 1'000; ++i) cache.Put(NumberedKey(i), "v");
  cache.Put("k", "old");
  EXPECT_EQ(cache.Put("k", std::string(kLimit + 1, 'v')), Outcome::kOutOfMemory);
  EXPECT_FALSE(cache.Has("k"));  // what was to be replaced is not served on
  EXPECT_EQ(cache.Put("k", "new"), Outcome::kOk);
  EXPECT_EQ(cache.Get("k"), "new");
  EXPECT_LE(cache.store.Stats().memory, kLimit + kSlack);
}

TEST(MemoryLimit, OverheadCounts) {
  Cache cache({.shards = 4, .seed = 9, .memory_limit = kLimit});
  const std::string value(1'000, 'v');
  const auto fill = [&] {
    for (int i = 0; i < 60'000; ++i) {
      ASSERT_EQ(cache.Put(NumberedKey(i), value), Outcome::kOk);
      if (i % 100 == 0) cache.store.RunMaintenance(100, cache.now);
    }
  };
  fill();
  EXPECT_GT(cache.store.Stats().memory, kLimit / 2 + kSlack);
  cache.store.SetOverhead(kLimit / 2);
  fill();
  EXPECT_LE(cache.store.Stats().memory, kLimit / 2 + kSlack);
  cache.store.SetOverhead(0);
  fill();
  EXPECT_GT(cache.store.Stats().memory, kLimit / 2 + kSlack);
}

// Lessons 32: eviction frees nothing of what readers hold.
TEST(MemoryLimit, ReadersOfReplacedValuesCostNoEntry) {
  Cache cache({.shards = 4, .seed = 9, .memory_limit = kLimit});
  const std::string value(10'000, 'v');
  for (int i = 0; i < 1'500; ++i) cache.Put(NumberedKey(i), value);
  const std::string large(kMiB, 'l');
  std::vector<EntryRef> pinned;
  for (int i = 0; i < 60; ++i) {
    ASSERT_EQ(cache.Put("large", large), Outcome::kOk);
    pinned.push_back(cache.store.Get("large", cache.now));
    cache.store.RunMaintenance(100, cache.now);
  }
  EXPECT_GE(cache.store.pinned_removed_bytes(), 59 * kMiB);
  EXPECT_EQ(cache.store.Stats().evicted, 0u);
  for (int i = 0; i < 1'500; ++i) ASSERT_TRUE(cache.Has(NumberedKey(i)));
}

TEST(MemoryLimit, APartOfItMayBeReserved) {
  Cache cache({.shards = 4, .seed = 9, .memory_limit = kLimit, .reserved = kLimit / 4});
  const std::string value(1'000, 'v');
  for (int i = 0; i < 60'000; ++i) {
    ASSERT_EQ(cache.Put(NumberedKey(i), value), Outcome::kOk);
    if (i % 100 == 0) cache.store.RunMaintenance(100, cache.now);
  }
  EXPECT_LE(cache.store.Stats().memory, kLimit / 4 * 3 + kSlack);
  EXPECT_EQ(cache.Put("k", std::string(kLimit / 16 - 8192, 'v')), Outcome::kOk)
      << "an entry's share is one of the whole limit";
}

// A reader holds on to bytes while all around is evicted.
TEST(MemoryLimit, PinnedBytesStay) {
  Cache cache({.shards = 4, .seed = 9, .memory_limit = kLimit});
  std::vector<EntryRef> pinned;
  for (int i = 0; i < 500; ++i) {
    const std::string key = "pin" + std::to_string(i);
    cache.Put(key, std::string(i * 20, static_cast<char>('a' + i % 26)), {"t"});
    pinned.push_back(cache.store.Get(key, cache.now));
  }
  for (int i = 0; i < 60'000; ++i) {
    ASSERT_EQ(cache.Put(NumberedKey(i), std::string(1'500, 'v'), {"t"}), Outcome::kOk);
    if (i % 100 == 0) cache.store.RunMaintenance(100, cache.now);
  }
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(pinned[i].value(), std::string(i * 20, static_cast<char>('a' + i % 26)));
  }
}

}  // namespace
}  // namespace tagcache::testing
