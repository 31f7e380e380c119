// Commands on many keys, and batches of commands, against a real server.

#include <gtest/gtest.h>

#include <thread>

#include "tagcache/batch.h"
#include "tests/client/commands.h"

namespace tagcache::testing {
namespace {

class BulkCommands : public Commands {};

INSTANTIATE_TEST_SUITE_P(Ways, BulkCommands, AllWays());

TEST_P(BulkCommands, MultiGetKeepsTheOrderAskedMissesAndRepetitionsIncluded) {
  Put("a", "1");
  Put("c", "3");
  const Names keys = {"c", "b", "a", "c"};
  const auto values = client_->MultiGet(keys);
  ASSERT_TRUE(values.ok()) << values.status().message();
  ASSERT_EQ(values->values.size(), 4u);
  EXPECT_EQ(values->values[0]->bytes, "3");
  EXPECT_FALSE(values->values[1].has_value());
  EXPECT_EQ(values->values[2]->bytes, "1");
  EXPECT_EQ(values->values[3]->bytes, "3");
  EXPECT_TRUE(values->refused.empty());
  EXPECT_TRUE(client_->MultiGet({})->values.empty());
}

TEST_P(BulkCommands, MultiPutTakesTtlAndTagsPerItem) {
  const Names tags = {"red", "blue"};
  const PutItem items[] = {
      {"one", {"1"}, {.tags = tags}}, {"two", {"2"}, {.ttl = milliseconds(30)}}, {"three", {"3"}}};
  const auto report = client_->MultiPut(items);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->stored, 3u);
  EXPECT_TRUE(report->refused.empty());
  EXPECT_EQ(*client_->InvalidateTag("red"), 1u);
  EXPECT_EQ(Got("one"), "(miss)");
  std::this_thread::sleep_for(milliseconds(60));
  EXPECT_EQ(Got("two"), "(miss)");
  EXPECT_EQ(Got("three"), "3");
}

// Lessons 5 and 7.
TEST_P(BulkCommands, MultiPutReportsWhatTheServerRefusedAndStoresTheRest) {
  Put("too large", "old");
  const std::string huge(65 << 20, 'x');
  const PutItem items[] = {{"one", {"1"}}, {"too large", {huge}}, {"two", {"2"}}};
  const auto report = client_->MultiPut(items);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->stored, 2u);
  ASSERT_EQ(report->refused.size(), 1u);
  EXPECT_EQ(report->refused[0].index, 1u);
  EXPECT_EQ(Got("one") + Got("too large") + Got("two"), "1(miss)2");
  if (text()) return;  // its answer has no room for the limit
  EXPECT_EQ(report->refused[0].status.server_error(), ServerError::kValueTooLarge);
  EXPECT_NE(report->refused[0].status.message().find("max_value is 67108864"), std::string::npos)
      << report->refused[0].status.message();
}

// Lessons 5 and 7: nothing is dropped in silence.
TEST_P(BulkCommands, MultiPutStoresTheRestOfWhatTheTextProtocolCanNotCarry) {
  Put("bad", "old");
  const PutItem items[] = {
      {"good", {"1"}, {}}, {"bad", {"with\nLF"}, {}}, {"tab\tkey", {"2"}, {}}, {"fine", {"3"}, {}}};
  const auto report = client_->MultiPut(items);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(Got("good"), "1");
  EXPECT_EQ(Got("fine"), "3");
  if (!text()) {
    EXPECT_EQ(report->stored, 4u);
    return;
  }
  EXPECT_EQ(report->stored, 2u);
  ASSERT_EQ(report->refused.size(), 2u);
  EXPECT_EQ(report->refused[0].index, 1u);
  EXPECT_EQ(report->refused[0].status.code(), ErrorCode::kUsage);
  EXPECT_EQ(report->refused[1].index, 2u);
  EXPECT_EQ(Got("bad"), "(miss)");
}

TEST_P(BulkCommands, MultiPutOfAKeyThatIsRefusedFirstAndStoredLaterKeepsTheLater) {
  if (!text()) GTEST_SKIP() << "the binary protocol carries everything";
  const PutItem items[] = {{"k", {"a\nb"}, {}}, {"k", {"later"}, {}}};
  EXPECT_EQ(client_->MultiPut(items)->stored, 1u);
  EXPECT_EQ(Got("k"), "later");
  const PutItem other[] = {{"k", {"earlier"}, {}}, {"k", {"a\nb"}, {}}};
  EXPECT_EQ(client_->MultiPut(other)->refused.size(), 1u);
  EXPECT_EQ(Got("k"), "(miss)");
}

