#include <gtest/gtest.h>

#include <ctime>
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

// Lessons 26. A batch of new keys costs what its pieces cost: its order leaves no shard's keys in
// the order of its table. With one shard and 200,000 keys it was 90 times as much.
TEST(Batch, OneLargeBatchCostsWhatManySmallOnesDo) {
  std::vector<std::string> names;
  for (int i = 0; i < 200'000; ++i) names.push_back("key" + std::to_string(i));
  std::vector<Write> writes;
  for (const std::string& name : names) writes.push_back({.key = name, .value = "v"});
  std::vector<Outcome> outcomes(writes.size());
  const auto milliseconds_in_batches_of = [&](size_t size) {
    double least = 1e9;
    for (int round = 0; round < 3; ++round) {
      Cache cache({.shards = 1, .seed = 3});
      const std::clock_t begin = std::clock();
      for (size_t i = 0; i < writes.size(); i += size) {
        cache.store.MultiPut(std::span(writes).subspan(i, size), cache.now, outcomes);
      }
      least = std::min(least, 1000.0 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
    }
    return least;
  };
  const double small = milliseconds_in_batches_of(10'000);
  const double large = milliseconds_in_batches_of(writes.size());
  RecordProperty("small", std::to_string(small));
  RecordProperty("large", std::to_string(large));
  EXPECT_LT(large, 2 * small);
}

// What a batch is about to store does not exceed the limit either.
TEST(Batch, OfMoreThanTheMemoryLimitKeepsToIt) {
  constexpr size_t kLimit = 32 * 1024 * 1024;
  Cache cache({.shards = 4, .seed = 3, .memory_limit = kLimit});
  const std::string value(15'000, 'v');
  std::vector<std::string> names;
  for (int i = 0; i < 8'000; ++i) names.push_back("key" + std::to_string(i));
  std::vector<Write> writes;
  for (const std::string& name : names) writes.push_back({.key = name, .value = value});
  std::vector<Outcome> outcomes(writes.size());
  cache.store.MultiPut(writes, cache.now, outcomes);
  for (const Outcome outcome : outcomes) ASSERT_EQ(outcome, Outcome::kOk);
  EXPECT_LE(cache.store.Stats().held, kLimit + 4 * 1024 * 1024);
  EXPECT_GT(cache.store.Stats().items, 1'000u);
}

TEST(Batch, MultiDeleteCountsAKeyThatOccursTwiceOnce) {
  Cache cache;
  cache.Put("a", "v");
  cache.Put("b", "v");
  const Words keys = {"a", "b", "a", "none"};
  EXPECT_EQ(cache.store.MultiDelete(keys, cache.now), 2u);
}

// A lock is held for a visit: so a visit has few keys, and all of one shard; and the visits of a
// shard follow one another.
TEST(ShardOrder, VisitsEachIndexOnceInOrderAndFewAtATime) {
  std::mt19937_64 random(5);
  for (const unsigned bits : {0u, 1u, 4u, 8u, 9u, 13u, 16u}) {
    std::vector<uint64_t> hashes(3000);
    for (uint64_t& hash : hashes) hash = random();
    for (size_t i = 0; i < 500; ++i) hashes[2 * i + 1] = hashes[2 * i];
    ShardOrder order;
    order.Sort(hashes, bits);
    std::set<uint32_t> indices;
    size_t last_shard = 0;
    uint32_t last_index = 0;
    order.ForEachVisit(hashes, bits, [&](size_t shard, std::span<const uint32_t> which) {
      EXPECT_GE(shard, last_shard) << bits << " bits";
      EXPECT_LE(which.size(), ShardOrder::kKeysPerVisit);
      if (shard != last_shard) last_index = 0;
      last_shard = shard;
      for (const uint32_t i : which) {
        EXPECT_EQ(ShardOf(hashes[i], bits), shard);
        EXPECT_GE(i, last_index) << "the order given, not that of hashes";
        last_index = i;
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
