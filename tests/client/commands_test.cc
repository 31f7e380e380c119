// Every command against a real server, on both codecs and each transport.

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "tagcache/batch.h"
#include "tagcache/client.h"
#include "tests/support/server_process.h"

namespace tagcache {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Names = std::vector<std::string_view>;

using testing::ServerProcess;

struct Way {
  Protocol protocol;
  std::string (ServerProcess::*dsn)() const;
  const char* prefix;
};

class Commands : public ::testing::TestWithParam<Way> {
 protected:
  static void SetUpTestSuite() { server_ = new testing::ServerProcess(); }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }
  void SetUp() override {
    client_ = Make(GetParam().prefix);
    ASSERT_TRUE(client_->Flush().ok());
  }
  std::unique_ptr<Client> Make(const std::string& prefix, milliseconds default_ttl = {}) {
    Options options;
    options.servers = {(server_->*GetParam().dsn)()};
    options.protocol = GetParam().protocol;
    options.timeout = seconds(20);
    options.prefix = prefix;
    options.default_ttl = default_ttl;
    auto client = Client::Create(options);
    EXPECT_TRUE(client.ok());
    return std::move(*client);
  }
  bool text() const { return GetParam().protocol == Protocol::kText; }
  std::string Got(std::string_view key) {
    const auto got = client_->Get(key);
    if (!got.ok()) return "error: " + got.status().message();
    return got.value() ? got.value()->bytes : "(miss)";
  }
  void Put(std::string_view key, std::string_view value, Names tags = {}) {
    const Status status = client_->Put(key, {value}, {.tags = tags});
    ASSERT_TRUE(status.ok()) << status.message();
  }

  static inline testing::ServerProcess* server_ = nullptr;
  std::unique_ptr<Client> client_;
};

INSTANTIATE_TEST_SUITE_P(Ways, Commands,
                         ::testing::Values(Way{Protocol::kBinary, &ServerProcess::tcp_dsn, ""},
                                           Way{Protocol::kBinary, &ServerProcess::unix_dsn, "pre:"},
                                           Way{Protocol::kBinary, &ServerProcess::shm_dsn, ""},
                                           Way{Protocol::kText, &ServerProcess::tcp_dsn, "pre:"},
                                           Way{Protocol::kText, &ServerProcess::unix_dsn, ""},
                                           Way{Protocol::kText, &ServerProcess::shm_dsn, "pre:"}));

TEST_P(Commands, PutThenGetGivesTheValueBackAndAMissIsNoError) {
  EXPECT_EQ(Got("k"), "(miss)");
  Put("k", "value");
  EXPECT_EQ(Got("k"), "value");
  Put("k", "");
  EXPECT_EQ(Got("k"), "");
}

TEST_P(Commands, FlagsAndAnyBytesSurviveOnTheBinaryProtocol) {
  const std::string key("k\0\t\n\r,\xff", 7);
  const std::string value("\0\r\n\t\xfe\r", 6);
  const Status status = client_->Put(key, {value, 0xABCD1234});
  if (text()) {
    EXPECT_EQ(status.code(), ErrorCode::kUsage);
    EXPECT_NE(status.message().find("the binary protocol carries it"), std::string::npos)
        << status.message();
    return;
  }
  ASSERT_TRUE(status.ok()) << status.message();
  const auto got = client_->Get(key);
  ASSERT_TRUE(got.ok() && *got);
  EXPECT_EQ(got.value()->bytes, value);
  EXPECT_EQ(got.value()->flags, 0xABCD1234u);
  ASSERT_TRUE(client_->Put("", {"of the empty key"}).ok());
  EXPECT_EQ(Got(""), "of the empty key");
}

// Lessons 2 and 7: it is not sent mangled, and what it was to replace is not served on.
TEST_P(Commands, ValueTheProtocolCanNotCarryIsRefusedAndLeavesNothingOfItsKey) {
  if (!text()) GTEST_SKIP() << "the binary protocol carries everything";
  Put("k", "old");
  EXPECT_EQ(client_->Put("k", {"a\nPUT\tother\t-\t-\tx"}).code(), ErrorCode::kUsage);
  EXPECT_EQ(Got("k"), "(miss)");
  EXPECT_EQ(Got("other"), "(miss)");
}

