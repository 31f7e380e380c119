#include <gtest/gtest.h>

#include <string>

#include "tests/store/cache.h"

namespace tagcache::testing {
namespace {

using server::TagStats;

TEST(HeaviestTags, ComeWithTheMostBytesFirst) {
  Cache cache;
  for (int i = 0; i < 100; ++i) {
    cache.Put("small" + std::to_string(i), "v", {"small", "every"});
    cache.Put("large" + std::to_string(i), std::string(5'000, 'v'), {"large", "every"});
    cache.Put("middle" + std::to_string(i), std::string(500, 'v'), {"middle", "every"});
  }
  const std::vector<TagStats> tags = cache.HeaviestTags(10);
  ASSERT_EQ(tags.size(), 4u);
  EXPECT_EQ(tags[0].tag, "every");
  EXPECT_EQ(tags[1].tag, "large");
  EXPECT_EQ(tags[2].tag, "middle");
  EXPECT_EQ(tags[3].tag, "small");
  EXPECT_EQ(tags[0].keys, 300u);
  for (int i = 1; i < 4; ++i) {
    EXPECT_EQ(tags[i].keys, 100u);
    EXPECT_GE(tags[i - 1].bytes, tags[i].bytes);
  }
  EXPECT_GE(tags[1].bytes, 500'000u);
  EXPECT_LE(tags[1].bytes, 700'000u);
  EXPECT_GE(tags[0].bytes, 550'000u);
}

TEST(HeaviestTags, AreNoMoreThanTheLimit) {
  Cache cache;
  for (int i = 0; i < 1'000; ++i) {
    cache.Put("k" + std::to_string(i), std::string(1 + 8 * i, 'v'), {"t" + std::to_string(i)});
  }
  EXPECT_TRUE(cache.HeaviestTags(0).empty());
  EXPECT_EQ(cache.HeaviestTags(5'000).size(), 1'000u);
  const std::vector<TagStats> tags = cache.HeaviestTags(3);
  ASSERT_EQ(tags.size(), 3u);
  // Sizes are rounded up, so near ones may be alike.
  EXPECT_GT(tags[2].bytes, 7'000u);
  EXPECT_GE(tags[0].bytes, tags[1].bytes);
  EXPECT_GE(tags[1].bytes, tags[2].bytes);
}

// In pieces or in one call, the answer is the same, and no piece visits much more than its budget.
TEST(HeaviestTags, AreTheSameInPieces) {
  Cache cache;
  for (int i = 0; i < 5'000; ++i) {
    cache.Put("k" + std::to_string(i), std::string(i % 777, 'v'),
              {"t" + std::to_string(i), "u" + std::to_string(i % 50)});
  }
  const std::vector<TagStats> whole = cache.HeaviestTags(70);
  server::TagRanking ranking(70);
  int pieces = 1;
  while (!cache.store.RankTags(&ranking, 100)) ++pieces;
  EXPECT_GE(pieces, 50);
  EXPECT_LE(pieces, 120);
  const std::vector<TagStats>& tags = ranking.tags();
  ASSERT_EQ(tags.size(), 70u);
  for (size_t i = 0; i < tags.size(); ++i) {
    EXPECT_EQ(tags[i].tag, whole[i].tag);
    EXPECT_EQ(tags[i].bytes, whole[i].bytes);
    if (i > 0) {
      EXPECT_LE(tags[i].bytes, tags[i - 1].bytes);
    }
    EXPECT_EQ(tags[i].tag[0], i < 50 ? 'u' : 't');
    EXPECT_EQ(tags[i].keys, i < 50 ? 100u : 1u);
  }
}

TEST(HeaviestTags, GoWithTheirEntries) {
  Cache cache;
  cache.Put("a", "v", {"t", "u"});
  cache.Put("b", "v", {"t"});
  cache.Delete("a");
  cache.store.RunMaintenance(SIZE_MAX, cache.now);
  std::vector<TagStats> tags = cache.HeaviestTags(10);
  ASSERT_EQ(tags.size(), 1u);
  EXPECT_EQ(tags[0].tag, "t");
  EXPECT_EQ(tags[0].keys, 1u);
  cache.Put("b", "v");
  cache.store.RunMaintenance(SIZE_MAX, cache.now);
  for (const TagStats& tag : cache.HeaviestTags(10)) EXPECT_EQ(tag.keys, 0u) << tag.tag;
}

TEST(HeaviestTags, AnInvalidatedOneHasNoKeys) {
  Cache cache;
  for (int i = 0; i < 50; ++i) cache.Put("k" + std::to_string(i), "v", {"t"});
  cache.InvalidateAny({"t"});
  while (cache.store.RunMaintenance(1'000, cache.now) > 0) {
  }
  for (const TagStats& tag : cache.HeaviestTags(10)) {
    EXPECT_EQ(tag.keys, 0u);
    EXPECT_EQ(tag.bytes, 0u);
  }
  cache.Put("k", "v", {"t"});
  const std::vector<TagStats> tags = cache.HeaviestTags(10);
  ASSERT_EQ(tags.size(), 1u);
  EXPECT_EQ(tags[0].keys, 1u);
}

TEST(HeaviestTags, CountTheBytesOfTheLastWrite) {
  Cache cache;
  cache.Put("k", std::string(3'000, 'v'), {"t"});
  cache.Put("k", "v", {"t"});
  EXPECT_LT(cache.HeaviestTags(1).at(0).bytes, 1'000u);
  cache.store.Put({.key = "k", .value = std::string(100'000, 'v')}, WriteMode::kAppend, cache.now);
  EXPECT_GE(cache.HeaviestTags(1).at(0).bytes, 100'000u);
}

}  // namespace
}  // namespace tagcache::testing
