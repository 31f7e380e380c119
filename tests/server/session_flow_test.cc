// What a session holds and when it holds back: interleaving, backlog, bounds.

#include <gtest/gtest.h>

#include "tests/server/session_driver.h"

namespace tagcache::testing {
namespace {

constexpr size_t kKiB = 1024;
constexpr size_t kMiB = 1024 * kKiB;

// Bytes of output up to and with the end of the answer to `id`.
size_t OffsetOfEnd(std::string_view bytes, uint64_t id) {
  size_t at = 0;
  while (at < bytes.size()) {
    protocol::FrameHeader header;
    StatusCode error = StatusCode::kOk;
    if (protocol::ReadFrame(bytes.substr(at), protocol::kResponseMagic, 1 << 24, &header, &error) !=
        protocol::FrameState::kDone) {
      break;
    }
    at += protocol::kHeaderSize + header.length;
    if (header.id == id && !header.more) return at;
  }
  return SIZE_MAX;
}

TEST(SessionFlow, AValueOf64MiBDoesNotDelayASmallAnswer) {
  Driver driver;
  driver.Store("large", Repeat('x', 64 * kMiB));
  driver.Store("small", "y");
  driver.Feed(EncodedHello(256 * kKiB) + EncodedKey(Op::kGet, 2, "large") +
              EncodedKey(Op::kGet, 3, "small"));
  EXPECT_LE(OffsetOfEnd(driver.Take(kMiB), 3), 512 * kKiB);
}

TEST(SessionFlow, ASmallRequestInTheMiddleOfALargeReplyIsAnsweredSoon) {
  Driver driver;
  driver.Store("large", Repeat('x', 64 * kMiB));
  driver.Store("small", "y");
  driver.Feed(EncodedKey(Op::kGet, 2, "large"));
  std::string sent;
  while (sent.size() < 10 * kMiB) sent += driver.Take(100'000);
  const size_t asked_at = sent.size();
  driver.Feed(EncodedKey(Op::kGet, 3, "small"));
  sent += driver.Take(kMiB);
  EXPECT_LE(OffsetOfEnd(sent, 3) - asked_at, 256 * kKiB);
  sent += driver.Take();
  const std::vector<Message> messages = Messages(sent);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[1].value(), Repeat('x', 64 * kMiB));
}

TEST(SessionFlow, LargeRepliesShareTheConnection) {
  Driver driver;
  driver.Store("a", Repeat('a', 8 * kMiB));
  driver.Store("b", Repeat('b', kMiB));
  driver.Feed(EncodedKey(Op::kGet, 1, "a") + EncodedKey(Op::kGet, 2, "b"));
  EXPECT_LE(OffsetOfEnd(driver.Take(), 2), 3 * kMiB);
}

TEST(SessionFlow, ALargeReplyNeverFillsTheBuffer) {
  Driver driver;
  driver.Store("large", Repeat('x', 64 * kMiB));
  driver.Feed(EncodedKey(Op::kGet, 2, "large"));
  size_t most = 0;
  while (const size_t size = driver.session.Output(driver.now).size()) {
    most = std::max(most, driver.session.buffered_output());
    driver.session.Sent(std::min<size_t>(50'000, size), driver.now);
  }
  EXPECT_LE(most, 256 * kKiB);
}

TEST(SessionFlow, ALargeValueIsSentFromItsEntry) {
  Driver driver;
  driver.Store("large", Repeat('x', 8 * kMiB));
  driver.Feed(EncodedKey(Op::kGet, 2, "large"));
  driver.engine.store().Delete("large", driver.now);
  size_t copied = 0;
  std::string sent;
  while (!driver.session.Output(driver.now).empty()) {
    copied += driver.session.buffered_output();
    const size_t all =
        driver.session.Output(driver.now).size() + driver.session.OutputAfter().size();
    sent.append(driver.session.Output(driver.now)).append(driver.session.OutputAfter());
    driver.session.Sent(all, driver.now);
  }
  EXPECT_LE(copied, 8 * kKiB) << "frame headers";
  EXPECT_EQ(Only(sent).value(), Repeat('x', 8 * kMiB));
}

TEST(SessionFlow, RequestsInTheMiddleOfALargeValueLeaveItWhole) {
  for (size_t piece : {size_t{1000}, size_t{50'001}, size_t{131'072}}) {
    Driver driver;
    driver.Store("large", Repeat('x', kMiB));
    driver.Store("small", "y");
    driver.Feed(EncodedKey(Op::kGet, 1, "large"));
    std::string sent;
    uint64_t id = 1;
    for (std::string taken = driver.Take(piece); !taken.empty(); taken = driver.Take(piece)) {
      sent += taken;
      if (id < 200) driver.Feed(EncodedKey(Op::kGet, ++id, "small"));
    }
    const std::vector<Message> messages = Messages(sent);
    ASSERT_EQ(messages.size(), id);
    for (const Message& message : messages) {
      EXPECT_EQ(message.value(), message.id == 1 ? Repeat('x', kMiB) : "y");
    }
  }
}

TEST(SessionFlow, AReplyKeepsTheValueItBeganWith) {
  Driver driver;
  driver.Store("k", Repeat('o', 4 * kMiB));
  driver.Feed(EncodedKey(Op::kGet, 1, "k"));
  std::string sent = driver.Take(kMiB);
  driver.Store("k", Repeat('n', 4 * kMiB));
  driver.engine.store().Flush(driver.now);
  sent += driver.Take();
  EXPECT_EQ(Only(sent).value(), Repeat('o', 4 * kMiB));
}

TEST(SessionFlow, APeerThatDoesNotReadIsHeldBackAtTheBacklog) {
  Driver driver;
  driver.Store("k", Repeat('x', 10'000));
  std::string requests;
  for (uint64_t id = 1; id <= 1000; ++id) requests += EncodedKey(Op::kGet, id, "k");
  driver.Feed(requests);
  EXPECT_FALSE(driver.session.wants_input());
  EXPECT_LE(driver.session.buffered_output(), kMiB + 11'000);
  EXPECT_EQ(Messages(driver.Take()).size(), 1000u);
  EXPECT_TRUE(driver.session.wants_input());
}

TEST(SessionFlow, HeldTextRequestsGoOnWhenTheOutputDrains) {
  Driver driver;
  driver.Store("k", Repeat('x', 100'000));
  std::string requests;
  for (int i = 0; i < 500; ++i) requests += "GET\tk\n";
  driver.Feed(requests);
  EXPECT_FALSE(driver.session.wants_input());
  EXPECT_LE(driver.session.buffered_output(), kMiB + 200'000);
  const std::string sent = driver.Take();
  EXPECT_EQ(std::count(sent.begin(), sent.end(), '\n'), 500);
}

TEST(SessionFlow, AStreamOfSmallRequestsDoesNotStarveALargeReply) {
  Driver driver;
  driver.Store("large", Repeat('x', 2 * kMiB));
  driver.Store("small", Repeat('y', 10'000));
  driver.Feed(EncodedKey(Op::kGet, 1, "large"));
  std::string sent;
  uint64_t id = 2;
  for (int turn = 0; turn < 2000 && OffsetOfEnd(sent, 1) == SIZE_MAX; ++turn) {
    while (driver.session.wants_input()) driver.Feed(EncodedKey(Op::kGet, id++, "small"));
    sent += driver.Take(100'000);
  }
  EXPECT_NE(OffsetOfEnd(sent, 1), SIZE_MAX);
}

TEST(SessionFlow, WaitingLargeRepliesAreBounded) {
  Driver driver;
  driver.Store("k", Repeat('x', 20'000));
  std::string requests;
  for (uint64_t id = 1; id <= 3000; ++id) requests += EncodedKey(Op::kGet, id, "k");
  driver.Feed(requests);
  EXPECT_FALSE(driver.session.wants_input());
  EXPECT_GT(driver.session.buffered_input(), 1900 * 20u);  // at most 1024 were carried out
  EXPECT_EQ(Messages(driver.Take()).size(), 3000u);
  EXPECT_FALSE(driver.session.holds_memory());
}

TEST(SessionFlow, OverwrittenValuesThatWaitToBeSentAreBounded) {
  EngineOptions options = SmallEngine();
  options.store.max_value = kMiB;
  Driver driver(options);
  std::string requests;
  for (uint64_t id = 1; id <= 100; ++id) {
    requests += EncodedPut(1000 + id, "k", Repeat('x', kMiB)) + EncodedKey(Op::kGet, id, "k");
  }
  driver.Feed(requests);
  EXPECT_FALSE(driver.session.wants_input());
  EXPECT_GT(driver.session.buffered_input(), 80 * kMiB);  // at most 17 versions are pinned
  EXPECT_EQ(Messages(driver.Take()).size(), 200u);
}

// Takes the front of answers, up to `most` bytes a call.
class Early final : public server::EarlyOutput {
 public:
  explicit Early(size_t most) : most_(most) {}
  size_t SendEarly(std::string_view bytes) override {
    const size_t n = std::min(bytes.size(), most_);
    sent.append(bytes.substr(0, n));
    return n;
  }
  std::string sent;

 private:
  const size_t most_;
};

// Keys 0 to `count` - 1; every seventh is not there, and some values are large.
std::vector<std::string> StoreMany(Driver& driver, size_t count) {
  std::vector<std::string> keys;
  for (size_t i = 0; i < count; ++i) {
    keys.push_back(std::to_string(i));
    if (i % 7 == 6) continue;
    driver.Store(keys[i], keys[i] + Repeat('x', i % 900 == 700 ? 20'000 : 100));
  }
  return keys;
}

void ExpectAllOf(const std::vector<std::string>& keys, std::string_view body) {
  for (size_t i = 0; i < keys.size(); ++i) {
    protocol::ValueItem item;
    size_t used = 0;
    ASSERT_EQ(protocol::ReadValueItem(body, &item, &used), protocol::FrameState::kDone) << i;
    ASSERT_EQ(item.found, i % 7 != 6) << i;
    ASSERT_EQ(item.value.substr(0, keys[i].size()), item.found ? keys[i] : "") << i;
    body.remove_prefix(used);
  }
  EXPECT_TRUE(body.empty());
}

TEST(SessionFlow, TheFrontOfALongAnswerLeavesWhileTheRestIsMade) {
  for (const size_t most : {size_t{0}, size_t{1}, size_t{1000}, SIZE_MAX}) {
    for (const size_t count : {size_t{1}, size_t{511}, size_t{512}, size_t{513}, size_t{5000}}) {
      Driver driver;
      Early early(most);
      driver.session.AllowEarlyOutput(&early);
      const std::vector<std::string> keys = StoreMany(driver, count);
      driver.Feed(EncodedKeys(Op::kMGet, 1, {keys.begin(), keys.end()}) +
                  EncodedKey(Op::kGet, 2, "0") +
                  EncodedKeys(Op::kMGet, 3, {keys.begin(), keys.end()}));
      EXPECT_EQ(early.sent.empty(), most == 0 || count <= 512) << count;
      // Both ways lead to one peer, in the order in which the bytes leave.
      for (std::string_view output; !(output = driver.session.Output(driver.now)).empty();) {
        early.sent.append(output);
        driver.session.Sent(output.size(), driver.now);
      }
      const std::vector<Message> messages = Messages(early.sent);
      ASSERT_EQ(messages.size(), 3u);
      for (const Message& message : messages) {
        if (message.id != 2) ExpectAllOf(keys, message.body);
      }
    }
  }
}

TEST(SessionFlow, OfAnAnswerThatNobodyTakesNoMoreIsMadeThanThis) {
  Driver driver;
  std::vector<std::string> keys;
  for (size_t i = 0; i < 5000; ++i) {
    keys.push_back(std::to_string(i));
    driver.Store(keys[i], Repeat('x', 1000));
  }
  driver.Feed(EncodedKeys(Op::kMGet, 1, {keys.begin(), keys.end()}));
  EXPECT_LE(driver.session.buffered_output(), 512 * kKiB);
  EXPECT_EQ(Only(driver.Take()).body.size(), 5000 * (1000 + protocol::kMaxValueHead));
}

TEST(SessionFlow, AnMGetOfNothingIsAnswered) {
  Driver driver;
  EXPECT_EQ(Only(driver.Say(EncodedKeys(Op::kMGet, 1, {}))).body, "");
}

TEST(SessionFlow, TheAgreedFrameIsTheSmallerOfBothLimits) {
  for (const auto& [asked, agreed] :
       {std::pair<uint32_t, uint32_t>{100'000, 100'000}, {10'000'000, 256 * 1024}}) {
    Driver driver;
    driver.Store("large", Repeat('x', 2 * kMiB));
    const std::string sent = driver.Say(EncodedHello(asked) + EncodedKey(Op::kGet, 2, "large"));
    EXPECT_EQ(protocol::LoadLittle<uint32_t>(Messages(sent, agreed)[0].body.data() + 5), agreed);
    EXPECT_EQ(Messages(sent, agreed).back().value().size(), 2 * kMiB);
  }
}

TEST(SessionFlow, WithoutAHelloNoFrameIsLongerThanEveryPeerAccepts) {
  Driver driver;
  driver.Store("large", Repeat('x', 2 * kMiB));
  const std::string sent = driver.Say(EncodedKey(Op::kGet, 2, "large"));
  EXPECT_EQ(Messages(sent, protocol::kBaseMaxFrame).back().value().size(), 2 * kMiB);
}

// lessons 16: the answers of a huge pipelined batch and the batch itself pass through bounded
// buffers, as long as the peer reads while it writes.
TEST(SessionFlow, APipelineOf100000CommandsRunsInBoundedMemory) {
  Driver driver;
  std::string requests;
  for (uint64_t id = 1; id <= 100'000; ++id) requests += EncodedPut(id, "k", "v");
  size_t at = 0;
  size_t most = 0;
  size_t answers = 0;
  while (at < requests.size() || !driver.session.Output(driver.now).empty()) {
    if (driver.session.wants_input() && at < requests.size()) {
      driver.Feed(std::string_view(requests).substr(at, 65536));
      at += 65536;
    }
    most = std::max(most, driver.session.buffered_input() + driver.session.buffered_output());
    const std::string sent = driver.Take(16 * 1000);  // whole answers of 16 bytes
    answers += sent.size() / 16;
  }
  EXPECT_EQ(answers, 100'000u);
  EXPECT_LT(most, 2 * kMiB);
}

}  // namespace
}  // namespace tagcache::testing