// Lessons 3.
TEST_P(Commands, ValuesAroundBufferSizesAndLargeOnesComeBackWhole) {
  for (const size_t size : {8191, 8192, 8193, 16 * 1024, 65536, 1 << 20, 20 << 20}) {
    std::string value(size, 'a');
    for (size_t i = 0; i < size; i += 97) value[i] = static_cast<char>('a' + i % 26);
    ASSERT_TRUE(client_->Put("large", {value}).ok()) << size;
    const auto got = client_->Get("large");
    ASSERT_TRUE(got.ok() && *got) << size;
    ASSERT_TRUE(got.value()->bytes == value) << size;
    EXPECT_EQ(Got("nothing"), "(miss)") << "and the connection is sound";
  }
}

TEST_P(Commands, AddWritesOnlyWhatIsNotThere) {
  EXPECT_TRUE(*client_->Add("k", {"one"}));
  EXPECT_FALSE(*client_->Add("k", {"two"}));
  EXPECT_EQ(Got("k"), "one");
}

TEST_P(Commands, DeleteSaysWhetherThereWasOne) {
  Put("k", "v");
  EXPECT_TRUE(*client_->Delete("k"));
  EXPECT_FALSE(*client_->Delete("k"));
}

TEST_P(Commands, ReplaceExistsTouchAndMetaAreBinaryOnly) {
  if (text()) {
    EXPECT_EQ(client_->Replace("k", {"v"}).status().code(), ErrorCode::kUsage);
    EXPECT_EQ(client_->Exists("k").status().code(), ErrorCode::kUsage);
    EXPECT_EQ(client_->Touch("k", seconds(1)).status().code(), ErrorCode::kUsage);
    EXPECT_EQ(client_->GetMeta("k").status().message(),
              "meta 'k': the text protocol has no META command; the binary protocol carries it");
    return;
  }
  EXPECT_FALSE(*client_->Replace("k", {"v"}));
  EXPECT_FALSE(*client_->Exists("k"));
  EXPECT_FALSE(*client_->Touch("k", seconds(9)));
  EXPECT_FALSE(client_->GetMeta("k").value().has_value());
  const Names tags = {"t1", "t2"};
  ASSERT_TRUE(client_->Put("k", {"value", 77}, {.ttl = seconds(100), .tags = tags}).ok());
  EXPECT_TRUE(*client_->Exists("k"));
  auto meta = client_->GetMeta("k");
  ASSERT_TRUE(meta.ok() && *meta);
  EXPECT_EQ((**meta).size, 5u);
  EXPECT_EQ((**meta).flags, 77u);
  ASSERT_TRUE((**meta).ttl_left.has_value());
  EXPECT_GT(*(**meta).ttl_left, seconds(50));
  EXPECT_LE(*(**meta).ttl_left, seconds(100));
  std::sort((**meta).tags.begin(), (**meta).tags.end());
  EXPECT_EQ((**meta).tags, (std::vector<std::string>{"t1", "t2"}));
  EXPECT_TRUE(*client_->Touch("k", kNeverExpires));
  EXPECT_FALSE((**client_->GetMeta("k")).ttl_left.has_value());
  const uint64_t version = (**client_->GetMeta("k")).version;
  EXPECT_TRUE(*client_->Replace("k", {"new"}));
  EXPECT_NE((**client_->GetMeta("k")).version, version);
}

