// SCAN, DELETE_PREFIX and TAG_STATS through a session: bounded work a request, and a cursor.

#include <gtest/gtest.h>

#include <set>

#include "tests/server/session_driver.h"

namespace tagcache::testing {
namespace {

std::string EncodedPrefix(Op op, std::string_view prefix, uint64_t cursor, uint32_t limit = 0) {
  Request request;
  request.op = op;
  request.id = 1;
  request.key = prefix;
  request.cursor = cursor;
  request.limit = limit;
  return Encoded(request);
}

// An answer, read by the codec; views point into `message`.
protocol::Response Read(const Message& message, protocol::Scratch& scratch) {
  protocol::Response response;
  EXPECT_TRUE(protocol::DecodeResponse(static_cast<uint8_t>(message.op), message.id, message.status,
                                       message.body, scratch, &response));
  return response;
}

constexpr size_t kMany = 10'000;  // more than one request looks at

void Fill(Driver& driver) {
  for (size_t i = 0; i < kMany; ++i) {
    driver.Store("a:" + std::to_string(i), "v");
    driver.Store("b:" + std::to_string(i), "v");
  }
}

TEST(Prefixes, PagesOfAScanTogetherListEachKeyOnce) {
  Driver driver;
  Fill(driver);
  protocol::Scratch scratch;
  for (const uint32_t limit : {0u, 1000u, 4'000'000'000u}) {
    std::set<std::string> found;
    uint64_t cursor = 0;
    size_t keys = 0;
    do {
      const Message message = Only(driver.Say(EncodedPrefix(Op::kScan, "a:", cursor, limit)));
      const protocol::Response page = Read(message, scratch);
      EXPECT_LE(page.keys.size(), limit == 1000 || limit == 0 ? 1000u : 4096u);
      found.insert(page.keys.begin(), page.keys.end());
      keys += page.keys.size();
      cursor = page.cursor;
    } while (cursor != 0);
    EXPECT_EQ(keys, kMany);
    EXPECT_EQ(found.size(), kMany);
  }
}

TEST(Prefixes, DeletePrefixRemovesABoundedPartARequestAndAllByItsCursor) {
  Driver driver;
  Fill(driver);
  protocol::Scratch scratch;
  uint64_t cursor = 0;
  size_t removed = 0;
  size_t requests = 0;
  do {
    const Message message = Only(driver.Say(EncodedPrefix(Op::kDeletePrefix, "a:", cursor)));
    const protocol::Response progress = Read(message, scratch);
    removed += static_cast<size_t>(progress.number);
    cursor = progress.cursor;
    ++requests;
  } while (cursor != 0);
  EXPECT_EQ(removed, kMany);
  EXPECT_GE(requests, 3u);
  EXPECT_FALSE(driver.Has("a:1"));
  EXPECT_TRUE(driver.Has("b:1"));
}

TEST(Prefixes, LongerThanAnyKeyAreRefused) {
  Driver driver;
  for (const Op op : {Op::kScan, Op::kDeletePrefix}) {
    EXPECT_EQ(Only(driver.Say(EncodedPrefix(op, Repeat('k', 2000), 0))).status,
              StatusCode::kKeyTooLong);
  }
}

TEST(TagStatistics, ListTheHeaviestTagsFirst) {
  Driver driver;
  const auto put = [&](std::string_view key, std::string_view value, std::string_view tag) {
    driver.engine.store().Put({.key = key, .value = value, .tags = {&tag, 1}},
                              server::WriteMode::kPut, driver.now);
  };
  put("a", "v", "light");
  put("b", Repeat('v', 5000), "heavy");
  protocol::Scratch scratch;
  Message message = Only(driver.Say(EncodedPrefix(Op::kTagStats, "", 0, 0)));
  protocol::Response stats = Read(message, scratch);
  ASSERT_EQ(stats.tag_stats.size(), 2u);
  EXPECT_EQ(stats.tag_stats[0].tag, "heavy");
  EXPECT_EQ(stats.tag_stats[0].keys, 1u);
  EXPECT_GE(stats.tag_stats[0].bytes, 5000u);
  EXPECT_EQ(stats.tag_stats[1].tag, "light");
  message = Only(driver.Say(EncodedPrefix(Op::kTagStats, "", 0, 1)));
  stats = Read(message, scratch);
  ASSERT_EQ(stats.tag_stats.size(), 1u);
  EXPECT_EQ(stats.tag_stats[0].tag, "heavy");
}

}  // namespace
}  // namespace tagcache::testing
