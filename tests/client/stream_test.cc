#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tagcache/client.h"
#include "tests/client/fake_server.h"

namespace tagcache {
namespace {

using protocol::Op;
using std::chrono::milliseconds;
using testing::FakePeer;
using testing::FakeServer;
using testing::Heard;

class Keys final : public KeySource {
 public:
  explicit Keys(size_t count) : count_(count) {}
  size_t size() const override { return count_; }
  // Another number of keys each time. The earlier views are invalid by then, as the API allows.
  size_t Next(std::span<std::string_view> keys) override {
    const size_t most = std::min({keys.size(), names_.size(), 1 + next_ % 5, count_ - next_});
    for (size_t i = 0; i < most; ++i) keys[i] = names_[i] = NameOf(next_++);
    return most;
  }
  static std::string NameOf(size_t i) { return "key:" + std::to_string(i); }

 private:
  const size_t count_;
  size_t next_ = 0;
  std::array<std::string, 5> names_;
};

std::unique_ptr<Client> Connect(const FakeServer& server, Options options = {}) {
  options.servers = {server.dsn()};
  return *Client::Create(options);
}

TEST(StreamTest, SingleGetIsOneItemAndThenTheEnd) {
  FakeServer server([](FakePeer& peer) { peer.AnswerAll(); });
  const auto client = Connect(server);
  Stream stream;
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(client->StartGet(stream, "k").ok());
    StreamItem item;
    ASSERT_TRUE(*stream.Next(&item));
    EXPECT_TRUE(item.found);
    EXPECT_EQ(item.value.bytes, "v:k");
    EXPECT_FALSE(*stream.Next(&item));
    EXPECT_FALSE(*stream.Next(&item)) << "and it stays at its end";
  }
  EXPECT_EQ(server.accepted(), 1u) << "the connection went back to the pool each time";
}

TEST(StreamTest, NeverStartedOrEmptyStreamsAreAtTheirEnd) {
  Stream never;
  StreamItem item;
  EXPECT_FALSE(*never.Next(&item));
  FakeServer server([](FakePeer& peer) { peer.AnswerAll(); });
  const auto client = Connect(server);
  Keys none(0);
  Stream stream;
  ASSERT_TRUE(client->StartMultiGet(stream, none).ok());
  EXPECT_FALSE(*stream.Next(&item));
  EXPECT_EQ(client->pool_stats().connections_opened, 0u);
}

TEST(StreamTest, ManyKeysAreDividedIntoRequestsAndArriveInTheOrderAsked) {
  std::atomic<int> requests{0};
  FakeServer server([&](FakePeer& peer) {
    while (const auto heard = peer.Next()) {
      ++requests;
      std::vector<std::optional<std::string>> values;
      for (const std::string& key : heard->keys) values.push_back("v:" + key);
      for (const auto& frame : testing::ValuesFrames(heard->id, values, 60'000)) peer.Send(frame);
    }
  });
  const auto client = Connect(server, {.timeout = std::chrono::seconds(30)});
  constexpr size_t kCount = 60'000;
  Keys keys(kCount);
  Stream stream;
  ASSERT_TRUE(client->StartMultiGet(stream, keys).ok());
  StreamItem item;
  for (size_t i = 0; i < kCount; ++i) {
    const auto more = stream.Next(&item);
    ASSERT_TRUE(more.ok() && *more) << more.status().message();
    ASSERT_EQ(item.index, i);
    ASSERT_EQ(item.value.bytes, "v:" + Keys::NameOf(i));
  }
  EXPECT_FALSE(*stream.Next(&item));
  EXPECT_GT(requests, 3);
}

// Two requests are in flight; the second one's reply comes first, and both in small pieces.
TEST(StreamTest, RepliesOutOfTurnAreStillDeliveredInTheOrderAsked) {
  FakeServer server([](FakePeer& peer) {
    for (;;) {
      std::vector<std::vector<std::string>> replies;
      for (int i = 0; i < 2; ++i) {
        const auto heard = peer.Next();
        if (!heard) return;
        std::vector<std::optional<std::string>> values;
        for (const std::string& key : heard->keys) values.push_back("v:" + key);
        replies.push_back(testing::ValuesFrames(heard->id, values, 1000));
        if (heard->keys.size() < 5000) break;
      }
      size_t longest = 0;
      for (const auto& frames : replies) longest = std::max(longest, frames.size());
      for (size_t i = 0; i < longest; ++i) {
        for (size_t r = replies.size(); r-- > 0;) {
          if (i < replies[r].size() && !peer.Send(replies[r][i])) return;
        }
      }
    }
  });
  const auto client = Connect(server, {.timeout = std::chrono::seconds(30), .prefix = "p:"});
  constexpr size_t kCount = 22'000;
  Keys keys(kCount);
  Stream stream;
  ASSERT_TRUE(client->StartMultiGet(stream, keys).ok());
  StreamItem item;
  for (size_t i = 0; i < kCount; ++i) {
    const auto more = stream.Next(&item);
    ASSERT_TRUE(more.ok() && *more) << i << more.status().message();
    ASSERT_EQ(item.index, i);
    ASSERT_EQ(item.value.bytes, "v:p:" + Keys::NameOf(i));
  }
}

// Lessons 1: a caller that stops in the middle leaves nothing behind for the next one.
TEST(StreamTest, ConnectionIsNotReusedWithAnAnswerUnderWay) {
  FakeServer server([](FakePeer& peer) { peer.AnswerAll(); });
  const auto client = Connect(server);
  for (int round = 0; round < 50; ++round) {
    Keys keys(3);
    Stream stream;
    ASSERT_TRUE(client->StartMultiGet(stream, keys).ok());
    StreamItem item;
    if (round % 2 == 1) {
      ASSERT_TRUE(*stream.Next(&item));
    }
    stream.Close();
    const std::string key = "own" + std::to_string(round);
    const auto got = client->Get(key);
    ASSERT_TRUE(got.ok());
    ASSERT_EQ(got.value()->bytes, "v:" + key);
  }
}

TEST(StreamTest, StartingAgainGivesUpWhatWasOpen) {
  FakeServer server([](FakePeer& peer) { peer.AnswerAll(); });
  const auto client = Connect(server, {.pool_max = 1});
  Stream stream;
  StreamItem item;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(client->StartGet(stream, "old").ok());
  ASSERT_TRUE(client->StartGet(stream, "new").ok());
  ASSERT_TRUE(*stream.Next(&item));
  EXPECT_EQ(item.value.bytes, "v:new");
}

TEST(StreamTest, DestroyedAndMovedStreamsGiveTheirConnectionsBack) {
  FakeServer server([](FakePeer& peer) { peer.AnswerAll(); });
  const auto client = Connect(server, {.pool_max = 1});
  StreamItem item;
  {
    Stream first;
    ASSERT_TRUE(client->StartGet(first, "k").ok());
    Stream second = std::move(first);
    ASSERT_TRUE(*second.Next(&item));
    EXPECT_EQ(item.value.bytes, "v:k");
  }
  EXPECT_TRUE(client->Get("k").ok());
}

TEST(StreamTest, ErrorOfTheServerEndsIt) {
  FakeServer server([](FakePeer& peer) {
    while (const auto heard = peer.Next()) {
      peer.Send(testing::ErrorReply(heard->op, heard->id, protocol::StatusCode::kKeyTooLong,
                                    "GET 'k': the key has 2000 bytes, the limit max_key is 1024"));
    }
  });
  const auto client = Connect(server);
  Stream stream;
  ASSERT_TRUE(client->StartGet(stream, "k").ok());
  StreamItem item;
  const auto more = stream.Next(&item);
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.status().code(), ErrorCode::kServer);
  EXPECT_EQ(more.status().server_error(), ServerError::kKeyTooLong);
  EXPECT_EQ(more.status().message(),
            "get 'k' on " + server.dsn() + ": the key has 2000 bytes, the limit max_key is 1024");
  EXPECT_FALSE(*stream.Next(&item));
}

TEST(StreamTest, DeadlineCoversAllOfIt) {
  FakeServer server([](FakePeer& peer) {
    const auto heard = peer.Next();
    if (!heard) return;
    std::vector<std::optional<std::string>> values(heard->keys.size(), "value");
    peer.Send(testing::ValuesFrames(heard->id, values, 20)[0]);
    peer.SwallowAll();
  });
  const auto client = Connect(server);
  Keys keys(100);
  Stream stream;
  const testing::Stopwatch watch;
  ASSERT_TRUE(client->StartMultiGet(stream, keys, {.timeout = milliseconds(80)}).ok());
  StreamItem item;
  Result<bool> more = true;
  while (more.ok() && *more) more = stream.Next(&item);
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.status().code(), ErrorCode::kTimeout);
  EXPECT_LT(watch.elapsed(), milliseconds(180));
}

}  // namespace
}  // namespace tagcache