TEST_P(Commands, CompareAndSetWritesOverTheVersionItKnowsOnly) {
  if (text()) {
    EXPECT_EQ(client_->CompareAndSet("k", 1, {"v"}).status().code(), ErrorCode::kUsage);
    EXPECT_EQ(client_->CompareAndDelete("k", 1).status().code(), ErrorCode::kUsage);
    return;
  }
  EXPECT_EQ(*client_->CompareAndSet("k", 1, {"v"}), Compared::kNotFound);
  Put("k", "one", {"old"});
  const uint64_t version = (**client_->GetMeta("k")).version;
  EXPECT_EQ(*client_->CompareAndSet("k", version + 1, {"wrong"}), Compared::kChanged);
  EXPECT_EQ(Got("k"), "one");
  const Names tags = {"new"};
  EXPECT_EQ(*client_->CompareAndSet("k", version, {"two", 7}, {.ttl = seconds(100), .tags = tags}),
            Compared::kDone);
  EXPECT_EQ(Got("k"), "two");
  const auto meta = client_->GetMeta("k");
  EXPECT_EQ((**meta).flags, 7u);
  EXPECT_TRUE((**meta).ttl_left.has_value());
  EXPECT_EQ((**meta).tags, std::vector<std::string>{"new"});
  EXPECT_EQ(*client_->CompareAndSet("k", version, {"three"}), Compared::kChanged);
  EXPECT_EQ(*client_->CompareAndDelete("k", version), Compared::kChanged);
  EXPECT_EQ(Got("k"), "two");
  EXPECT_EQ(*client_->CompareAndDelete("k", (**meta).version), Compared::kDone);
  EXPECT_EQ(Got("k"), "(miss)");
  EXPECT_EQ(*client_->CompareAndDelete("k", (**meta).version), Compared::kNotFound);
}

TEST_P(Commands, ARefusedCompareAndSetLeavesTheOldValue) {
  if (text()) GTEST_SKIP() << "the binary protocol's alone";
  Put("k", "old");
  const uint64_t version = (**client_->GetMeta("k")).version;
  const std::string huge(65 << 20, 'x');
  const auto refused = client_->CompareAndSet("k", version, {huge});
  EXPECT_EQ(refused.status().server_error(), ServerError::kValueTooLarge);
  EXPECT_EQ(client_->Append("k", huge).status().server_error(), ServerError::kValueTooLarge);
  EXPECT_EQ(Got("k"), "old");
}

TEST_P(Commands, GetAndTouchReadsAndSetsTheTimeToLive) {
  if (text()) {
    EXPECT_EQ(client_->GetAndTouch("k", seconds(1)).status().code(), ErrorCode::kUsage);
    return;
  }
  EXPECT_FALSE(client_->GetAndTouch("k", seconds(1))->has_value());
  Put("k", "v");
  EXPECT_EQ(client_->GetAndTouch("k", seconds(100))->value_or(Value{}).bytes, "v");
  EXPECT_TRUE((**client_->GetMeta("k")).ttl_left.has_value());
  EXPECT_EQ(client_->GetAndTouch("k", kNeverExpires)->value_or(Value{}).bytes, "v");
  EXPECT_FALSE((**client_->GetMeta("k")).ttl_left.has_value());
  EXPECT_EQ(client_->GetAndTouch("k", Ttl(-5)).status().code(), ErrorCode::kUsage);
}

TEST_P(Commands, AppendAndPrependAddToWhatIsThere) {
  if (text()) {
    EXPECT_EQ(client_->Append("k", "v").status().code(), ErrorCode::kUsage);
    EXPECT_EQ(client_->Prepend("k", "v").status().code(), ErrorCode::kUsage);
    return;
  }
  EXPECT_FALSE(*client_->Append("k", "v"));
  EXPECT_FALSE(*client_->Prepend("k", "v"));
  ASSERT_TRUE(client_->Put("k", {"b", 7}).ok());
  EXPECT_TRUE(*client_->Append("k", "c"));
  EXPECT_TRUE(*client_->Prepend("k", "a"));
  EXPECT_EQ(Got("k"), "abc");
  EXPECT_EQ((**client_->GetMeta("k")).flags, 7u);
}

TEST_P(Commands, AMissLeasesTheKeyToOneWhoAsks) {
  if (text()) {
    EXPECT_EQ(client_->GetOrLease("k").status().code(), ErrorCode::kUsage);
    return;
  }
  const auto first = client_->GetOrLease("k");
  ASSERT_TRUE(first.ok()) << first.status().message();
  EXPECT_NE(first->token, 0u);
  EXPECT_FALSE(first->value);
  const auto second = client_->GetOrLease("k");
  EXPECT_EQ(second->token, 0u);
  EXPECT_FALSE(second->value);
  ASSERT_TRUE(client_->Put("k", {"v", 3}, {.token = first->token}).ok());
  const auto third = client_->GetOrLease("k");
  ASSERT_TRUE(third->value);
  EXPECT_EQ(third->value->bytes, "v");
  EXPECT_EQ(third->value->flags, 3u);
  EXPECT_FALSE(third->stale);
}

