// Large values on a codec that answers in order: they leave from their entries, and what is
// answered after them stays behind them.

#include <gtest/gtest.h>

#include "tests/server/session_driver.h"

namespace tagcache::testing {
namespace {

constexpr size_t kKiB = 1024;
constexpr size_t kMiB = 1024 * kKiB;

// Sends everything as a link does: the output, the borrowed bytes behind it, and those that end the
// answer. Returns it, and counts in *copied what passed through the session's own buffer.
std::string TakeWhole(Driver& driver, size_t* copied) {
  std::string sent;
  while (!driver.session.Output(driver.now).empty()) {
    const std::string_view output = driver.session.Output(driver.now);
    const std::string_view after = driver.session.OutputAfter();
    const std::string_view end = driver.session.OutputEnd();
    // Borrowed bytes that stand alone are in no buffer.
    if (driver.session.buffered_output() >= output.size()) *copied += output.size();
    sent.append(output).append(after).append(end);
    driver.session.Sent(output.size() + after.size() + end.size(), driver.now);
  }
  return sent;
}

// Sends at most `most` bytes of all there is at once, across the borders of its pieces.
std::string TakePieces(Driver& driver, size_t most) {
  std::string sent(driver.session.Output(driver.now));
  sent.append(driver.session.OutputAfter()).append(driver.session.OutputEnd());
  sent.resize(std::min(sent.size(), most));
  driver.session.Sent(sent.size(), driver.now);
  return sent;
}

TEST(TextStream, AValueIsSentFromItsEntry) {
  Driver driver;
  driver.Store("large", Repeat('x', 60 * kMiB));
  driver.Feed("GET\tlarge\n");
  size_t most_held = driver.session.buffered_output();
  size_t sent = 0;
  while (const size_t size = driver.session.Output(driver.now).size()) {
    most_held = std::max(most_held, driver.session.buffered_output());
    sent += size;
    driver.session.Sent(size, driver.now);
  }
  EXPECT_EQ(sent, 60 * kMiB + 7);  // VALUE, TAB, the value, LF
  EXPECT_LE(most_held, 64u) << "the words around the value";
  EXPECT_FALSE(driver.session.holds_memory());
}

TEST(TextStream, WhatIsAnsweredLaterStaysBehindTheValue) {
  Driver driver;
  const std::string a = Repeat('a', 300 * kKiB);
  const std::string b = Repeat('b', 20 * kKiB);
  driver.Store("a", a);
  driver.Store("b", b);
  EXPECT_EQ(driver.Say("GET\tnone\nGET\ta\nPUT\tc\t-\t-\tsmall\nGET\tb\nGET\tb\nNOPE\nGET\tc\n"),
            "NF\nVALUE\t" + a + "\nOK\nVALUE\t" + b + "\nVALUE\t" + b +
                "\nERR unknown_command\nVALUE\tsmall\n");
}

// A link that is given everything needs one system call for each value.
TEST(TextStream, AValueAndTheWordsAroundItLeaveTogether) {
  Driver driver;
  driver.Store("k", Repeat('x', 20 * kKiB));
  driver.Feed("GET\tk\n");
  EXPECT_EQ(driver.session.Output(driver.now), "VALUE\t");
  EXPECT_EQ(driver.session.OutputAfter(), Repeat('x', 20 * kKiB));
  EXPECT_EQ(driver.session.OutputEnd(), "\n");
  driver.session.Sent(20 * kKiB + 7, driver.now);
  EXPECT_EQ(driver.session.Output(driver.now), "");
  EXPECT_FALSE(driver.session.holds_memory());
}

// The bytes are the same however the output is cut, and whenever the requests arrive.
TEST(TextStream, AnswersCutAtEverySizeAreTheSameAnswers) {
  const std::string value = Repeat('v', 17 * kKiB);
  const std::string requests = "GET\tk\nGET\tnone\nGET\tk\nGET\tsmall\n";
  const std::string expected = "VALUE\t" + value + "\nNF\nVALUE\t" + value + "\nVALUE\ts\n";
  const auto check = [&](size_t output_piece, size_t input_piece) {
    Driver driver;
    driver.Store("k", value);
    driver.Store("small", "s");
    std::string sent;
    std::string_view rest = requests;
    for (std::string taken = "-"; !taken.empty() || !rest.empty();) {
      driver.Feed(rest.substr(0, input_piece));
      rest.remove_prefix(std::min(input_piece, rest.size()));
      taken = TakePieces(driver, output_piece);
      sent += taken;
    }
    ASSERT_TRUE(sent == expected) << "output by " << output_piece << ", input by " << input_piece;
  };
  for (size_t piece = 1; piece < 300; ++piece) check(piece, piece % 7 + 1);
  for (size_t piece = 300; piece < expected.size() + 10; piece += 37) {
    check(piece, SIZE_MAX);
    check(piece, 3);
  }
}

TEST(TextStream, AnAnswerKeepsTheValueItBeganWith) {
  Driver driver;
  const std::string_view tags[] = {"t"};
  const std::string old = Repeat('o', 500 * kKiB);
  driver.engine.store().Put({.key = "k", .value = old, .tags = tags}, server::WriteMode::kPut,
                            driver.now);
  driver.Feed("GET\tk\n");
  std::string sent = driver.Take(100 * kKiB);
  driver.Feed("PUT\tk\t-\tt\tnew\nGET\tk\nINV_TAG\tt\nGET\tk\n");
  driver.engine.store().Flush(driver.now);
  sent += driver.Take();
  EXPECT_TRUE(sent == "VALUE\t" + old + "\nOK\nVALUE\tnew\nINV_TAG\t1\nNF\n");
}

// What waits counts towards the backlog, copied or not.
TEST(TextStream, APeerThatDoesNotReadIsHeldBackAtTheBacklog) {
  EngineOptions options = SmallEngine();
  options.output_backlog = 256 * kKiB;
  Driver driver(options);
  driver.Store("k", Repeat('x', 100 * kKiB));
  std::string requests;
  for (int i = 0; i < 500; ++i) requests += "GET\tk\n";
  driver.Feed(requests);
  EXPECT_FALSE(driver.session.wants_input());
  EXPECT_GE(driver.session.buffered_input(), 497 * 6u) << "three values pass the backlog";
  EXPECT_EQ(driver.Take().size(), 500 * (100 * kKiB + 7));
  EXPECT_TRUE(driver.session.wants_input());
}

TEST(TextStream, SmallAnswersBehindAValueCountTowardsTheBacklog) {
  EngineOptions options = SmallEngine();
  options.output_backlog = 256 * kKiB;
  Driver driver(options);
  driver.Store("large", Repeat('x', 20 * kKiB));
  driver.Store("small", Repeat('y', 10 * kKiB));
  std::string requests = "GET\tlarge\n";
  for (int i = 0; i < 200; ++i) requests += "GET\tsmall\n";
  driver.Feed(requests);
  EXPECT_FALSE(driver.session.wants_input());
  EXPECT_LE(driver.session.buffered_output(), 270 * kKiB);
  EXPECT_EQ(driver.Take().size(), 20 * kKiB + 7 + 200 * (10 * kKiB + 7));
}

TEST(TextStream, APipelineOfLargeValuesIsNotCopied) {
  Driver driver;
  driver.Store("k", Repeat('x', 100 * kKiB));
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += "GET\tk\n";
  driver.Feed(requests);
  size_t copied = 0;
  EXPECT_EQ(TakeWhole(driver, &copied).size(), 100 * (100 * kKiB + 7));
  EXPECT_LE(copied, 100 * 8u);
}

TEST(TextStream, AValueThatALineCannotCarryIsRefusedInItsPlace) {
  Driver driver;
  const std::string good = Repeat('g', 20 * kKiB);
  std::string bad = Repeat('b', 20 * kKiB);
  bad.back() = '\n';
  driver.Store("good", good);
  driver.Store("bad", bad);
  EXPECT_EQ(driver.Say("GET\tgood\nGET\tbad\n"), "VALUE\t" + good + "\nERR unrepresentable\n");
}

TEST(TextStream, AShutdownSendsTheValueAndThenRefusesTheRest) {
  Driver driver;
  const std::string value = Repeat('v', 300 * kKiB);
  driver.Store("k", value);
  driver.Feed("GET\tk\nGET\tk");
  std::string sent = driver.Take(1000);
  driver.session.ShutDown(driver.now);
  EXPECT_TRUE(driver.session.closing());
  sent += driver.Take();
  EXPECT_TRUE(sent == "VALUE\t" + value + "\nERR shutting_down\n");
}

}  // namespace
}  // namespace tagcache::testing
