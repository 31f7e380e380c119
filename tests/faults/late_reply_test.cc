// Lessons 1: no answer ever reaches another request than its own, however many time out.

#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "tagcache/batch.h"
#include "tagcache/client.h"
#include "tests/client/fake_server.h"
#include "tests/support/stopped_server.h"
#include "tests/support/server_process.h"

namespace tagcache {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::FakePeer;
using testing::FakeServer;

// Answers each GET after a time around the client's time-out.
class DawdlingServer {
 public:
  explicit DawdlingServer(Protocol protocol) : protocol_(protocol) {}
  std::string dsn() const { return server_.dsn(); }

 private:
  void Run(FakePeer& peer) {
    std::minstd_rand random(static_cast<unsigned>(peer.number()) + 1);
    for (;;) {
      if (protocol_ == Protocol::kBinary) {
        const auto heard = peer.Next();
        if (!heard) return;
        std::this_thread::sleep_for(microseconds(random() % 6000));
        if (!peer.Answer(*heard)) return;
      } else {
        const auto line = peer.NextLine();
        if (!line) return;
        std::this_thread::sleep_for(microseconds(random() % 6000));
        if (!peer.Send("VALUE\tv:" + line->substr(4) + "\n")) return;
      }
    }
  }
  const Protocol protocol_;
  FakeServer server_{[this](FakePeer& peer) { Run(peer); }};
};

class LateReply : public ::testing::TestWithParam<Protocol> {};
INSTANTIATE_TEST_SUITE_P(Codecs, LateReply, ::testing::Values(Protocol::kBinary, Protocol::kText));

TEST_P(LateReply, TimedOutCallsNeverShiftTheAnswersOfOthers) {
  DawdlingServer server(GetParam());
  const auto client = *Client::Create({.servers = {server.dsn()},
                                       .protocol = GetParam(),
                                       .timeout = milliseconds(4),
                                       .connect_timeout = milliseconds(4),
                                       .pool_max = 4,
                                       .backoff = milliseconds(0)});
  std::atomic<int> answered{0};
  std::atomic<int> timed_out{0};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 250; ++i) {
        const std::string key = std::to_string(t) + "-" + std::to_string(i);
        const auto got = client->Get(key);
        if (!got.ok()) {
          ++timed_out;
        } else {
          ++answered;
          if (!*got || got.value()->bytes != "v:" + key) ++wrong;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(answered, 0);
  EXPECT_GT(timed_out, 0);
}

TEST_P(LateReply, TimedOutTicketsNeverShiftTheAnswersOfOthers) {
  DawdlingServer server(GetParam());
  const auto client = *Client::Create({.servers = {server.dsn()},
                                       .protocol = GetParam(),
                                       .timeout = milliseconds(8),
                                       .backoff = milliseconds(0)});
  int answered = 0;
  int failed = 0;
  for (int i = 0; i < 250; ++i) {
    std::vector<std::pair<Ticket, std::string>> tickets;
    for (int j = 0; j < 3; ++j) {
      const std::string key = std::to_string(i) + "." + std::to_string(j);
      Batch batch;
      batch.Get(key);
      const auto ticket = client->Submit(batch);
      if (ticket.ok()) tickets.emplace_back(*ticket, key);
    }
    for (const auto& [ticket, key] : tickets) {
      const auto results = client->Wait(ticket);
      if (!results.ok()) {
        ++failed;
        continue;
      }
      ++answered;
      ASSERT_EQ((*results)[0].value->bytes, "v:" + key);
    }
  }
  EXPECT_GT(answered, 0);
  EXPECT_GT(failed, 0);
}

TEST_P(LateReply, ServerThatWasStoppedAndGoesOnAnswersNobodyElse) {
  testing::ServerProcess server;
  const auto client = *Client::Create(
      {.servers = {server.unix_dsn()}, .protocol = GetParam(), .timeout = seconds(20)});
  for (int i = 0; i < 20; ++i) {
    const std::string key = "k" + std::to_string(i);
    ASSERT_TRUE(client->Put(key, {key}).ok());
  }
  for (int round = 0; round < 10; ++round) {
    testing::Stop(server);
    EXPECT_EQ(client->Get("k0", {.timeout = milliseconds(15)}).status().code(),
              ErrorCode::kTimeout);
    testing::GoOn(server);
    for (int i = 0; i < 20; ++i) {
      const std::string key = "k" + std::to_string(i);
      const auto got = client->Get(key);
      ASSERT_TRUE(got.ok()) << got.status().message();
      ASSERT_EQ(got.value()->bytes, key);
    }
  }
}

}  // namespace
}  // namespace tagcache
