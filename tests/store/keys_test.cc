#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "server/store/shard.h"
#include "tests/store/cache.h"

namespace tagcache::testing {
namespace {

using server::Arena;
using server::Draft;
using server::EventClock;
using server::HashedBytes;
using server::InvalidationOrder;
using server::MemoryBudget;
using server::MutexLock;
using server::NewEntry;
using server::Shard;
using server::ShardContext;
using server::TagRegistry;
using server::TagStamps;
using server::ValuePages;

TEST(Keys, ListsTheKeysWithTheTag) {
  Cache cache;
  cache.Put("a", "v", {"t", "u"});
  cache.Put("b", "v", {"t"});
  cache.Put("c", "v", {"u"});
  EXPECT_EQ(cache.Keys({"t"}), List({"a", "b"}));
  EXPECT_EQ(cache.Keys({"x"}), List({}));
}

TEST(Keys, AnyIsTheUnionWithoutRepetition) {
  Cache cache;
  cache.Put("tu", "v", {"t", "u"});
  cache.Put("t", "v", {"t"});
  cache.Put("u", "v", {"u"});
  cache.Put("x", "v", {"x"});
  EXPECT_EQ(cache.Keys({"t", "u", "t"}), List({"t", "tu", "u"}));
}

TEST(Keys, AllIsTheIntersection) {
  Cache cache;
  cache.Put("tu", "v", {"t", "u"});
  cache.Put("t", "v", {"t"});
  cache.Put("tux", "v", {"x", "u", "t"});
  EXPECT_EQ(cache.Keys({"t", "u"}, TagMatch::kAll), List({"tu", "tux"}));
  EXPECT_EQ(cache.Keys({"t", "nobody"}, TagMatch::kAll), List({}));
}

TEST(Keys, PagesTogetherHoldEachKeyOnceWhateverTheirSize) {
  Cache cache;
  std::set<std::string> expected;
  for (int i = 0; i < 777; ++i) {
    const std::string key = "k" + std::to_string(i);
    cache.Put(key, "v", {"t", i % 2 ? "odd" : "even"});
    expected.insert(key);
  }
  for (const size_t limit : {1, 2, 7, 100, 776, 777, 778}) {
    const auto any = cache.Keys({"odd", "even", "t"}, TagMatch::kAny, limit);
    EXPECT_EQ(any.size(), 777u) << "pages of " << limit;
    EXPECT_EQ(std::set<std::string>(any.begin(), any.end()), expected) << "pages of " << limit;
  }
}

TEST(Keys, APageIsAsLongAsItsLimitAndTheLastHasCursorZero) {
  Cache cache;
  for (int i = 0; i < 30; ++i) cache.Put("k" + std::to_string(i), "v", {"t"});
  const std::string_view tags[] = {"t"};
  KeyList page = cache.store.Keys(tags, TagMatch::kAny, 0, 10, cache.now);
  EXPECT_EQ(page.keys.size(), 10u);
  page = cache.store.Keys(tags, TagMatch::kAny, page.cursor, 10, cache.now);
  EXPECT_EQ(page.keys.size(), 10u);
  EXPECT_NE(page.cursor, 0u);
  page = cache.store.Keys(tags, TagMatch::kAny, page.cursor, 10, cache.now);
  EXPECT_EQ(page.keys.size(), 10u);
  EXPECT_EQ(page.cursor, 0u);
}

TEST(Keys, WhatStaysThroughoutIsListedThoughOthersComeAndGo) {
  Cache cache;
  for (int i = 0; i < 300; ++i) cache.Put("stay" + std::to_string(i), "v", {"t"});
  std::multiset<std::string> seen;
  uint64_t cursor = 0;
  int round = 0;
  const std::string_view tags[] = {"t"};
  do {
    const KeyList page = cache.store.Keys(tags, TagMatch::kAny, cursor, 13, cache.now);
    seen.insert(page.keys.begin(), page.keys.end());
    cursor = page.cursor;
    for (int i = 0; i < 20; ++i) cache.Put("come" + std::to_string(round * 20 + i), "v", {"t"});
    for (int i = 0; i < 10; ++i) cache.Delete("come" + std::to_string(round * 20 + i));
    ++round;
  } while (cursor != 0);
  for (int i = 0; i < 300; ++i) EXPECT_EQ(seen.count("stay" + std::to_string(i)), 1u);
}

TEST(Keys, ALimitOfZeroIsALimitOfOne) {
  Cache cache;
  cache.Put("a", "v", {"t"});
  cache.Put("b", "v", {"t"});
  EXPECT_EQ(cache.Keys({"t"}, TagMatch::kAny, 0), List({"a", "b"}));
}

// Keys with chosen hashes, which only the shard's own face can be given.
class ChosenHashes {
 public:
  ChosenHashes() { shard_.Attach(&context_, &arena_, 0); }
  void Put(std::string_view key, uint64_t hash, std::string_view value = "v") {
    hashes_[std::string(key)] = hash;
    Draft draft;
    draft.key = {key, hash};
    draft.entry.reset(NewEntry(arena_, {.key = draft.key, .value = value, .tags = 1}, false));
    draft.tags = {&tag_, 1};
    EXPECT_EQ(shard_.Put(draft, WriteMode::kPut, 1), Outcome::kOk);
  }
  std::string Get(std::string_view key, uint64_t hash) {
    const EntryRef ref = shard_.Get({key, hash}, 1);
    return ref ? std::string(ref.value()) : "(none)";
  }
  size_t Page(uint64_t cursor, size_t limit, bool* more) {
    std::vector<EntryRef> pinned;
    MutexLock lock(shard_.mutex());
    *more = shard_.EntriesTagged({&tag_, 1}, TagMatch::kAny, cursor, limit, 1, &pinned);
    return pinned.size();
  }

 private:
  static inline std::map<std::string, uint64_t, std::less<>> hashes_;

  HashedBytes tag_{"t", 99};
  MemoryBudget budget_{0};
  ValuePages values_{0};
  Arena arena_{budget_, values_};
  TagRegistry registry_{budget_};
  EventClock clock_{1};
  TagStamps stamps_;
  server::PrefixStamps prefixes_;
  InvalidationOrder order_;
  std::atomic<size_t> shards_with_invalidated_{0};
  const ShardContext context_{
      .registry = registry_,
      .clock = clock_,
      .stamps = stamps_,
      .prefixes = prefixes_,
      .order = order_,
      .shards_with_invalidated = shards_with_invalidated_,
      .hash = [](std::string_view key, uint64_t) { return hashes_.find(key)->second; }};
  Shard shard_;
};

TEST(Keys, KeysWithOneHashStandOnOnePage) {
  ChosenHashes shard;
  shard.Put("a", 10);
  for (const char* key : {"b", "c", "d"}) shard.Put(key, 20);
  shard.Put("e", 30);
  bool more = false;
  EXPECT_EQ(shard.Page(0, 2, &more), 4u);
  EXPECT_TRUE(more);
  EXPECT_EQ(shard.Page(20, 2, &more), 1u);
  EXPECT_FALSE(more);
}

TEST(Store, KeysWithOneHashAreTwoEntries) {
  ChosenHashes shard;
  shard.Put("a", 10, "of a");
  shard.Put("b", 10, "of b");
  EXPECT_EQ(shard.Get("a", 10), "of a");
  EXPECT_EQ(shard.Get("b", 10), "of b");
  EXPECT_EQ(shard.Get("c", 10), "(none)");
}

}  // namespace
}  // namespace tagcache::testing
