// The text codec through a session.

#include <gtest/gtest.h>

#include "tests/server/session_driver.h"

namespace tagcache::testing {
namespace {

constexpr size_t kMiB = 1024 * 1024;

TEST(TextSession, AnswersComeInTheOrderOfTheLines) {
  Driver driver;
  EXPECT_EQ(driver.Say("PUT\ta\t-\tt\thello\nGET\ta\nGET\tb\nADD\ta\nINV_TAG\tt\nGET\ta\n"),
            "OK\nVALUE\thello\nNF\nEXISTS\nINV_TAG\t1\nNF\n");
}

TEST(TextSession, LinesSplitAtEveryByteAreTheSameLines) {
  const std::string lines =
      "PUT\ta\t-\tt,u\tx\ty\r\n\r\nGET\ta\nincr\tn\t5\nDECR\tn\nKEYS\tt\nDEL\ta\nNOPE\nSTATS\n";
  Driver whole;
  const std::string expected = whole.Say(lines);
  for (size_t cut = 0; cut <= lines.size(); ++cut) {
    Driver driver;
    std::string answer = driver.Say(std::string_view(lines).substr(0, cut));
    answer += driver.Say(std::string_view(lines).substr(cut));
    ASSERT_EQ(answer, expected) << "cut at " << cut;
  }
}

TEST(TextSession, ALargeValueComesBackWhole) {
  Driver driver;
  const std::string value = Repeat('v', 5 * kMiB);
  EXPECT_EQ(driver.Say("PUT\tk\t-\t-\t" + value + "\n"), "OK\n");
  EXPECT_EQ(driver.Say("GET\tk\n"), "VALUE\t" + value + "\n");
  EXPECT_FALSE(driver.session.holds_memory());
}

// lessons 2
TEST(TextSession, AValueWithALineFeedIsNotSentAsTwoLines) {
  Driver driver;
  driver.Store("k", "one\nGET\tother");
  EXPECT_EQ(driver.Say("GET\tk\nGET\tnone\n"), "ERR unrepresentable\nNF\n");
}

// lessons 7
TEST(TextSession, AValueOverTheLimitIsRefusedAndTheOldOneIsGone) {
  EngineOptions options = SmallEngine();
  options.store.max_value = 1000;
  Driver driver(options);
  driver.Store("k", "old");
  EXPECT_EQ(driver.Say("PUT\tk\t-\t-\t" + Repeat('x', 1001) + "\nGET\tk\n"),
            "ERR value_too_large\nNF\n");
}

// lessons 7
TEST(TextSession, ALineOverTheLimitIsRefusedInBoundedMemoryAndTheOldValueIsGone) {
  EngineOptions options = SmallEngine();
  options.store.max_value = 100'000;
  Driver driver(options);
  driver.Store("k", "old");
  driver.Feed("PUT\tk\t-\t-\t");
  size_t most_held = 0;
  for (int i = 0; i < 100 && !driver.session.closing(); ++i) {
    driver.Feed(Repeat('x', 50'000));
    most_held = std::max(most_held, driver.session.buffered_input());
  }
  EXPECT_EQ(driver.Take(), "ERR line_too_long\n");
  EXPECT_TRUE(driver.session.closing());
  EXPECT_LT(most_held, 400'000u);
  EXPECT_FALSE(driver.Has("k"));
}

TEST(TextSession, ALineOverTheLimitClosesWhereverItsEndIs) {
  EngineOptions options = SmallEngine();
  options.store.max_value = 1000;
  options.store.max_key = 10;
  Driver driver(options);
  EXPECT_EQ(driver.Say("PUT\tk\t-\t-\t" + Repeat('x', 300'000) + "\nGET\tk\n"),
            "ERR line_too_long\n");
  EXPECT_TRUE(driver.session.closing());
}

TEST(TextSession, EachLimitHasItsNameAndStoresNothing) {
  EngineOptions options = SmallEngine();
  options.store.max_key = 3;
  options.store.max_tag = 3;
  options.store.max_tags = 2;
  Driver driver(options);
  EXPECT_EQ(driver.Say("PUT\tlong\t-\t-\tv\n"), "ERR key_too_long\n");
  EXPECT_EQ(driver.Say("PUT\tk\t-\tlong\tv\n"), "ERR tag_too_long\n");
  EXPECT_EQ(driver.Say("PUT\tk\t-\ta,b,c\tv\n"), "ERR too_many_tags\n");
  EXPECT_EQ(driver.Say("PUT\tk\tsoon\t-\tv\n"), "ERR invalid_ttl\n");
  EXPECT_EQ(driver.Say("GET\tk\nSTATS\n"), "NF\nSTATS\t0\t1\t0\t0\t0.000000\n");
}

TEST(TextSession, KeysListsMoreThanAPage) {
  Driver driver;
  const std::string_view tags[] = {"t"};
  for (int i = 0; i < 10'000; ++i) {
    const std::string key = "k" + std::to_string(i);
    driver.engine.store().Put({.key = key, .value = "", .tags = tags}, server::WriteMode::kPut,
                              driver.now);
  }
  const std::string answer = driver.Say("KEYS\tt\n");
  EXPECT_EQ(std::count(answer.begin(), answer.end(), ','), 9'999);
}

TEST(TextSession, AListOverTheReplyLimitIsRefusedByName) {
  EngineOptions options = SmallEngine();
  options.max_reply = 10'000;
  Driver driver(options);
  const std::string_view tags[] = {"t"};
  for (int i = 0; i < 3000; ++i) {
    const std::string key = "k" + std::to_string(i);
    driver.engine.store().Put({.key = key, .value = "", .tags = tags}, server::WriteMode::kPut,
                              driver.now);
  }
  EXPECT_EQ(driver.Say("KEYS\tt\nGET\tnone\n"), "ERR reply_too_large\nNF\n");
}

TEST(TextSession, PutsCountsWritesAndSuccessfulAdds) {
  Driver driver;
  driver.Say("PUT\ta\nADD\ta\nADD\tb\nGET\ta\nGET\tx\nINV_TAG\tt\nINV_KEYS\ta,b\n");
  EXPECT_EQ(driver.Say("STATS\n"), "STATS\t1\t1\t2\t2\t0.500000\n");
}

TEST(TextSession, AStreamThatBeginsWithNoVerbIsRefusedAsText) {
  Driver driver;
  EXPECT_EQ(driver.Say("\x16\x03\x01 hello\nGET\tk\n"), "ERR unknown_command\nNF\n");
}

TEST(TextSession, DecrementByTheLowestIntegerOverflowsOnlyWhereItMust) {
  Driver driver;
  EXPECT_EQ(driver.Say("DECR\tk\t-9223372036854775808\n"), "ERR integer overflow\n");
  EXPECT_FALSE(driver.Has("k"));
  driver.Store("k", "-1");
  EXPECT_EQ(driver.Say("DECR\tk\t-9223372036854775808\n"), "VALUE\t9223372036854775807\n");
}

// lessons 7
TEST(TextSession, APutThatIsRefusedForItsTtlRemovesTheOldValue) {
  Driver driver;
  driver.Store("k", "old");
  EXPECT_EQ(driver.Say("PUT\tk\tsoon\t-\tnew\nADD\tk2\tsoon\n"),
            "ERR invalid_ttl\nERR invalid_ttl\n");
  EXPECT_FALSE(driver.Has("k"));
  driver.Store("k", "old");
  EXPECT_EQ(driver.Say("ADD\tk\tsoon\n"), "ERR invalid_ttl\n");
  EXPECT_TRUE(driver.Has("k"));
}

// lessons 32
TEST(TextSession, TheUnreadEndOfALongAnswerDoesNotKeepItsMemory) {
  Driver driver;
  const std::string_view tag = "t";
  for (int i = 0; i < 20'000; ++i) {
    const std::string key = std::to_string(i) + Repeat('k', 900);
    driver.engine.store().Put({.key = key, .value = "v", .tags = {&tag, 1}},
                              server::WriteMode::kPut, driver.now);
  }
  driver.Feed("KEYS\tt\n");
  const size_t all = driver.session.buffered_output();
  EXPECT_GT(all, 17'000'000u);
  driver.Take(all - 1'000'000);
  EXPECT_LE(driver.session.output_capacity(), 5'000'000u);
}

}  // namespace
}  // namespace tagcache::testing
