// Where memory is taken, given back, counted, and what happens when there is none.
//
// This file replaces the operators new of the test program, to count and to refuse: the counters
// are the calling thread's own.

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>

#include "tests/store/cache.h"

namespace {

thread_local uint64_t allocations = 0;
// Refuses the n-th next new(nothrow), which is what the store's own structures use; 0: none.
thread_local uint64_t refuse_after = 0;

void* Allocate(size_t size, size_t align) {
  ++allocations;
  if (align <= alignof(std::max_align_t)) return std::malloc(size == 0 ? 1 : size);
  return std::aligned_alloc(align, (size + align - 1) / align * align);
}

void* AllocateOrThrow(size_t size, size_t align) {
  void* memory = Allocate(size, align);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* operator new(size_t size) { return AllocateOrThrow(size, 1); }
void* operator new[](size_t size) { return AllocateOrThrow(size, 1); }
void* operator new(size_t size, std::align_val_t align) {
  return AllocateOrThrow(size, static_cast<size_t>(align));
}
void* operator new[](size_t size, std::align_val_t align) {
  return AllocateOrThrow(size, static_cast<size_t>(align));
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  if (refuse_after > 0 && --refuse_after == 0) return nullptr;
  return Allocate(size, 1);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t, std::align_val_t) noexcept { std::free(memory); }

namespace tagcache::testing {
namespace {

// What `work` allocates on this thread.
template <typename Work>
uint64_t AllocationsOf(Work work) {
  const uint64_t before = allocations;
  work();
  return allocations - before;
}

TEST(Allocation, AGetHitTakesNone) {
  Cache cache;
  cache.Put("key", std::string(100'000, 'v'), {"a", "b"});
  EXPECT_EQ(AllocationsOf([&] {
              for (int i = 0; i < 100; ++i) {
                const EntryRef ref = cache.store.Get("key", cache.now);
                ASSERT_EQ(ref.value().size(), 100'000u);
              }
            }),
            0u);
}

TEST(Allocation, MissExistsTouchAndDeleteTakeNone) {
  Cache cache;
  cache.Put("key", "v", {"a"});
  EXPECT_EQ(AllocationsOf([&] {
              EXPECT_FALSE(cache.store.Get("none", cache.now));
              EXPECT_TRUE(cache.store.Exists("key", cache.now));
              EXPECT_TRUE(cache.store.Touch("key", 1000, cache.now));
              EXPECT_TRUE(cache.store.Delete("key", cache.now));
            }),
            0u);
}

TEST(Allocation, AMultiGetTakesNoneOnceItsScratchIsThere) {
  Cache cache;
  std::vector<std::string> names;
  for (int i = 0; i < 500; ++i) names.push_back("k" + std::to_string(i));
  for (const std::string& name : names) cache.Put(name, name);
  const Words keys(names.begin(), names.end());
  std::vector<EntryRef> out(keys.size());
  cache.store.MultiGet(keys, cache.now, out);
  EXPECT_EQ(AllocationsOf([&] { cache.store.MultiGet(keys, cache.now, out); }), 0u);
}

TEST(Allocation, APutTakesNoneFromTheSystemWhereItsTagsAreKnown) {
  Cache cache;
  cache.Put("key", "v", {"a", "b"});
  const Words tags = {"a", "b"};
  Write write{.key = "key", .value = "another"};
  write.tags = tags;
  EXPECT_EQ(AllocationsOf([&] { cache.store.Put(write, WriteMode::kPut, cache.now); }), 0u);
}

TEST(Allocation, ACounterCountsInPlace) {
  Cache cache;
  cache.Increment("k", 1, 1);
  EXPECT_EQ(AllocationsOf([&] {
              for (int i = 0; i < 1000; ++i) cache.store.Increment({.key = "k"}, cache.now);
            }),
            0u);
  EXPECT_EQ(cache.Get("k"), "1001");
}

// lessons 13
TEST(Memory, AfterChurnAndDeletionNothingIsLeft) {
  Cache cache;
  const StoreStats empty = cache.store.Stats();
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 20'000; ++i) {
      const std::string key = "k" + std::to_string(i);
      const std::string own = "t" + std::to_string(round) + "/" + std::to_string(i);
      cache.Put(key, std::string(static_cast<size_t>(i) % 50, 'v'), {own, "shared"});
    }
  }
  EXPECT_EQ(cache.store.Stats().tags, 20'001u);
  for (int i = 0; i < 20'000; ++i) cache.Delete("k" + std::to_string(i));
  const StoreStats after = cache.store.Stats();
  EXPECT_EQ(after.items, 0u);
  EXPECT_EQ(after.tags, 0u);
  EXPECT_EQ(after.memory, empty.memory);
}

// lessons 13
TEST(Memory, EveryWayToEmptyTheStoreGivesAllBack) {
  Cache cache;
  const uint64_t empty = cache.store.Stats().memory;
  const auto empty_by = [&](const char* way, auto empty_it) {
    for (int i = 0; i < 3000; ++i) {
      const std::string name = std::to_string(i);
      cache.Put(name, "v", {"t", "own " + name}, 1000);
    }
    EXPECT_GT(cache.store.Stats().memory, empty);
    empty_it();
    cache.store.RunMaintenance(SIZE_MAX, cache.now);
    const StoreStats stats = cache.store.Stats();
    EXPECT_EQ(stats.items, 0u) << way;
    EXPECT_EQ(stats.tags, 0u) << way;
    EXPECT_EQ(stats.memory, empty) << way;
  };
  empty_by("flush", [&] { cache.store.Flush(cache.now); });
  empty_by("invalidate any", [&] { cache.InvalidateAny({"t"}); });
  empty_by("invalidate all", [&] { cache.InvalidateAll({"t"}); });
  empty_by("sweep", [&] { cache.store.RunMaintenance(SIZE_MAX, cache.now + 1032); });
  empty_by("bulk delete", [&] {
    std::vector<std::string> names;
    for (int i = 0; i < 3000; ++i) names.push_back(std::to_string(i));
    const Words keys(names.begin(), names.end());
    cache.store.MultiDelete(keys, cache.now);
  });
}

TEST(Memory, CountsTheBytesOfAnEntry) {
  Cache cache;
  const uint64_t before = cache.store.Stats().memory;
  cache.Put("k", std::string(1'000'000, 'v'));
  const uint64_t with_entry = cache.store.Stats().memory;
  EXPECT_GE(with_entry, before + 1'000'000);
  EXPECT_LE(with_entry, before + 1'000'200 + 4096);  // whole pages
  cache.Put("k", "v");
  EXPECT_LE(cache.store.Stats().memory, before + 200);
}

// Refuses each allocation of `write` in turn until it succeeds without one refused.
template <typename TryWrite>
int RefuseEachAllocation(TryWrite try_write) {
  int refused = 0;
  for (uint64_t n = 1; n < 1000; ++n) {
    refuse_after = n;
    const Outcome outcome = try_write();
    const bool reached = refuse_after == 0;
    refuse_after = 0;
    if (!reached) {
      EXPECT_EQ(outcome, Outcome::kOk);
      return refused;
    }
    // A table that can not grow but has room goes on.
    if (outcome == Outcome::kOutOfMemory) ++refused;
  }
  ADD_FAILURE() << "never succeeded";
  return refused;
}

TEST(OutOfMemory, APutIsRefusedWholeAndRemovesTheOldValue) {
  Cache cache({.shards = 1, .seed = 1});
  const uint64_t empty = cache.store.Stats().memory;
  const std::string large(50'000, 'v');  // lies outside its entry
  int round = 0;
  const int refused = RefuseEachAllocation([&] {
    const uint64_t armed = std::exchange(refuse_after, 0);
    cache.Put("k", "old", {"old tag"});
    std::vector<std::string> names;
    for (int i = 0; i < 40; ++i) names.push_back(std::to_string(round * 100 + i));
    ++round;
    const Words tags(names.begin(), names.end());
    refuse_after = armed;
    const Outcome outcome = cache.Put("k", large, tags);
    const uint64_t left = std::exchange(refuse_after, 0);
    EXPECT_EQ(cache.Get("k"), outcome == Outcome::kOk ? large : "(none)");
    EXPECT_EQ(cache.store.Stats().tags, outcome == Outcome::kOk ? 40u : 0u);
    refuse_after = left;
    return outcome;
  });
  EXPECT_GE(refused, 1);  // the value; where the tags' table can not grow it goes on
  cache.Delete("k");
  EXPECT_EQ(cache.store.Stats().memory, empty);
}

TEST(OutOfMemory, AConditionalWriteLeavesTheOldValue) {
  Cache cache({.shards = 1, .seed = 1});
  cache.Put("k", "1", {"old tag"});
  refuse_after = 1;
  EXPECT_EQ(cache.Replace("k", std::string(50'000, 'v'), {"new tag"}), Outcome::kOutOfMemory);
  refuse_after = 0;
  EXPECT_EQ(cache.Get("k"), "1");
  EXPECT_EQ(cache.TagsOf("k"), List({"old tag"}));
  EXPECT_EQ(cache.store.Stats().tags, 1u);
}

TEST(OutOfMemory, OneRefusedItemOfABulkPutLeavesTheOthers) {
  Cache cache;
  // Outside their entries, each the first of its size: that takes an allocation.
  const std::string large(20'000, 'v');
  const std::string larger(50'000, 'v');
  const Write writes[] = {
      {.key = "a", .value = "v"}, {.key = "b", .value = large}, {.key = "c", .value = larger}};
  Outcome outcomes[3];
  refuse_after = 1;
  cache.store.MultiPut(writes, cache.now, outcomes);
  refuse_after = 0;
  EXPECT_EQ(outcomes[0], Outcome::kOk);
  EXPECT_EQ(outcomes[1], Outcome::kOutOfMemory);
  EXPECT_EQ(outcomes[2], Outcome::kOk);
  EXPECT_EQ(cache.Get("a"), "v");
  EXPECT_FALSE(cache.Has("b"));
  EXPECT_EQ(cache.Get("c"), larger);
}

TEST(OutOfMemory, ATableThatCanNotGrowTakesWhatItHasRoomFor) {
  Cache cache({.shards = 1, .seed = 1});
  int stored = 0;
  for (int i = 0; i < 100; ++i) {
    refuse_after = 1;
    stored += cache.Put("k" + std::to_string(i), "v") == Outcome::kOk;
    refuse_after = 0;
  }
  EXPECT_EQ(stored, 7);  // of 8 slots one stays free
  EXPECT_EQ(cache.store.Stats().items, 7u);
  EXPECT_FALSE(cache.Has("never put"));
}

// Pins: an EntryRef's bytes stay as they are, whatever becomes of the entry.

TEST(Pin, BytesStayThroughEveryChangeOfTheEntry) {
  const auto changed_by = [](const char* way, auto change) {
    Cache cache;
    cache.Put("k", "12345", {"t"}, 100);
    EntryRef ref = cache.store.Get("k", cache.now);
    change(cache);
    EXPECT_EQ(ref.value(), "12345") << way;
    EXPECT_EQ(ref.flags(), 0u) << way;
  };
  changed_by("put", [](Cache& cache) { cache.Put("k", "other"); });
  changed_by("delete", [](Cache& cache) { cache.Delete("k"); });
  changed_by("invalidate", [](Cache& cache) { cache.InvalidateAny({"t"}); });
  changed_by("flush", [](Cache& cache) { cache.store.Flush(cache.now); });
  changed_by("increment", [](Cache& cache) {
    EXPECT_EQ(cache.Increment("k", 1).value, 12346);
    EXPECT_EQ(cache.Get("k"), "12346");
  });
  changed_by("expiry", [](Cache& cache) {
    cache.Advance(100);
    EXPECT_FALSE(cache.Has("k"));
  });
  changed_by("sweep", [](Cache& cache) {
    cache.Advance(100);
    cache.store.RunMaintenance(SIZE_MAX, cache.now);
  });
}

TEST(Pin, ACounterThatIsReadWhileItCountsKeepsItsTagsAndTtl) {
  Cache cache;
  cache.Put("k", "1", {"a", "b"}, 100);
  const EntryRef ref = cache.store.Get("k", cache.now);
  EXPECT_EQ(cache.Increment("k", 1).value, 2);
  EXPECT_EQ(cache.TagsOf("k"), List({"a", "b"}));
  EXPECT_EQ(cache.store.Meta("k", cache.now)->ttl_left_ms, 100u);
  EXPECT_EQ(cache.InvalidateAll({"a", "b"}), 1u);
}

TEST(Pin, IsHandedOnByMoving) {
  Cache cache;
  cache.Put("k", "value");
  EntryRef first = cache.store.Get("k", cache.now);
  EntryRef second = std::move(first);
  EXPECT_FALSE(first);
  cache.Delete("k");
  EXPECT_EQ(second.value(), "value");
  second.Reset();
  EXPECT_FALSE(second);
}

}  // namespace
}  // namespace tagcache::testing
