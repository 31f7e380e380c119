// Tags and prefixes against a real server.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/client/commands.h"

namespace tagcache::testing {
namespace {

class TagCommands : public Commands {};

INSTANTIATE_TEST_SUITE_P(Ways, TagCommands, AllWays());

TEST_P(TagCommands, ScanListsWhatBeginsWithThePrefixAndDeletePrefixRemovesIt) {
  if (text()) {
    EXPECT_EQ(client_->Scan("a").status().code(), ErrorCode::kUsage);
    EXPECT_EQ(client_->DeletePrefix("a").status().code(), ErrorCode::kUsage);
    return;
  }
  // More than the server visits in one request.
  std::vector<std::string> wanted;
  std::vector<std::string> others;
  for (int i = 0; i < 6000; ++i) {
    wanted.push_back("a:" + std::to_string(i));
    others.push_back("b:" + std::to_string(i));
  }
  std::vector<PutItem> items;
  for (const std::string& key : wanted) items.push_back({key, {"v"}});
  for (const std::string& key : others) items.push_back({key, {"v"}});
  ASSERT_EQ(client_->MultiPut(items)->stored, items.size());
  const auto other = Make("other:");
  ASSERT_TRUE(other->Put("a:1", {"theirs"}).ok());
  std::vector<std::string> found;
  uint64_t cursor = 0;
  do {
    const auto page = client_->Scan("a:", cursor, 100);
    ASSERT_TRUE(page.ok()) << page.status().message();
    found.insert(found.end(), page->keys.begin(), page->keys.end());
    cursor = page->cursor;
  } while (cursor != 0);
  std::sort(found.begin(), found.end());
  std::sort(wanted.begin(), wanted.end());
  EXPECT_EQ(found, wanted);
  EXPECT_EQ(*client_->DeletePrefix("a:"), 6000u);
  EXPECT_EQ(*client_->DeletePrefix("a:"), 0u);
  EXPECT_EQ(Got("b:7"), "v");
  EXPECT_EQ((**other->Get("a:1")).bytes, "theirs");
}

TEST_P(TagCommands, TheHeaviestTagsComeFirstAndWithoutThePrefix) {
  if (text()) {
    EXPECT_EQ(client_->HeaviestTags().status().code(), ErrorCode::kUsage);
    return;
  }
  // The count is of all the server's time: a tag of this test's own.
  const std::string light =
      std::string("light ") + GetParam().prefix + client_->options().servers[0];
  Put("a", "x", {light});
  Put("b", std::string(10'000, 'x'), {"heavy"});
  Put("c", "x", {light});
  ASSERT_TRUE(client_->InvalidateTag(light).ok());
  Put("a", "x", {light});
  const auto tags = client_->HeaviestTags();
  ASSERT_TRUE(tags.ok()) << tags.status().message();
  ASSERT_EQ(tags->size(), 2u);
  EXPECT_EQ((*tags)[0].tag, "heavy");
  EXPECT_GE((*tags)[0].bytes, 10'000u);
  EXPECT_EQ((*tags)[0].keys, 1u);
  EXPECT_EQ((*tags)[1].tag, light);
  EXPECT_EQ((*tags)[1].keys, 1u);
  EXPECT_EQ((*tags)[1].invalidations, 1u);
  EXPECT_EQ(client_->HeaviestTags(1)->size(), 1u);
}

TEST_P(TagCommands, InvalidatingTagsTakesExactlyTheirMembers) {
  Put("ab", "1", {"a", "b"});
  Put("a", "2", {"a"});
  Put("b", "3", {"b"});
  Put("none", "4");
  const Names both = {"a", "b"};
  EXPECT_EQ(*client_->InvalidateTags(both, TagMode::kAll), 1u);
  EXPECT_EQ(Got("ab"), "(miss)");
  EXPECT_EQ(Got("a"), "2");
  EXPECT_EQ(*client_->InvalidateTag("a"), 1u);
  EXPECT_EQ(*client_->InvalidateTags(both, TagMode::kAny), 1u);
  EXPECT_EQ(Got("none"), "4");
}

TEST_P(TagCommands, KeysComeBackWithoutThePrefix) {
  Put("x", "1", {"t", "u"});
  Put("y", "2", {"t"});
  auto page = client_->KeysByTag("t");
  ASSERT_TRUE(page.ok()) << page.status().message();
  std::sort(page->keys.begin(), page->keys.end());
  EXPECT_EQ(page->keys, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(page->cursor, 0u);
  const Names both = {"t", "u"};
  const auto all = client_->Search(both, TagMode::kAll);
  if (text()) {
    EXPECT_EQ(all.status().code(), ErrorCode::kUsage);
    return;
  }
  EXPECT_EQ(all->keys, std::vector<std::string>{"x"});
  EXPECT_EQ(client_->Search(both, TagMode::kAny)->keys.size(), 2u);
}

TEST_P(TagCommands, PagesTogetherHoldEveryKeyOnce) {
  if (text()) GTEST_SKIP() << "all keys come at once";
  for (int i = 0; i < 500; ++i) Put("p" + std::to_string(i), "v", {"paged"});
  std::vector<std::string> all;
  uint64_t cursor = 0;
  do {
    const auto page = client_->KeysByTag("paged", cursor, 40);
    ASSERT_TRUE(page.ok());
    all.insert(all.end(), page->keys.begin(), page->keys.end());
    cursor = page->cursor;
  } while (cursor != 0);
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::unique(all.begin(), all.end()), all.end());
  EXPECT_EQ(all.size(), 500u);
}

}  // namespace
}  // namespace tagcache::testing