TEST_P(BulkCommands, MultiDeleteAndInvalidateKeysCountWhatWasThere) {
  Put("a", "1");
  Put("b", "2");
  Put("c", "3");
  const Names some = {"a", "x", "b"};
  EXPECT_EQ(client_->MultiDelete(some)->deleted, 2u);
  const Names rest = {"a", "c"};
  EXPECT_EQ(*client_->InvalidateKeys(rest), 1u);
  EXPECT_EQ(Got("c"), "(miss)");
  EXPECT_EQ(client_->MultiDelete({})->deleted, 0u);
}

TEST_P(BulkCommands, BulkCallsOfManyKeysReachAllOfThem) {
  constexpr size_t kCount = 30'000;
  std::vector<std::string> names;
  for (size_t i = 0; i < kCount; ++i) names.push_back("many:" + std::to_string(i));
  std::vector<PutItem> items;
  Names keys;
  for (const std::string& name : names) {
    items.push_back({name, {name}, {}});
    keys.push_back(name);
  }
  const auto report = client_->MultiPut(items);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->stored, kCount);
  const auto values = client_->MultiGet(keys);
  ASSERT_TRUE(values.ok()) << values.status().message();
  for (size_t i = 0; i < kCount; ++i) ASSERT_EQ(values->values[i]->bytes, names[i]);
  EXPECT_EQ(*client_->InvalidateKeys(Names(keys.begin(), keys.begin() + 10'000)), 10'000u);
  EXPECT_EQ(client_->MultiDelete(keys)->deleted, kCount - 10'000);
}

TEST_P(BulkCommands, BatchRunsMixedCommandsInTheirOrderWithAResultEach) {
  Put("there", "1");
  const Names tags = {"t"};
  Batch batch;
  const size_t put = batch.Put("k", {"v"}, {.tags = tags});
  const size_t get = batch.Get("k");
  const size_t miss = batch.Get("nothing");
  const size_t add = batch.Add("there", {"2"});
  const size_t gone = batch.Delete("there");
  const size_t bad = batch.Increment("k");
  const size_t step = batch.Increment("n", {.by = 7});
  const size_t tag = batch.InvalidateTag("t");
  const size_t after = batch.Get("k");
  const auto results = client_->Run(batch);
  ASSERT_TRUE(results.ok()) << results.status().message();
  ASSERT_EQ(results->size(), batch.size());
  const auto& r = *results;
  EXPECT_TRUE(r[put].status.ok() && r[put].done);
  EXPECT_EQ(r[get].value->bytes, "v");
  EXPECT_TRUE(r[miss].status.ok());
  EXPECT_FALSE(r[miss].done || r[miss].value);
  EXPECT_FALSE(r[add].done);
  EXPECT_TRUE(r[gone].done);
  EXPECT_EQ(r[bad].status.server_error(), ServerError::kNotAnInteger);
  EXPECT_NE(r[bad].status.message().find("increment 'k'"), std::string::npos);
  EXPECT_EQ(r[step].number, 7);
  EXPECT_EQ(r[tag].number, 1);
  EXPECT_FALSE(r[after].value.has_value());
  EXPECT_TRUE(client_->Run(Batch())->empty());
}

TEST_P(BulkCommands, BatchRefusesWhatTheProtocolCanNotCarryAndRunsTheRest) {
  if (!text()) GTEST_SKIP() << "the binary protocol carries everything";
  Put("k", "old");
  Batch batch;
  batch.Put("k", {"a\nb"});
  batch.Get("k");
  batch.Touch("k", seconds(1));
  batch.Put("l", {"stored"});
  const auto results = client_->Run(batch);
  ASSERT_TRUE(results.ok());
  EXPECT_EQ((*results)[0].status.code(), ErrorCode::kUsage);
  EXPECT_FALSE((*results)[1].value.has_value()) << "lessons 7";
  EXPECT_EQ((*results)[2].status.code(), ErrorCode::kUsage);
  EXPECT_EQ(Got("l"), "stored");
}

TEST_P(BulkCommands, SubmittedBatchesAreWaitedForInAnyOrder) {
  std::vector<Ticket> tickets;
  for (int i = 0; i < 20; ++i) {
    Batch batch;
    const std::string key = "s" + std::to_string(i);
    batch.Put(key, {key});
    batch.Get(key);
    const auto ticket = client_->Submit(batch);
    ASSERT_TRUE(ticket.ok()) << ticket.status().message();
    tickets.push_back(*ticket);
  }
  for (size_t i = tickets.size(); i-- > 0;) {
    const auto results = client_->Wait(tickets[i]);
    ASSERT_TRUE(results.ok()) << results.status().message();
    EXPECT_EQ((*results)[1].value->bytes, "s" + std::to_string(i));
  }
  EXPECT_EQ(client_->pool_stats().connections_open, 2u) << "one pooled, one shared";
  EXPECT_EQ(client_->Wait(tickets[0]).status().code(), ErrorCode::kUsage);
  EXPECT_EQ(client_->Wait(0).status().code(), ErrorCode::kUsage);
}

}  // namespace
}  // namespace tagcache::testing
