// A bulk call does for each item what the call of one key does: a refused item is named, and its
// neighbours are done. On every codec and transport.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/client/commands.h"

namespace tagcache::testing {
namespace {

constexpr size_t kMaxValue = 1 << 20;

class BulkRefusal : public Commands {
 protected:
  static void SetUpTestSuite() {
    server_ = new ServerProcess({"--max-key=100", "--max-value=" + std::to_string(kMaxValue)});
  }
  static std::vector<size_t> Indices(const std::vector<Refusal>& refused) {
    std::vector<size_t> indices;
    for (const Refusal& refusal : refused) indices.push_back(refusal.index);
    return indices;
  }
  // The refusal of item `index` is that of the single call, under the name of the bulk call.
  static void ExpectSame(const Status& bulk, const Status& single, const std::string& key) {
    EXPECT_EQ(bulk.code(), single.code());
    EXPECT_EQ(bulk.server_error(), single.server_error());
    EXPECT_NE(bulk.message().find("'" + ShownKey(key) + "'"), std::string::npos) << bulk.message();
  }

  const std::string long_key_ = std::string(101, 'k');
  const std::string longer_key_ = std::string(3000, 'l');
  const std::string unsendable_key_ = std::string(70'000, 'u');
};

INSTANTIATE_TEST_SUITE_P(Ways, BulkRefusal, AllWays());

TEST_P(BulkRefusal, ItemsTooLargeForAMessageLeaveTheirNeighboursAlone) {
  Put("large", "old");
  Put("huge", "old");
  // Over max_value; over the largest line of text; over max_value and 16 MiB, the largest message.
  const std::string large(kMaxValue + 1, 'a');
  const std::string huge(kMaxValue + (17 << 20), 'b');
  const PutItem items[] = {{"one", {"1"}},   {"large", {large}}, {"two", {"2"}},
                           {"huge", {huge}}, {"three", {"3"}},   {"four", {huge}}};
  const auto report = client_->MultiPut(items);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->stored, 3u);
  EXPECT_EQ(Indices(report->refused), (std::vector<size_t>{1, 3, 5}));
  EXPECT_EQ(Got("one") + Got("two") + Got("three"), "123");
  EXPECT_EQ(Got("large"), "(miss)");
  EXPECT_EQ(Got("huge"), "(miss)");
  for (const Refusal& refusal : report->refused) {
    const PutItem& item = items[refusal.index];
    ExpectSame(refusal.status, client_->Put(item.key, item.value), std::string(item.key));
  }
}

TEST_P(BulkRefusal, LargeItemsThatFitAreStoredInTheirOrder) {
  const std::string first(kMaxValue, 'a');
  const std::string second(100'000, 'b');
  const Names tags = {"t"};
  const PutItem items[] = {{"k", {first}, {.tags = tags}}, {"other", {"1"}}, {"k", {second}}};
  const auto report = client_->MultiPut(items);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->stored, 3u);
  EXPECT_TRUE(Got("k") == second);
  EXPECT_EQ(*client_->InvalidateTag("t"), 0u);
}

TEST_P(BulkRefusal, GetNamesEachKeyThatIsRefusedAndReadsTheOthers) {
  Put("a", "1");
  Put("b", "2");
  const Names keys = {"a", long_key_, "b", unsendable_key_, longer_key_, "c", longer_key_};
  const auto report = client_->MultiGet(keys);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->values[0]->bytes, "1");
  EXPECT_EQ(report->values[2]->bytes, "2");
  EXPECT_FALSE(report->values[1] || report->values[3] || report->values[4] || report->values[5]);
  EXPECT_EQ(Indices(report->refused), (std::vector<size_t>{1, 3, 4, 6}));
  for (const Refusal& refusal : report->refused) {
    const std::string key(keys[refusal.index]);
    ExpectSame(refusal.status, client_->Get(key).status(), key);
  }
}

// The requests that are under way behind a refused one are asked for again, in the order of the
// keys.
TEST_P(BulkRefusal, GetOfManyKeysWithSomeRefusedKeepsTheirOrder) {
  std::vector<std::string> names;
  std::vector<PutItem> items;
  for (size_t i = 0; i < 20'000; ++i) {
    names.push_back("key:" + std::to_string(i) + std::string(i % 50, '.'));
    if (i % 1000 == 999) names.back() += std::string(i / 10, '-');
  }
  Names keys(names.begin(), names.end());
  for (const std::string& name : names) items.push_back({name, {name}});
  const auto put = client_->MultiPut(items);
  ASSERT_TRUE(put.ok()) << put.status().message();
  EXPECT_EQ(put->refused.size(), 20u);
  const auto got = client_->MultiGet(keys);
  ASSERT_TRUE(got.ok()) << got.status().message();
  EXPECT_EQ(Indices(got->refused), Indices(put->refused));
  size_t found = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    if (!got->values[i]) continue;
    ASSERT_EQ(got->values[i]->bytes, names[i]);
    ++found;
  }
  EXPECT_EQ(found, names.size() - 20);
  const auto deleted = client_->MultiDelete(keys);
  ASSERT_TRUE(deleted.ok()) << deleted.status().message();
  EXPECT_EQ(deleted->deleted, names.size() - 20);
  EXPECT_EQ(Indices(deleted->refused), Indices(put->refused));
}

TEST_P(BulkRefusal, AllKeysRefusedAreAllNamed) {
  const std::vector<std::string> names(300, longer_key_);
  const Names keys(names.begin(), names.end());
  EXPECT_EQ(client_->MultiGet(keys)->refused.size(), 300u);
  EXPECT_EQ(client_->MultiDelete(keys)->refused.size(), 300u);
  const Names none = {unsendable_key_};
  EXPECT_EQ(client_->MultiGet(none)->refused.size(), 1u);
  EXPECT_EQ(client_->MultiDelete(none)->refused.size(), 1u);
}

TEST_P(BulkRefusal, DeleteNamesEachKeyThatIsRefusedAndDeletesTheOthers) {
  Put("a", "1");
  Put("b", "2");
  const Names keys = {"a", long_key_, unsendable_key_, "b", "c", longer_key_};
  const auto report = client_->MultiDelete(keys);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->deleted, 2u);
  EXPECT_EQ(Indices(report->refused), (std::vector<size_t>{1, 2, 5}));
  EXPECT_EQ(Got("a") + Got("b"), "(miss)(miss)");
  for (const Refusal& refusal : report->refused) {
    const std::string key(keys[refusal.index]);
    ExpectSame(refusal.status, client_->Delete(key).status(), key);
  }
}

// It is one step for all keys, so it is done for all of them or fails, and the message has the key.
TEST_P(BulkRefusal, InvalidateKeysNamesTheKeyThatIsRefused) {
  const Names keys = {"a", long_key_};
  const auto count = client_->InvalidateKeys(keys);
  ASSERT_FALSE(count.ok());
  if (text()) return;  // a text answer has no room for it
  EXPECT_NE(count.status().message().find(ShownKey(long_key_.substr(0, 60)).substr(0, 50)),
            std::string::npos)
      << count.status().message();
}

}  // namespace
}  // namespace tagcache::testing
