#include "server/store/tag_index.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/store/cache.h"

namespace tagcache::testing {
namespace {

TEST(TagIndex, InvalidateRemovesTheEntriesWithTheTagAndNoOthers) {
  Cache cache;
  for (int i = 0; i < 2000; ++i) {
    cache.Put("k" + std::to_string(i), "v", {i % 3 == 0 ? "three" : "other", "every"});
  }
  EXPECT_EQ(cache.InvalidateAny({"three"}), 667u);
  for (int i = 0; i < 2000; ++i) EXPECT_EQ(cache.Has("k" + std::to_string(i)), i % 3 != 0) << i;
}

TEST(TagIndex, InvalidatingAnUnknownTagRemovesNothing) {
  Cache cache;
  cache.Put("k", "v", {"t"});
  EXPECT_EQ(cache.InvalidateAny({"u"}), 0u);
  EXPECT_EQ(cache.InvalidateAll({"t", "u"}), 0u);
  EXPECT_TRUE(cache.Has("k"));
}

TEST(TagIndex, AnyReachesEntriesWithOneOfTheTagsAndCountsEachOnce) {
  Cache cache;
  cache.Put("ab", "v", {"a", "b"});
  cache.Put("a", "v", {"a"});
  cache.Put("b", "v", {"b"});
  cache.Put("c", "v", {"c"});
  EXPECT_EQ(cache.InvalidateAny({"a", "b"}), 3u);
  EXPECT_TRUE(cache.Has("c"));
}

// So many that they are invalidated in several steps.
TEST(TagIndex, AnyOfHundredsOfTagsReachesAllAndCountsEachEntryOnce) {
  Cache cache;
  std::vector<std::string> names;
  for (int i = 0; i < 300; ++i) names.push_back("tag" + std::to_string(i));
  for (int i = 0; i < 300; ++i) {
    for (int copy = 0; copy < 3; ++copy) {
      const std::string key = "key" + std::to_string(i) + "." + std::to_string(copy);
      cache.Put(key, "v", {names[i], names[(i + 1) % 300], names[(i + 150) % 300]});
    }
  }
  cache.Put("other", "v", {"another tag"});
  EXPECT_EQ(cache.InvalidateAny({names.begin(), names.end()}), 900u);
  EXPECT_FALSE(cache.Has("key7.1"));
  EXPECT_TRUE(cache.Has("other"));
  EXPECT_EQ(cache.store.Stats().items, 1u);
}

TEST(TagIndex, AllReachesOnlyEntriesWithEveryTag) {
  Cache cache;
  cache.Put("abc", "v", {"a", "b", "c"});
  cache.Put("ab", "v", {"b", "a"});
  cache.Put("a", "v", {"a"});
  cache.Put("b", "v", {"b"});
  EXPECT_EQ(cache.InvalidateAll({"a", "b"}), 2u);
  EXPECT_TRUE(cache.Has("a"));
  EXPECT_TRUE(cache.Has("b"));
}

TEST(TagIndex, AllGoesOnPastATagThatEndsMidway) {
  // "rare" loses its last entry in some shard while "often" still has some there.
  Cache cache({.shards = 1, .seed = 1});
  for (int i = 0; i < 50; ++i) cache.Put("x" + std::to_string(i), "v", {"often", "rare"});
  for (int i = 0; i < 50; ++i) cache.Put("y" + std::to_string(i), "v", {"often"});
  EXPECT_EQ(cache.InvalidateAll({"often", "rare"}), 50u);
  EXPECT_EQ(cache.Keys({"often"}).size(), 50u);
  EXPECT_EQ(cache.store.Stats().tags, 1u);
}

TEST(TagIndex, TagsThatOccurTwiceInTheCallCountOnce) {
  Cache cache;
  cache.Put("k", "v", {"a", "b"});
  EXPECT_EQ(cache.InvalidateAll({"a", "a", "b", "a"}), 1u);
  cache.Put("k", "v", {"a"});
  EXPECT_EQ(cache.InvalidateAny({"a", "a"}), 1u);
}

TEST(TagIndex, TagsThatOccurTwiceOnAnEntryCountOnce) {
  Cache cache;
  cache.Put("k", "v", {"a", "b", "a", "a"});
  EXPECT_EQ(cache.TagsOf("k"), List({"a", "b"}));
  EXPECT_EQ(cache.store.Stats().tags, 2u);
  EXPECT_EQ(cache.InvalidateAny({"a"}), 1u);
  EXPECT_EQ(cache.store.Stats().tags, 0u);
}

TEST(TagIndex, AnEmptyListOfTagsReachesNothing) {
  Cache cache;
  cache.Put("k", "v", {"t"});
  cache.Put("m", "v");
  EXPECT_EQ(cache.InvalidateAny({}), 0u);
  EXPECT_EQ(cache.InvalidateAll({}), 0u);
  EXPECT_EQ(cache.Keys({}, TagMatch::kAny), List({}));
  EXPECT_EQ(cache.Keys({}, TagMatch::kAll), List({}));
}

// lessons 9
TEST(TagIndex, AKeyWrittenAnewIsNotReachedByItsOldTags) {
  Cache cache;
  cache.Put("k", "1", {"a", "b"});
  EXPECT_EQ(cache.InvalidateAny({"a"}), 1u);
  cache.Put("k", "2");
  EXPECT_EQ(cache.InvalidateAny({"b"}), 0u);
  EXPECT_EQ(cache.Get("k"), "2");
}

// lessons 9
TEST(TagIndex, EveryWayOutOfTheStoreTakesTheTagsAlong) {
  Cache cache;
  const auto leave_by = [&](auto leave) {
    cache.Put("k", "1", {"t"}, 100);
    leave();
    cache.Put("k", "2");
    EXPECT_EQ(cache.InvalidateAny({"t"}), 0u);
    EXPECT_EQ(cache.Get("k"), "2");
  };
  leave_by([&] { cache.Put("k", "x", {"u"}); });
  leave_by([&] { cache.Replace("k", "x"); });
  leave_by([&] { cache.Delete("k"); });
  leave_by([&] { cache.store.Touch("k", 0, cache.now); });
  leave_by([&] { cache.store.Flush(cache.now); });
  leave_by([&] { cache.Put("k", "x", {}, 0); });
  leave_by([&] {
    cache.Advance(100);
    cache.Has("k");
  });
  leave_by([&] {
    cache.Advance(100);
    cache.store.RunMaintenance(SIZE_MAX, cache.now);
  });
  leave_by([&] {
    const std::string_view keys[] = {"k"};
    cache.store.MultiDelete(keys, cache.now);
  });
}

// lessons 8
TEST(TagIndex, EveryWriteIsReachedByItsTag) {
  Cache cache;
  const Words tags = {"t"};
  CounterIncrement step{.key = "counted"};
  step.tags = tags;
  cache.Put("put", "v", tags);
  cache.Add("added", "v", tags);
  cache.Put("replaced", "v");
  cache.Replace("replaced", "v", tags);
  cache.store.Increment(step, cache.now);
  Write write{.key = "bulk", .value = "v"};
  write.tags = tags;
  Outcome outcome;
  cache.store.MultiPut({&write, 1}, cache.now, {&outcome, 1});
  EXPECT_EQ(cache.InvalidateAny({"t"}), 5u);
  EXPECT_EQ(cache.store.Stats().items, 0u);
}

TEST(TagIndex, ATagSpreadOverManyShardsIsOneTag) {
  Cache cache;
  for (int i = 0; i < 1000; ++i) cache.Put("k" + std::to_string(i), "v", {"t", "u"});
  EXPECT_EQ(cache.store.Stats().tags, 2u);
}

TEST(TagIndex, MetaNamesTheTagsInTheOrderGiven) {
  Cache cache;
  cache.Put("k", "v", {"z", "a", "m"});
  EXPECT_EQ(cache.store.Meta("k", cache.now)->tags, List({"z", "a", "m"}));
}

TEST(TagIndex, AnEntryMayHaveTheMostTagsAllowed) {
  Cache cache({.shards = 4, .seed = 1, .max_tags = 255});
  std::vector<std::string> names;
  for (int i = 0; i < 255; ++i) names.push_back("tag" + std::to_string(i));
  const Words tags(names.begin(), names.end());
  EXPECT_EQ(cache.Put("k", "v", tags), Outcome::kOk);
  EXPECT_EQ(cache.store.Meta("k", cache.now)->tags, names);
  EXPECT_EQ(cache.InvalidateAll(tags), 1u);
  EXPECT_EQ(cache.store.Stats().tags, 0u);
}

}  // namespace
}  // namespace tagcache::testing
