#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

#include "server/store/shard_order.h"
#include "tests/store/cache.h"

namespace tagcache::testing {
namespace {

using server::ShardOf;
using server::ShardOrder;

TEST(Batch, MultiGetAnswersInTheOrderAsked) {
  Cache cache;
  std::vector<std::string> names;
  for (int i = 0; i < 1000; ++i) {
    names.push_back("k" + std::to_string(i));
    if (i % 3 != 0) cache.Put(names.back(), std::to_string(i));
  }
  const Words keys(names.begin(), names.end());
  std::vector<EntryRef> out(keys.size());
  cache.store.MultiGet(keys, cache.now, out);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(static_cast<bool>(out[i]), i % 3 != 0) << i;
    if (out[i]) {
      EXPECT_EQ(out[i].value(), std::to_string(i));
    }
  }
}

TEST(Batch, MultiGetAnswersEachOfTwoEqualKeys) {
  Cache cache;
  cache.Put("k", "v");
  const Words keys = {"k", "none", "k"};
  std::vector<EntryRef> out(3);
  cache.store.MultiGet(keys, cache.now, out);
  EXPECT_EQ(out[0].value(), "v");
  EXPECT_FALSE(out[1]);
  EXPECT_EQ(out[2].value(), "v");
}

TEST(Batch, MultiGetLetsGoOfWhatItsResultsHeld) {
  Cache cache;
  cache.Put("k", "v");
  for (const Words& keys : {Words{"none"}, Words{"none", "nor this"}}) {
    std::vector<EntryRef> out(keys.size());
    for (EntryRef& ref : out) ref = cache.store.Get("k", cache.now);
    cache.store.MultiGet(keys, cache.now, out);
    for (const EntryRef& ref : out) EXPECT_FALSE(ref);
  }
}

TEST(Batch, EmptyBatchesDoNothing) {
  Cache cache;
  cache.store.MultiGet({}, cache.now, {});
  cache.store.MultiPut({}, cache.now, {});
  EXPECT_EQ(cache.store.MultiDelete({}, cache.now), 0u);
}

TEST(Batch, MultiPutStoresEachItemWithItsOwnTagsTtlAndFlags) {
  Cache cache;
  const Words first = {"a"}, second = {"b", "c"};
  Write writes[3] = {{.key = "k", .value = "1", .flags = 1},
                     {.key = "l", .value = "2", .flags = 2},
                     {.key = "m", .value = "3", .flags = 3}};
  writes[0].tags = first;
  writes[1].tags = second;
  writes[2].ttl_ms = 50;
  Outcome outcomes[3];
  cache.store.MultiPut(writes, cache.now, outcomes);
  for (const Outcome outcome : outcomes) EXPECT_EQ(outcome, Outcome::kOk);
  EXPECT_EQ(cache.TagsOf("k"), List({"a"}));
  EXPECT_EQ(cache.TagsOf("l"), List({"b", "c"}));
  EXPECT_EQ(cache.TagsOf("m"), List({}));
  EXPECT_EQ(cache.store.Meta("l", cache.now)->flags, 2u);
  EXPECT_EQ(cache.store.Meta("m", cache.now)->ttl_left_ms, 50u);
}

// Lessons 13, of entries: what a batch replaces is freed, whatever its size, but not what is read.
TEST(Batch, WhatMultiPutReplacesIsFreedUnlessItIsPinned) {
  constexpr size_t kSizes[] = {0, 10, 100, 1000, 20'000};
  Cache cache;
  std::vector<std::string> names;
  for (int i = 0; i < 200; ++i) names.push_back("k" + std::to_string(i));
  const Words keys(names.begin(), names.end());
  const auto put = [&](size_t turn, char with) {
    std::vector<std::string> values;
    for (size_t i = 0; i < keys.size(); ++i) values.emplace_back(kSizes[(i + turn) % 5], with);
    std::vector<Write> writes;
    for (size_t i = 0; i < keys.size(); ++i) writes.push_back({.key = keys[i], .value = values[i]});
    std::vector<Outcome> outcomes(keys.size());
    cache.store.MultiPut(writes, cache.now, outcomes);
    for (const Outcome outcome : outcomes) ASSERT_EQ(outcome, Outcome::kOk);
  };
  put(0, 'a');
  const uint64_t memory = cache.store.Stats().memory;
  {
    std::vector<EntryRef> pinned(keys.size());
    cache.store.MultiGet(keys, cache.now, pinned);
    for (size_t i = 0; i < pinned.size(); i += 2) pinned[i].Reset();
    put(1, 'b');
    put(2, 'c');
    for (size_t i = 1; i < pinned.size(); i += 2) {
      EXPECT_EQ(pinned[i].value(), std::string(kSizes[i % 5], 'a')) << i;
    }
    EXPECT_GT(cache.store.Stats().memory, memory);
  }
  EXPECT_EQ(cache.store.Stats().memory, memory) << "40 values of each size, as before";
  for (size_t turn = 3; turn < 10; ++turn) put(turn, 'd');
  EXPECT_EQ(cache.store.Stats().memory, memory);
}

// What readers hold of values that are gone is known: it is theirs, not the store's.
TEST(Batch, WhatReadersHoldOfReplacedEntriesIsCounted) {
  Cache cache;
  EXPECT_EQ(cache.store.pinned_removed_bytes(), 0u);
  std::vector<EntryRef> readers;
  for (const size_t size : {100, 100'000}) {
    const std::string key = std::to_string(size);
    cache.Put(key, std::string(size, 'v'));
    for (int i = 0; i < 3; ++i) readers.push_back(cache.store.Get(key, cache.now));
  }
  EXPECT_EQ(cache.store.pinned_removed_bytes(), 0u);
  cache.Put("100000", "other");
  EXPECT_GE(cache.store.pinned_removed_bytes(), 100'000u);
  EXPECT_LE(cache.store.pinned_removed_bytes(), 110'000u);
  cache.Delete("100");
  EXPECT_GE(cache.store.pinned_removed_bytes(), 100'100u);
  for (int i = 0; i < 3; ++i) readers[i].Reset();
  EXPECT_GE(cache.store.pinned_removed_bytes(), 100'000u);
  EXPECT_LE(cache.store.pinned_removed_bytes(), 110'000u);
  readers.clear();
  EXPECT_EQ(cache.store.pinned_removed_bytes(), 0u);
  cache.store.Flush(cache.now);
  EXPECT_EQ(cache.store.pinned_removed_bytes(), 0u);
}

TEST(Batch, OfTwoWritesToOneKeyTheLaterStays) {
  Cache cache;
  std::vector<std::string> values;
  for (int i = 0; i < 200; ++i) values.push_back(std::to_string(i));
  std::vector<Write> writes;
  for (const std::string& value : values) writes.push_back({.key = "same", .value = value});
  std::vector<Outcome> outcomes(writes.size());
  cache.store.MultiPut(writes, cache.now, outcomes);
  EXPECT_EQ(cache.Get("same"), "199");
  EXPECT_EQ(cache.store.Stats().items, 1u);
}

TEST(Batch, ALaterRefusedWriteToOneKeyRemovesTheEarlier) {
  Cache cache({.shards = 4, .seed = 1, .max_value = 4});
  const Write writes[] = {{.key = "k", .value = "good"}, {.key = "k", .value = "large"}};
  Outcome outcomes[2];
  cache.store.MultiPut(writes, cache.now, outcomes);
  EXPECT_EQ(outcomes[0], Outcome::kOk);
  EXPECT_EQ(outcomes[1], Outcome::kValueTooLarge);
  EXPECT_FALSE(cache.Has("k"));
}

TEST(Batch, AnItemWithTtlZeroRemovesItsKey) {
  Cache cache;
  cache.Put("k", "old");
  Write write{.key = "k", .value = "new"};
  write.ttl_ms = 0;
  Outcome outcome = Outcome::kNotFound;
  cache.store.MultiPut({&write, 1}, cache.now, {&outcome, 1});
  EXPECT_EQ(outcome, Outcome::kOk);
  EXPECT_FALSE(cache.Has("k"));
}

// lessons 5
TEST(Batch, AHundredThousandItemsAreAllStoredAndAllDeleted) {
  Cache cache;
  std::vector<std::string> names;
  for (int i = 0; i < 100'000; ++i) names.push_back(std::to_string(i));
  std::vector<Write> writes;
  for (const std::string& name : names) writes.push_back({.key = name, .value = name});
  std::vector<Outcome> outcomes(writes.size(), Outcome::kNotFound);
  cache.store.MultiPut(writes, cache.now, outcomes);
  for (const Outcome outcome : outcomes) ASSERT_EQ(outcome, Outcome::kOk);
  const Words keys(names.begin(), names.end());
  std::vector<EntryRef> out(keys.size());
  cache.store.MultiGet(keys, cache.now, out);
  for (size_t i = 0; i < keys.size(); ++i) ASSERT_EQ(out[i].value(), keys[i]);
  EXPECT_EQ(cache.store.MultiDelete(keys, cache.now), 100'000u);
  EXPECT_EQ(cache.store.Stats().items, 0u);
}

TEST(Batch, MultiDeleteCountsAKeyThatOccursTwiceOnce) {
  Cache cache;
  cache.Put("a", "v");
  cache.Put("b", "v");
  const Words keys = {"a", "b", "a", "none"};
  EXPECT_EQ(cache.store.MultiDelete(keys, cache.now), 2u);
}

// A batch takes each shard's lock once because its order visits each shard once.
TEST(ShardOrder, VisitsEachShardOnceAndEachIndexOnceInOrder) {
  std::mt19937_64 random(5);
  for (const unsigned bits : {0u, 1u, 4u, 8u, 9u, 13u, 16u}) {
    std::vector<uint64_t> hashes(3000);
    for (uint64_t& hash : hashes) hash = random();
    for (size_t i = 0; i < 500; ++i) hashes[2 * i + 1] = hashes[2 * i];
    ShardOrder order;
    order.Sort(hashes, bits);
    std::set<size_t> shards;
    std::set<uint32_t> indices;
    order.ForEachShard(hashes, bits, [&](size_t shard, std::span<const uint32_t> which) {
      EXPECT_TRUE(shards.insert(shard).second) << bits << " bits";
      for (const uint32_t i : which) {
        EXPECT_EQ(ShardOf(hashes[i], bits), shard);
        EXPECT_TRUE(indices.insert(i).second);
      }
    });
    EXPECT_EQ(indices.size(), hashes.size());
    std::vector<size_t> place(hashes.size());
    for (size_t i = 0; i < place.size(); ++i) place[order.indices()[i]] = i;
    for (size_t i = 0; i < 500; ++i) EXPECT_LT(place[2 * i], place[2 * i + 1]) << bits << " bits";
  }
}

}  // namespace
}  // namespace tagcache::testing
