#include "libclient/calls/key_list.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tagcache {
namespace {

TEST(KeyList, KeysKeepTheirBytesHoweverManyAndHoweverLong) {
  KeyList list;
  for (int round = 0; round < 3; ++round) {
    list.Clear();
    EXPECT_EQ(list.size(), 0u);
    EXPECT_EQ(list.longest(), 0u);
    std::vector<std::string> keys;
    for (size_t i = 0; i < 3000; ++i) {
      // Of all sizes, some longer than a block; one by one, or several at a time.
      keys.push_back(std::to_string(i) + std::string(i % 500 == 7 ? 40'000 : i % 90, 'x'));
      if (i % 3 == 0) {
        list.Add("prefix:", keys.back());
      } else if (i % 3 == 2) {
        const std::vector<std::string_view> two = {keys[i - 1], keys[i]};
        list.Add("prefix:", two);
      }
    }
    ASSERT_EQ(list.size(), keys.size());
    for (size_t i = 0; i < keys.size(); ++i) ASSERT_EQ(list[i], "prefix:" + keys[i]) << i;
    EXPECT_EQ(list.longest(), 7 + 4 + 40'000u);
    list.Trim();
  }
}

TEST(KeyList, ChunksAreTheKeysInOrderAndEndAtTheLimit) {
  KeyList list;
  const std::string key(1000, 'k');
  for (int i = 0; i < 1000; ++i) list.Add("", key);
  size_t first = 0;
  while (first < list.size()) {
    const auto chunk = list.Chunk(first, list.size(), SIZE_MAX);
    ASSERT_FALSE(chunk.empty());
    const size_t bytes = chunk.size() * (key.size() + 2);
    EXPECT_LT(bytes - (key.size() + 2), kBulkRequestBytes);
    if (first + chunk.size() < list.size()) {
      EXPECT_GE(bytes, kBulkRequestBytes);
    }
    first += chunk.size();
  }
  EXPECT_EQ(first, list.size());
  EXPECT_TRUE(list.Chunk(first, list.size(), SIZE_MAX).empty());
}

TEST(KeyList, LongKeyHasAChunkOfItsOwn) {
  KeyList list;
  for (const char* key : {"a", "bb", "long", "c", "d"}) list.Add("", key);
  EXPECT_EQ(list.Chunk(0, 5, 3).size(), 2u);
  EXPECT_EQ(list.Chunk(2, 5, 3).size(), 1u);
  EXPECT_EQ(list.Chunk(3, 5, 3).size(), 2u);
  EXPECT_EQ(list.Chunk(3, 4, 3).size(), 1u) << "it ends where it is asked to";
}

TEST(KeyList, EmptyKeysAreKeys) {
  KeyList list;
  list.Add("", "");
  list.Add("p", "");
  EXPECT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0], "");
  EXPECT_EQ(list[1], "p");
}

}  // namespace
}  // namespace tagcache
