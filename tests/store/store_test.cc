#include "server/store/store.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/store/cache.h"

namespace tagcache::testing {
namespace {

constexpr StoreOptions kSmallLimits = {
    .shards = 4, .seed = 7, .max_key = 8, .max_tag = 4, .max_tags = 2, .max_value = 16};

TEST(Store, GetReturnsTheValueAndFlagsThatWerePut) {
  Cache cache;
  cache.store.Put({.key = "k", .value = "value", .flags = 0xDEADBEEF}, WriteMode::kPut, cache.now);
  const EntryRef ref = cache.store.Get("k", cache.now);
  ASSERT_TRUE(ref);
  EXPECT_EQ(ref.value(), "value");
  EXPECT_EQ(ref.flags(), 0xDEADBEEFu);
}

TEST(Store, AKeyNobodyPutIsAMiss) {
  Cache cache;
  EXPECT_FALSE(cache.Has("k"));
}

TEST(Store, EmptyKeysValuesAndTagsAreBytesLikeOthers) {
  Cache cache;
  EXPECT_EQ(cache.Put("", "", {""}), Outcome::kOk);
  const EntryRef ref = cache.store.Get("", cache.now);
  ASSERT_TRUE(ref);
  EXPECT_EQ(ref.value(), "");
  EXPECT_EQ(cache.Keys({""}), List({""}));
}

TEST(Store, KeysAndTagsMayHoldAnyByte) {
  Cache cache;
  const std::string key("a\0\t\n\xFF", 5);
  const std::string tag("\0,", 2);
  cache.Put(key, "v", {tag});
  EXPECT_EQ(cache.Get(key), "v");
  EXPECT_FALSE(cache.Has("a"));
  EXPECT_EQ(cache.InvalidateAny({tag}), 1u);
}

TEST(Store, AMebibyteComesBackWhole) {
  Cache cache;
  std::string value(1 << 20, '\0');
  for (size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>(i * 31 >> 3);
  cache.Put("k", value);
  EXPECT_TRUE(cache.Get("k") == value);
}

TEST(Store, PutReplacesValueFlagsTagsAndTtlTogether) {
  Cache cache;
  cache.store.Put({.key = "k", .value = "1", .flags = 1, .ttl_ms = 50}, WriteMode::kPut, cache.now);
  cache.Put("k", "22", {"t"});
  const auto meta = cache.store.Meta("k", cache.now);
  ASSERT_TRUE(meta.has_value());
  EXPECT_EQ(meta->size, 2u);
  EXPECT_EQ(meta->flags, 0u);
  EXPECT_EQ(meta->ttl_left_ms, std::nullopt);
  EXPECT_EQ(meta->tags, List({"t"}));
}

TEST(Store, AddStoresOnlyWhereThereIsNothing) {
  Cache cache;
  EXPECT_EQ(cache.Add("k", "1"), Outcome::kOk);
  EXPECT_EQ(cache.Add("k", "2"), Outcome::kExists);
  EXPECT_EQ(cache.Get("k"), "1");
}

TEST(Store, AddTakesThePlaceOfAnExpiredEntry) {
  Cache cache;
  cache.Put("k", "1", {}, 10);
  cache.Advance(10);
  EXPECT_EQ(cache.Add("k", "2"), Outcome::kOk);
  EXPECT_EQ(cache.Get("k"), "2");
}

TEST(Store, AFailedAddLeavesTheTagsOfTheEntry) {
  Cache cache;
  cache.Put("k", "1", {"old"});
  cache.Add("k", "2", {"new"});
  EXPECT_EQ(cache.TagsOf("k"), List({"old"}));
  EXPECT_EQ(cache.store.Stats().tags, 1u);
}

TEST(Store, ReplaceStoresOnlyWhereThereIsSomething) {
  Cache cache;
  EXPECT_EQ(cache.Replace("k", "1", {"t"}), Outcome::kNotFound);
  EXPECT_FALSE(cache.Has("k"));
  EXPECT_EQ(cache.store.Stats().tags, 0u);
  cache.Put("k", "1");
  EXPECT_EQ(cache.Replace("k", "2"), Outcome::kOk);
  EXPECT_EQ(cache.Get("k"), "2");
}

TEST(Store, ReplaceDoesNotFindAnExpiredEntry) {
  Cache cache;
  cache.Put("k", "1", {}, 10);
  cache.Advance(10);
  EXPECT_EQ(cache.Replace("k", "2"), Outcome::kNotFound);
}

TEST(Store, DeleteTellsWhetherTheEntryWasThere) {
  Cache cache;
  cache.Put("k", "v");
  EXPECT_TRUE(cache.Delete("k"));
  EXPECT_FALSE(cache.Delete("k"));
  EXPECT_FALSE(cache.Has("k"));
}

TEST(Store, ExistsSeesWhatGetSees) {
  Cache cache;
  EXPECT_FALSE(cache.store.Exists("k", cache.now));
  cache.Put("k", "v", {}, 10);
  EXPECT_TRUE(cache.store.Exists("k", cache.now));
  EXPECT_FALSE(cache.store.Exists("k", cache.now + 10));
}

TEST(Store, FlushRemovesEverythingAndCountsWhatLived) {
  Cache cache;
  for (int i = 0; i < 1000; ++i) cache.Put("k" + std::to_string(i), "v", {"t"});
  cache.Put("over", "v", {"t"}, 5);
  cache.Advance(5);
  EXPECT_EQ(cache.store.Flush(cache.now), 1000u);
  EXPECT_EQ(cache.store.Stats().items, 0u);
  EXPECT_EQ(cache.store.Stats().tags, 0u);
  EXPECT_EQ(cache.InvalidateAny({"t"}), 0u);
}

TEST(Store, TakesEntriesAfterAFlush) {
  Cache cache;
  cache.Put("k", "1", {"t"});
  cache.store.Flush(cache.now);
  cache.Put("k", "2", {"t"});
  EXPECT_EQ(cache.Get("k"), "2");
  EXPECT_EQ(cache.InvalidateAny({"t"}), 1u);
}

TEST(Store, OneShardAndTheMostShardsBothWork) {
  for (const size_t shards : {size_t{1}, size_t{65536}}) {
    Cache cache({.shards = shards, .seed = 1});
    for (int i = 0; i < 500; ++i) cache.Put("k" + std::to_string(i), std::to_string(i), {"t"});
    for (int i = 0; i < 500; ++i) {
      EXPECT_EQ(cache.Get("k" + std::to_string(i)), std::to_string(i)) << shards << " shards";
    }
    EXPECT_EQ(cache.Keys({"t"}, TagMatch::kAny, 7).size(), 500u) << shards << " shards";
    EXPECT_EQ(cache.InvalidateAny({"t"}), 500u) << shards << " shards";
  }
}

TEST(Store, OptionsAreThoseInForce) {
  const Store store(kSmallLimits);
  EXPECT_EQ(store.options().shards, 4u);
  EXPECT_EQ(store.options().max_tags, 2u);
}

// What a limit refuses, and what it lets through.

TEST(StoreLimits, WhatIsAsLongAsItsLimitIsStored) {
  Cache cache(kSmallLimits);
  const std::string value(16, 'v');
  EXPECT_EQ(cache.Put("12345678", value, {"1234", "5678"}), Outcome::kOk);
  EXPECT_EQ(cache.Get("12345678"), value);
}

TEST(StoreLimits, EachLimitHasItsOutcome) {
  Cache cache(kSmallLimits);
  EXPECT_EQ(cache.Put("123456789", "v"), Outcome::kKeyTooLong);
  EXPECT_EQ(cache.Put("k", std::string(17, 'v')), Outcome::kValueTooLarge);
  EXPECT_EQ(cache.Put("k", "v", {"12345"}), Outcome::kTagTooLong);
  EXPECT_EQ(cache.Put("k", "v", {"a", "b", "c"}), Outcome::kTooManyTags);
  EXPECT_EQ(cache.store.Stats().items, 0u);
}

TEST(StoreLimits, RepeatedTagsCountOnceAgainstTheLimit) {
  Cache cache(kSmallLimits);
  EXPECT_EQ(cache.Put("k", "v", {"a", "b", "a", "b", "a"}), Outcome::kOk);
  EXPECT_EQ(cache.TagsOf("k"), List({"a", "b"}));
  EXPECT_EQ(cache.InvalidateAll({"a", "b"}), 1u);
}

// lessons 7
TEST(StoreLimits, ARefusedPutRemovesTheOldValue) {
  Cache cache(kSmallLimits);
  const std::string large(17, 'v');
  for (const Words& tags : {Words{}, Words{"12345"}, Words{"a", "b", "c"}}) {
    cache.Put("k", "old", {"t"});
    EXPECT_NE(cache.Put("k", tags.empty() ? large : "new", tags), Outcome::kOk);
    EXPECT_FALSE(cache.Has("k"));
    EXPECT_EQ(cache.store.Stats().tags, 0u);
  }
}

// lessons 7
TEST(StoreLimits, ARefusedItemOfABulkPutRemovesTheOldValue) {
  Cache cache(kSmallLimits);
  cache.Put("k", "old");
  cache.Put("m", "old");
  const std::string large(17, 'v');
  const Write writes[] = {{.key = "k", .value = large}, {.key = "m", .value = "new"}};
  Outcome outcomes[2];
  cache.store.MultiPut(writes, cache.now, outcomes);
  EXPECT_EQ(outcomes[0], Outcome::kValueTooLarge);
  EXPECT_EQ(outcomes[1], Outcome::kOk);
  EXPECT_FALSE(cache.Has("k"));
  EXPECT_EQ(cache.Get("m"), "new");
}

TEST(StoreLimits, ARefusedConditionalWriteLeavesTheOldValue) {
  Cache cache(kSmallLimits);
  cache.Put("k", "old", {"t"});
  const std::string large(17, 'v');
  EXPECT_EQ(cache.Replace("k", large), Outcome::kValueTooLarge);
  EXPECT_EQ(cache.Add("k", large), Outcome::kValueTooLarge);
  EXPECT_EQ(cache.Replace("k", "new", {"12345"}), Outcome::kTagTooLong);
  EXPECT_EQ(cache.Get("k"), "old");
  EXPECT_EQ(cache.TagsOf("k"), List({"t"}));
}

TEST(StoreLimits, ARefusedIncrementLeavesTheOldValue) {
  Cache cache(kSmallLimits);
  cache.Put("k", "1", {"t"});
  const Words tags = {"a", "b", "c"};
  CounterIncrement step{.key = "k"};
  step.tags = tags;
  EXPECT_EQ(cache.store.Increment(step, cache.now).outcome, Outcome::kTooManyTags);
  EXPECT_EQ(cache.store.Increment({.key = "123456789"}, cache.now).outcome, Outcome::kKeyTooLong);
  EXPECT_EQ(cache.Get("k"), "1");
  EXPECT_EQ(cache.TagsOf("k"), List({"t"}));
}

TEST(StoreMeta, AgeIsRightAfter35YearsOfUptime) {
  Cache cache;
  cache.now = (uint64_t{1} << 40) - 10;
  cache.Put("before", "v");
  cache.Advance(30);
  cache.Put("after", "v");
  const uint64_t version = cache.store.Meta("after", cache.now)->version;
  cache.Advance(50);
  EXPECT_EQ(cache.store.Meta("before", cache.now)->age_ms, 80u);
  EXPECT_EQ(cache.store.Meta("after", cache.now)->age_ms, 50u);
  cache.Put("after", "v");
  EXPECT_GT(cache.store.Meta("after", cache.now)->version, version);
}

TEST(StoreLimits, NamesOfLimitsAreForMessages) {
  EXPECT_STREQ(Store::NameOf(Outcome::kKeyTooLong), "key");
  EXPECT_STREQ(Store::NameOf(Outcome::kTagTooLong), "tag");
  EXPECT_STREQ(Store::NameOf(Outcome::kTooManyTags), "tags");
  EXPECT_STREQ(Store::NameOf(Outcome::kValueTooLarge), "value");
}

TEST(Meta, TellsSizeFlagsAgeTtlAndTags) {
  Cache cache;
  Write write{.key = "k", .value = "12345", .flags = 9};
  write.ttl_ms = 500;
  const Words tags = {"b", "a"};
  write.tags = tags;
  cache.store.Put(write, WriteMode::kPut, cache.now);
  cache.Advance(120);
  const auto meta = cache.store.Meta("k", cache.now);
  ASSERT_TRUE(meta.has_value());
  EXPECT_EQ(meta->size, 5u);
  EXPECT_EQ(meta->flags, 9u);
  EXPECT_EQ(meta->age_ms, 120u);
  EXPECT_EQ(meta->ttl_left_ms, 380u);
  EXPECT_EQ(meta->tags, List({"b", "a"}));
}

TEST(Meta, IsNoneForWhatIsNotThere) {
  Cache cache;
  EXPECT_FALSE(cache.store.Meta("k", cache.now).has_value());
  cache.Put("k", "v", {}, 5);
  EXPECT_FALSE(cache.store.Meta("k", cache.now + 5).has_value());
}

TEST(Meta, EachWriteHasAVersionOfItsOwnThatGrowsPerKey) {
  Cache cache;
  std::vector<uint64_t> versions;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 50; ++i) {
      const std::string key = "k" + std::to_string(i);
      const auto before = cache.store.Meta(key, cache.now);
      if (round % 3 == 2) {
        cache.Increment(key, 1);
      } else {
        cache.Put(key, "1");
      }
      const auto after = cache.store.Meta(key, cache.now);
      if (before.has_value()) {
        EXPECT_GT(after->version, before->version);
      }
      versions.push_back(after->version);
    }
  }
  std::sort(versions.begin(), versions.end());
  EXPECT_EQ(std::unique(versions.begin(), versions.end()), versions.end());
}

TEST(Meta, AgeIsZeroWhereTheReadersClockIsBehind) {
  Cache cache;
  cache.Put("k", "v");
  EXPECT_EQ(cache.store.Meta("k", cache.now - 3)->age_ms, 0u);
}

}  // namespace
}  // namespace tagcache::testing
