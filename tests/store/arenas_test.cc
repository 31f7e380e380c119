// A store whose entries need more addresses than one arena has: each group of shards has an arena
// of its own. Here arenas are small, so that little fills them.

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/store/cache.h"

namespace tagcache::testing {
namespace {

constexpr size_t kMiB = 1024 * 1024;

std::string NumberedKey(int i) { return "key" + std::to_string(i); }

TEST(Arenas, HoldMoreThanOneOfThem) {
  Cache cache({.shards = 16, .seed = 9, .arena_bytes = kMiB});
  const std::string value(1'000, 'v');
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_EQ(cache.Put(NumberedKey(i), value, {"t" + std::to_string(i % 7)}), Outcome::kOk) << i;
  }
  EXPECT_GT(cache.store.Stats().memory, 10 * kMiB);
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(cache.Get(NumberedKey(i)), value);
  EXPECT_EQ(cache.Keys({"t3"}).size(), 1'429u);
}

TEST(Arenas, RefuseWhatDoesNotFitAndGoOn) {
  Cache cache({.shards = 4, .seed = 9, .arena_bytes = kMiB});
  const std::string value(1'000, 'v');
  Outcome outcome = Outcome::kOk;
  int stored = 0;
  for (; outcome == Outcome::kOk; ++stored) outcome = cache.Put(NumberedKey(stored), value);
  EXPECT_EQ(outcome, Outcome::kOutOfMemory);
  EXPECT_GT(stored, 2'000);
  cache.store.Flush(cache.now);
  while (cache.store.RunMaintenance(10'000, cache.now) > 0) {
  }
  EXPECT_EQ(cache.Put("k", value), Outcome::kOk);
}

// Batches, invalidations and flushes free entries of several arenas together.
TEST(Arenas, AreEmptyAfterwards) {
  Cache cache({.shards = 16, .seed = 9, .arena_bytes = 16 * kMiB});
  const uint64_t empty = cache.store.Stats().memory;
  std::mt19937_64 random(4);
  std::vector<std::string> names;
  for (int i = 0; i < 3'000; ++i) names.push_back(NumberedKey(i));
  const std::string value(2'000, 'v');
  for (int round = 0; round < 10; ++round) {
    std::vector<Write> writes;
    for (const std::string& name : names) {
      writes.push_back({.key = name, .value = std::string_view(value).substr(random() % 1'500)});
    }
    std::vector<Outcome> outcomes(writes.size());
    cache.store.MultiPut(writes, cache.now, outcomes);
    for (const Outcome outcome : outcomes) ASSERT_EQ(outcome, Outcome::kOk);
    for (int i = 0; i < 2'000; ++i) cache.Put(NumberedKey(i), "v", {"a", "b"}, 1 + random() % 50);
    cache.Advance(20);
    if (round % 3 == 0) cache.InvalidateAny({"a"});
    if (round % 3 == 1) cache.InvalidateAll({"a", "b"});
    cache.store.RunMaintenance(500, cache.now);
  }
  cache.store.Flush(cache.now);
  for (int i = 0; i < 200; ++i) cache.store.RunMaintenance(10'000, cache.now);
  EXPECT_EQ(cache.store.Stats().items, 0u);
  EXPECT_EQ(cache.store.Stats().memory, empty);
}

TEST(Arenas, KeepToTheMemoryLimitTogether) {
  constexpr size_t kLimit = 32 * kMiB;
  constexpr size_t kSizes[] = {100, 800, 3'000};
  Cache cache({.shards = 16, .seed = 9, .memory_limit = kLimit, .arena_bytes = 16 * kMiB});
  const std::string value(3'000, 'v');
  for (int i = 0; i < 100'000; ++i) {
    const size_t size = kSizes[i / 33'334];
    ASSERT_EQ(cache.Put(NumberedKey(i), std::string_view(value).substr(0, size), {"t"}),
              Outcome::kOk);
    if (i % 64 != 0) continue;
    cache.store.RunMaintenance(100, cache.now);
    ASSERT_LE(cache.store.Stats().held, kLimit + kLimit / 10 + kMiB) << i;
  }
  EXPECT_GT(cache.store.Stats().memory, kLimit / 2);
}

}  // namespace
}  // namespace tagcache::testing
