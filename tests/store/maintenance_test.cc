// A call of RunMaintenance does a little of what there is to do: a request that comes in between
// waits for that little. Work is measured by what was freed, not by a clock.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "server/store/arena.h"
#include "tests/store/cache.h"

namespace tagcache::testing {
namespace {

constexpr size_t kBudget = 16;

struct Sleeper final : server::Waiter {
  void Wake() override { ++woken; }
  int woken = 0;
};

// The most by which `number` of the statistics fell in one call, until there was nothing to do.
size_t LargestStep(Cache& cache, uint64_t StoreStats::*number) {
  size_t largest = 0;
  uint64_t before = cache.store.Stats().*number;
  for (bool more = true; more;) {
    more = cache.store.RunMaintenance(kBudget, cache.now) >= kBudget;
    const uint64_t after = cache.store.Stats().*number;
    largest = std::max<size_t>(largest, before - std::min(before, after));
    before = after;
  }
  return largest;
}

TEST(RunMaintenance, GivesSlabsBackToTheSystemOneAtATime) {
  Cache cache;
  const uint64_t empty = cache.store.Stats().held;
  const std::string value(8'000, 'v');
  for (int i = 0; i < 4'000; ++i) cache.Put("k" + std::to_string(i), value);
  cache.store.Flush(cache.now);
  EXPECT_GT(cache.store.Stats().held, empty + 30'000'000);
  EXPECT_LE(LargestStep(cache, &StoreStats::held), 2 * server::kSlabBytes);
  EXPECT_LE(cache.store.Stats().held, empty + 34 * server::kSlabBytes);  // the reserve
}

TEST(RunMaintenance, FreesTheTagsOfAFlushAFewAtATime) {
  Cache cache;
  for (int i = 0; i < 20'000; ++i) {
    const std::string tag(200, static_cast<char>('a' + i % 26));
    cache.Put("k" + std::to_string(i), "v", {tag + std::to_string(i)});
  }
  cache.store.Flush(cache.now);
  // What goes in one piece is a shard's two tables, of 16 shards.
  const size_t tables = 4 * (20'000 / 16) * (8 + 16);
  EXPECT_LE(LargestStep(cache, &StoreStats::memory), kBudget * 400 + tables);
}

TEST(RunMaintenance, PassesLeasesOnThoughMuchElseIsToBeDone) {
  Cache cache;
  Sleeper sleepers[16];
  for (size_t i = 0; i < std::size(sleepers); ++i) {
    const std::string key = "lease" + std::to_string(i);
    EXPECT_NE(cache.store.GetOrLease(key, {.lease_ms = 10, .holder = 1}, cache.now).token, 0u);
    const server::LeaseAsk wait = {.lease_ms = 10, .holder = 2, .waiter = &sleepers[i]};
    EXPECT_TRUE(cache.store.GetOrLease(key, wait, cache.now).waiting);
  }
  for (int i = 0; i < 20'000; ++i) cache.Put("k" + std::to_string(i), "v", {}, 5);
  cache.Advance(50);
  for (int call = 0; call < 16; ++call) cache.store.RunMaintenance(kBudget, cache.now);
  for (const Sleeper& sleeper : sleepers) EXPECT_EQ(sleeper.woken, 1);
  EXPECT_GT(cache.store.Stats().items, 15'000u);  // there was much to do, and still is
}

// A slab is emptied in several calls; what happens to its entries in between is not lost.
TEST(RunMaintenance, EmptiesASlabBesideOtherWork) {
  Cache cache;
  const auto key = [](int i) { return "k" + std::to_string(i); };
  const std::string value(400, 'v');
  constexpr int kEntries = 20'000;
  for (int i = 0; i < kEntries; ++i) cache.Put(key(i), value, {"t" + std::to_string(i % 5)});
  for (int i = 0; i < kEntries; ++i) {
    if (i % 3 != 0) cache.Delete(key(i));
  }
  const uint64_t sparse = cache.store.Stats().held;
  for (int i = 0; i < kEntries; i += 3) {
    cache.store.RunMaintenance(kBudget, cache.now);
    if (i % 2 == 0) cache.Put(key(i), value, {"t" + std::to_string(i % 5)});
    if (i % 9 == 0) cache.Delete(key(i));
    if (i == 9'000) {
      EXPECT_GT(cache.InvalidateAny({"t1"}), 0u);
    }
  }
  while (cache.store.RunMaintenance(kBudget, cache.now) >= kBudget) {
  }
  EXPECT_LT(cache.store.Stats().held, sparse / 2 + 34 * server::kSlabBytes);
  for (int i = 0; i < kEntries; ++i) {
    const bool deleted = i % 3 != 0 || i % 9 == 0;
    const bool invalidated = i % 5 == 1 && (i <= 9'000 || i % 2 != 0);
    EXPECT_EQ(cache.Has(key(i)), !deleted && !invalidated) << i;
  }
}

}  // namespace
}  // namespace tagcache::testing