TEST_P(Commands, WhatWasComputedBeforeAnInvalidationIsNotStoredUnderTheLease) {
  if (text()) GTEST_SKIP() << "the binary protocol's alone";
  const Names tags = {"t"};
  const auto leased = client_->GetOrLease("k");
  ASSERT_NE(leased->token, 0u);
  ASSERT_TRUE(client_->InvalidateTag("t").ok());
  const Status status = client_->Put("k", {"old"}, {.tags = tags, .token = leased->token});
  EXPECT_EQ(status.code(), ErrorCode::kServer);
  EXPECT_EQ(status.server_error(), ServerError::kStaleToken);
  EXPECT_EQ(Got("k"), "(miss)");
}

TEST_P(Commands, LargeValuesOfALeaseComeBackWhole) {
  if (text()) GTEST_SKIP() << "the binary protocol's alone";
  for (const size_t size : {16 * 1024, 65536, 1 << 20}) {
    const std::string value(size, 'x');
    ASSERT_TRUE(client_->Put("large", {value, 5}).ok());
    const auto leased = client_->GetOrLease("large");
    ASSERT_TRUE(leased.ok() && leased->value) << size;
    EXPECT_TRUE(leased->value->bytes == value) << size;
    EXPECT_EQ(leased->value->flags, 5u);
  }
}

TEST_P(Commands, LeasesOfNoTimeAndNegativeWaitsAreRefusedHere) {
  for (const LeaseOptions lease : {LeaseOptions{.lease = milliseconds(0)},
                                   LeaseOptions{.lease = milliseconds(int64_t{1} << 32)},
                                   LeaseOptions{.wait = milliseconds(-1)}}) {
    EXPECT_EQ(client_->GetOrLease("k", lease).status().code(), ErrorCode::kUsage);
  }
}

TEST_P(Commands, ATokenIsRefusedWhereItCanNotHold) {
  Put("k", "v");
  EXPECT_EQ(client_->Add("k", {"v"}, {.token = 1}).status().code(), ErrorCode::kUsage);
  EXPECT_EQ(client_->Replace("k", {"v"}, {.token = 1}).status().code(), ErrorCode::kUsage);
  EXPECT_EQ(client_->CompareAndSet("k", 1, {"v"}, {.token = 1}).status().code(), ErrorCode::kUsage);
  const PutItem items[] = {{"k", {"v"}, {.token = 1}}};
  EXPECT_EQ(client_->MultiPut(items).status().code(), ErrorCode::kUsage);
  Batch batch;
  batch.Add("k", {"v"}, {.token = 1});
  if (text()) {
    EXPECT_EQ(client_->Put("k", {"v"}, {.token = 1}).code(), ErrorCode::kUsage);
    batch.Put("k", {"v"}, {.token = 1});
  }
  const auto results = client_->Run(batch);
  ASSERT_TRUE(results.ok()) << results.status().message();
  for (const BatchResult& result : *results) EXPECT_EQ(result.status.code(), ErrorCode::kUsage);
  EXPECT_EQ(Got("k"), "v") << "what was there stays";
}

