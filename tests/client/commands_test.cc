// Every command on one key, and what concerns the whole server, against a real one.

#include "tests/client/commands.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "tagcache/batch.h"

namespace tagcache::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(Ways, Commands, AllWays());

// As include/tagcache/options.h says: a prefix without a delimiter at its end is one of another's.
TEST_P(Commands, PrefixIsPlainConcatenation) {
  const auto shop = Make("shop");
  const auto shop2 = Make("shop2");
  ASSERT_TRUE(shop->Put("2:a", {"v"}).ok());
  EXPECT_TRUE(shop2->Get(":a")->has_value());
  ASSERT_TRUE(Make("shop:")->Put("a", {"v"}).ok());
  EXPECT_FALSE(Make("other:")->Get("a")->has_value());
}

// Only kDefaultTtl means the default: a time that was computed too late is a mistake.
TEST_P(Commands, NegativeTtlIsRefused) {
  for (const Ttl ttl : {Ttl(-1), Ttl(-2), kDefaultTtl + Ttl(1)}) {
    const Status status = client_->Put("k", {"v"}, {.ttl = ttl});
    EXPECT_EQ(status.code(), ErrorCode::kUsage);
    EXPECT_NE(status.message().find("a TTL of " + std::to_string(ttl.count()) + " ms"),
              std::string::npos)
        << status.message();
  }
  EXPECT_TRUE(client_->Put("k", {"v"}, {.ttl = kDefaultTtl}).ok());
}

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

TEST_P(Commands, DeleteReturnsWhetherThereWasOne) {
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
  EXPECT_EQ(*client_->Increment("n", {.ttl = kNeverExpires, .touch = true}), 12);
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
  const std::string& message = status.message();
  EXPECT_EQ(message.find("put 'kkkk"), 0u) << message;
  EXPECT_NE(message.find("1024"), std::string::npos) << message;
  EXPECT_NE(message.find(client_->options().servers[0]), std::string::npos) << message;
}

TEST_P(Commands, KeysOverTheProtocolsOwnLimitAreRefusedHere) {
  if (text()) GTEST_SKIP() << "lines have no such limit";
  EXPECT_EQ(client_->Get(std::string(70'000, 'k')).status().code(), ErrorCode::kUsage);
}

TEST(Credentials, OpenTheServerOnBothCodecsAndTheWrongOnesDoNot) {
  ServerProcess server({"--username=ann", "--password=secret"});
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
}  // namespace tagcache::testing