TEST_P(Commands, ScanListsWhatBeginsWithThePrefixAndDeletePrefixRemovesIt) {
  if (text()) {
    EXPECT_EQ(client_->Scan("a").status().code(), ErrorCode::kUsage);
    EXPECT_EQ(client_->DeletePrefix("a").status().code(), ErrorCode::kUsage);
    return;
  }
  // More than the server looks at in one request.
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

TEST_P(Commands, TheHeaviestTagsComeFirstAndWithoutThePrefix) {
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

TEST_P(Commands, StepsCountAndRefuseWhatIsNoInteger) {
  EXPECT_EQ(*client_->Increment("n"), 1);
  EXPECT_EQ(*client_->Increment("n", {.by = 41}), 42);
  EXPECT_EQ(*client_->Decrement("n", {.by = 2}), 40);
  EXPECT_EQ(*client_->Decrement("m", {.by = 5}), -5);
  Put("s", "abc");
  const auto refused = client_->Increment("s");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code(), ErrorCode::kServer);
  EXPECT_EQ(refused.status().server_error(), ServerError::kNotAnInteger);
  EXPECT_EQ(Got("s"), "abc");
  Put("max", "9223372036854775807");
  EXPECT_EQ(client_->Increment("max").status().server_error(), ServerError::kOverflow);
  EXPECT_EQ(Got("max"), "9223372036854775807");
}

TEST_P(Commands, StepsTakeAnInitialValueAndATtlOnTheBinaryProtocol) {
  if (text()) {
    EXPECT_EQ(client_->Increment("n", {.by = 1, .initial = 10}).status().code(), ErrorCode::kUsage);
    return;
  }
  EXPECT_EQ(*client_->Increment("n", {.by = 1, .initial = 10, .ttl = seconds(100)}), 10);
  EXPECT_TRUE((**client_->GetMeta("n")).ttl_left.has_value());
  EXPECT_EQ(TypeOf((**client_->GetMeta("n")).flags), ValueType::kInteger);
  EXPECT_EQ(*client_->Increment("n"), 11);
  EXPECT_TRUE((**client_->GetMeta("n")).ttl_left.has_value()) << "kept";
  EXPECT_EQ(*client_->Increment("n", {.ttl = kNeverExpires}), 12);
  EXPECT_FALSE((**client_->GetMeta("n")).ttl_left.has_value()) << "removed";
  EXPECT_EQ(client_->Decrement("n", {.by = INT64_MIN}).status().code(), ErrorCode::kUsage);
}

TEST_P(Commands, TimeToLiveEndsAnEntryAndZeroNeverDoes) {
  ASSERT_TRUE(client_->Put("short", {"v"}, {.ttl = milliseconds(30)}).ok());
  ASSERT_TRUE(client_->Put("for ever", {"v"}, {.ttl = kNeverExpires}).ok());
  std::this_thread::sleep_for(milliseconds(60));
  EXPECT_EQ(Got("short"), "(miss)");
  EXPECT_EQ(Got("for ever"), "v");
  EXPECT_EQ(client_->Put("k", {"v"}, {.ttl = milliseconds(-5)}).code(), ErrorCode::kUsage);
}

TEST_P(Commands, DefaultTtlIsThatOfWritesWithoutOne) {
  client_ = Make("d:", milliseconds(30));
  Put("k", "v");
  const PutItem items[] = {{"bulk", {"v"}, {}}, {"kept", {"v"}, {.ttl = kNeverExpires}}};
  EXPECT_EQ(client_->MultiPut(items)->stored, 2u);
  std::this_thread::sleep_for(milliseconds(60));
  EXPECT_EQ(Got("k"), "(miss)");
  EXPECT_EQ(Got("bulk"), "(miss)");
  EXPECT_EQ(Got("kept"), "v");
}

TEST_P(Commands, MultiGetKeepsTheOrderAskedMissesAndRepetitionsIncluded) {
  Put("a", "1");
  Put("c", "3");
  const Names keys = {"c", "b", "a", "c"};
  const auto values = client_->MultiGet(keys);
  ASSERT_TRUE(values.ok()) << values.status().message();
  ASSERT_EQ(values->size(), 4u);
  EXPECT_EQ((*values)[0]->bytes, "3");
  EXPECT_FALSE((*values)[1].has_value());
  EXPECT_EQ((*values)[2]->bytes, "1");
  EXPECT_EQ((*values)[3]->bytes, "3");
  EXPECT_TRUE(client_->MultiGet({})->empty());
}

TEST_P(Commands, MultiPutTakesTtlAndTagsPerItem) {
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
TEST_P(Commands, MultiPutReportsWhatTheServerRefusedAndStoresTheRest) {
  if (text()) GTEST_SKIP() << "a line over the server's limit ends the connection";
  Put("too large", "old");
  const std::string huge(65 << 20, 'x');
  const PutItem items[] = {{"one", {"1"}}, {"too large", {huge}}, {"two", {"2"}}};
  const auto report = client_->MultiPut(items);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(report->stored, 2u);
  ASSERT_EQ(report->refused.size(), 1u);
  EXPECT_EQ(report->refused[0].index, 1u);
  EXPECT_EQ(report->refused[0].status.server_error(), ServerError::kValueTooLarge);
  EXPECT_NE(report->refused[0].status.message().find("68157440 bytes"), std::string::npos)
      << report->refused[0].status.message();
  EXPECT_EQ(Got("too large"), "(miss)");
  EXPECT_EQ(Got("two"), "2");
}

// Lesson 22: the text protocol's answer is one word, the message is not.
TEST_P(Commands, ARefusalNamesTheLimitAndWhatPassedIt) {
  const std::string key(2000, 'k');
  const std::string tag(300, 't');
  const std::string value(67'108'865, 'v');
  const std::vector<std::string> many = [] {
    std::vector<std::string> names;
    for (int i = 0; i < 65; ++i) names.push_back("t" + std::to_string(i));
    return names;
  }();
  const Names many_tags(many.begin(), many.end());
  const Names long_tag = {"short", tag};
  Batch batch;
  batch.Put("k", {value});
  const auto results = client_->Run(batch);
  ASSERT_TRUE(results.ok()) << results.status().message();
  const size_t prefix = client_->options().prefix.size();
  const struct {
    Status status;
    std::string_view setting;
    size_t size;
  } cases[] = {{client_->Put(key, {"v"}), "max_key", prefix + key.size()},
               {client_->Put("k", {value}), "max_value", value.size()},
               {client_->Put("k", {"v"}, {.tags = long_tag}), "max_tag", prefix + tag.size()},
               {client_->Put("k", {"v"}, {.tags = many_tags}), "max_tags", many_tags.size()},
               {client_->InvalidateTag(tag).status(), "max_tag", prefix + tag.size()},
               {results->at(0).status, "max_value", value.size()}};
  for (const auto& refused : cases) {
    const std::string& message = refused.status.message();
    EXPECT_EQ(refused.status.code(), ErrorCode::kServer) << message;
    EXPECT_NE(message.find(refused.setting), std::string::npos) << message;
    EXPECT_NE(message.find(std::to_string(refused.size)), std::string::npos) << message;
    EXPECT_LT(message.size(), 400u) << message;
  }
}

// Lessons 5 and 7: nothing is dropped in silence.
TEST_P(Commands, MultiPutStoresTheRestOfWhatTheTextProtocolCanNotCarry) {
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

TEST_P(Commands, MultiPutOfAKeyThatIsRefusedFirstAndStoredLaterKeepsTheLater) {
  if (!text()) GTEST_SKIP() << "the binary protocol carries everything";
  const PutItem items[] = {{"k", {"a\nb"}, {}}, {"k", {"later"}, {}}};
  EXPECT_EQ(client_->MultiPut(items)->stored, 1u);
  EXPECT_EQ(Got("k"), "later");
  const PutItem other[] = {{"k", {"earlier"}, {}}, {"k", {"a\nb"}, {}}};
  EXPECT_EQ(client_->MultiPut(other)->refused.size(), 1u);
  EXPECT_EQ(Got("k"), "(miss)");
}

TEST_P(Commands, MultiDeleteAndInvalidateKeysCountWhatWasThere) {
  Put("a", "1");
  Put("b", "2");
  Put("c", "3");
  const Names some = {"a", "x", "b"};
  EXPECT_EQ(*client_->MultiDelete(some), 2u);
  const Names rest = {"a", "c"};
  EXPECT_EQ(*client_->InvalidateKeys(rest), 1u);
  EXPECT_EQ(Got("c"), "(miss)");
  EXPECT_EQ(*client_->MultiDelete({}), 0u);
}

TEST_P(Commands, BulkCallsOfManyKeysReachAllOfThem) {
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
  for (size_t i = 0; i < kCount; ++i) ASSERT_EQ((*values)[i]->bytes, names[i]);
  EXPECT_EQ(*client_->InvalidateKeys(Names(keys.begin(), keys.begin() + 10'000)), 10'000u);
  EXPECT_EQ(*client_->MultiDelete(keys), kCount - 10'000);
}

TEST_P(Commands, InvalidatingTagsTakesExactlyTheirMembers) {
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

TEST_P(Commands, KeysComeBackWithoutThePrefix) {
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

TEST_P(Commands, PagesTogetherHoldEveryKeyOnce) {
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

TEST_P(Commands, PrefixesKeepClientsApart) {
  Put("k", "mine", {"t"});
  const auto other = Make("other:");
  EXPECT_FALSE(other->Get("k").value().has_value());
  EXPECT_EQ(*other->InvalidateTag("t"), 0u);
  EXPECT_EQ(Got("k"), "mine");
  const std::string long_key(900, 'L');
  Put(long_key, "long");
  EXPECT_EQ(Got(long_key), "long");
}

TEST_P(Commands, StatsFlushAndPing) {
  Put("k", "v");
  EXPECT_EQ(Got("k"), "v");
  const auto stats = client_->Stats();
  ASSERT_TRUE(stats.ok());
  const auto hits = std::find_if(stats->begin(), stats->end(),
                                 [](const auto& row) { return row.first == "hits"; });
  ASSERT_NE(hits, stats->end());
  EXPECT_GE(std::stoll(hits->second), 1);
  EXPECT_EQ(*client_->Flush(), 1u);
  EXPECT_EQ(Got("k"), "(miss)");
  const auto took = client_->Ping();
  ASSERT_TRUE(took.ok()) << took.status().message();
  EXPECT_GT(took->count(), 0);
}

// Lessons 22.
TEST_P(Commands, RefusalNamesOperationKeyLimitAndServer) {
  if (text()) GTEST_SKIP() << "the text protocol's errors are one word";
  const std::string key(2000, 'k');
  const Status status = client_->Put(key, {"v"});
  EXPECT_EQ(status.code(), ErrorCode::kServer);
  EXPECT_EQ(status.server_error(), ServerError::kKeyTooLong);
  const std::string& said = status.message();
  EXPECT_EQ(said.find("put 'kkkk"), 0u) << said;
  EXPECT_NE(said.find("1024"), std::string::npos) << said;
  EXPECT_NE(said.find(client_->options().servers[0]), std::string::npos) << said;
}

TEST_P(Commands, KeysOverTheProtocolsOwnLimitAreRefusedHere) {
  if (text()) GTEST_SKIP() << "lines have no such limit";
  EXPECT_EQ(client_->Get(std::string(70'000, 'k')).status().code(), ErrorCode::kUsage);
}

TEST_P(Commands, BatchRunsMixedCommandsInTheirOrderWithAResultEach) {
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

TEST_P(Commands, BatchRefusesWhatTheProtocolCanNotCarryAndRunsTheRest) {
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

TEST_P(Commands, SubmittedBatchesAreWaitedForInAnyOrder) {
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

TEST(Credentials, OpenTheServerOnBothCodecsAndTheWrongOnesDoNot) {
  testing::ServerProcess server({"--username=ann", "--password=secret"});
  for (const Protocol protocol : {Protocol::kBinary, Protocol::kText}) {
    Options options;
    options.servers = {server.tcp_dsn()};
    options.protocol = protocol;
    options.username = "ann";
    options.password = "secret";
    auto right = *Client::Create(options);
    EXPECT_TRUE(right->Put("k", {"v"}).ok());
    EXPECT_EQ(right->Get("k").value()->bytes, "v");
    options.password = "wrong";
    const Status refused = (*Client::Create(options))->Put("k", {"v"});
    EXPECT_EQ(refused.code(), ErrorCode::kServer);
    EXPECT_EQ(refused.server_error(), ServerError::kAuthFailed) << refused.message();
    options.username.clear();
    options.password.clear();
    const Status missing = (*Client::Create(options))->Put("k", {"v"});
    EXPECT_EQ(missing.server_error(), ServerError::kAuthRequired) << missing.message();
  }
}

}  // namespace
}  // namespace tagcache
