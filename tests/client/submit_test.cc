// Submit and Wait: many batches in flight on one connection.

#include <gtest/gtest.h>

#include <deque>
#include <thread>

#include "tagcache/batch.h"
#include "tagcache/client.h"
#include "tests/client/fake_server.h"
#include "tests/support/server_process.h"

namespace tagcache {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::FakePeer;
using testing::FakeServer;
using testing::Flag;
using testing::Heard;
using testing::Stopwatch;
using testing::Until;

Batch GetBatch(std::string_view key) {
  Batch batch;
  batch.Get(key);
  return batch;
}

// The value of the only GET, or the error.
std::string First(const Result<std::vector<BatchResult>>& results) {
  if (!results.ok()) return "error: " + results.status().message();
  const BatchResult& first = results->at(0);
  if (!first.status.ok()) return "refused: " + first.status.message();
  return first.value ? first.value->bytes : "miss";
}

std::unique_ptr<Client> Connect(const FakeServer& server, Options options = {}) {
  options.servers = {server.dsn()};
  return *Client::Create(options);
}

// Each ticket keeps its batch and its answers in memory.
TEST(Submit, TicketsThatNobodyWaitsForHaveALimit) {
  testing::ServerProcess server;
  Options options;
  options.servers = {server.tcp_dsn()};
  const auto client = *Client::Create(options);
  std::deque<Ticket> tickets;
  for (size_t i = 0; i < kMaxTickets; ++i) {
    const auto ticket = client->Submit(GetBatch("k"), {seconds(60)});
    ASSERT_TRUE(ticket.ok()) << ticket.status().message();
    tickets.push_back(*ticket);
  }
  EXPECT_EQ(client->pool_stats().tickets_open, kMaxTickets);
  const auto refused = client->Submit(GetBatch("k"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code(), ErrorCode::kUsage);
  EXPECT_NE(refused.status().message().find("4096 tickets have not been waited for"),
            std::string::npos)
      << refused.status().message();
  EXPECT_EQ(First(client->Wait(tickets.front())), "miss");
  EXPECT_TRUE(client->Submit(GetBatch("k")).ok());
}

TEST(Submit, AnswersInAnyOrderReachTheirTickets) {
  FakeServer server([](FakePeer& peer) {
    std::deque<Heard> heard;
    while (heard.size() < 10) {
      auto next = peer.Next();
      if (!next) return;
      heard.push_front(*next);
    }
    for (const Heard& request : heard) peer.Answer(request);
    peer.AnswerAll();
  });
  const auto client = Connect(server);
  std::vector<Ticket> tickets;
  for (int i = 0; i < 10; ++i) {
    tickets.push_back(*client->Submit(GetBatch("k" + std::to_string(i))));
  }
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(First(client->Wait(tickets[i])), "v:k" + std::to_string(i));
  }
  EXPECT_EQ(server.accepted(), 1u);
}

// Lessons 1: on the binary protocol a late answer is dropped, and the connection goes on.
TEST(Submit, LateAnswerIsCountedAndDroppedAndOthersGoOn) {
  Flag release;
  FakeServer server([&](FakePeer& peer) {
    const auto slow = peer.Next();
    const auto quick = peer.Next();
    if (!slow || !quick) return;
    peer.Answer(*quick);
    release.Wait();
    peer.Answer(*slow);
    peer.AnswerAll();
  });
  const auto client = Connect(server);
  const Ticket slow = *client->Submit(GetBatch("slow"), {.timeout = milliseconds(60)});
  const Ticket quick = *client->Submit(GetBatch("quick"));
  EXPECT_EQ(First(client->Wait(quick)), "v:quick");
  const Stopwatch watch;
  const auto late = client->Wait(slow);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.status().code(), ErrorCode::kTimeout);
  EXPECT_LT(watch.elapsed(), milliseconds(160));
  release.Set();
  EXPECT_EQ(First(client->Wait(*client->Submit(GetBatch("next")))), "v:next");
  EXPECT_EQ(client->pool_stats().late_replies, 1u);
  EXPECT_EQ(client->pool_stats().timeouts, 1u);
  EXPECT_EQ(server.accepted(), 1u);
}

// Lessons 1: lines have no IDs, so the connection of an overdue answer is closed.
TEST(Submit, OnTheTextProtocolAnOverdueAnswerEndsTheConnectionForAll) {
  FakeServer server([](FakePeer& peer) {
    if (peer.number() == 0) return peer.SwallowAll();
    while (const auto line = peer.NextLine()) peer.Send("VALUE\tfresh\n");
  });
  const auto client = Connect(server, {.protocol = Protocol::kText, .timeout = seconds(20)});
  const Ticket slow = *client->Submit(GetBatch("slow"), {.timeout = milliseconds(50)});
  const Ticket other = *client->Submit(GetBatch("other"));
  std::string came_to;
  std::thread waiting([&] {
    const auto results = client->Wait(other);
    EXPECT_FALSE(results.ok());
    EXPECT_EQ(results.status().code(), ErrorCode::kConnection);
  });
  EXPECT_EQ(client->Wait(slow).status().code(), ErrorCode::kTimeout);
  waiting.join();  // at once, long before its own deadline
  EXPECT_EQ(First(client->Wait(*client->Submit(GetBatch("next")))), "fresh");
}

TEST(Submit, BrokenConnectionFailsItsTicketsAndTheNextSubmitOpensAnother) {
  FakeServer server([](FakePeer& peer) {
    if (peer.number() > 0) return peer.AnswerAll();
    peer.Next();
    peer.Next();
  });
  const auto client = Connect(server);
  const Ticket one = *client->Submit(GetBatch("a"));
  const Ticket two = *client->Submit(GetBatch("b"));
  EXPECT_EQ(client->Wait(one).status().code(), ErrorCode::kConnection);
  EXPECT_EQ(client->Wait(two).status().code(), ErrorCode::kConnection);
  EXPECT_EQ(First(client->Wait(*client->Submit(GetBatch("c")))), "v:c");
}

TEST(Submit, ConnectionTheServerClosedWhileItIdledIsNotUsed) {
  Flag closed;
  FakeServer server([&](FakePeer& peer) {
    if (peer.number() > 0) return peer.AnswerAll();
    if (const auto heard = peer.Next()) peer.Answer(*heard);
    peer.Close();
    closed.Set();
  });
  const auto client = Connect(server, {.idle_check = milliseconds(0)});
  EXPECT_EQ(First(client->Wait(*client->Submit(GetBatch("a")))), "v:a");
  ASSERT_TRUE(closed.Wait());
  EXPECT_EQ(First(client->Wait(*client->Submit(GetBatch("b")))), "v:b");
}

TEST(Submit, CloseConnectionsLetsTicketsUnderWayFinish) {
  FakeServer server([](FakePeer& peer) { peer.AnswerAll(); });
  const auto client = Connect(server);
  const Ticket before = *client->Submit(GetBatch("before"));
  client->CloseConnections();
  const Ticket after = *client->Submit(GetBatch("after"));
  EXPECT_EQ(First(client->Wait(before)), "v:before");
  EXPECT_EQ(First(client->Wait(after)), "v:after");
  EXPECT_TRUE(Until([&] { return client->pool_stats().connections_open == 1; }));
}

TEST(Submit, BatchLargerThanTheSocketBuffersIsSentWhileOthersRead) {
  testing::ServerProcess server;
  Options options;
  options.servers = {server.tcp_dsn()};
  options.timeout = seconds(60);
  const auto client = *Client::Create(options);
  const std::string value(8'000'000, 'x');
  Batch large;
  large.Put("large", {value});
  large.Get("large");
  std::vector<Ticket> tickets;
  for (int i = 0; i < 4; ++i) tickets.push_back(*client->Submit(large));
  std::vector<std::thread> threads;
  for (const Ticket ticket : tickets) {
    threads.emplace_back([&, ticket] {
      const auto results = client->Wait(ticket);
      ASSERT_TRUE(results.ok()) << results.status().message();
      EXPECT_TRUE((*results)[1].value->bytes == value);
    });
  }
  for (auto& thread : threads) thread.join();
}

// One client, eight threads, plain calls and tickets mixed; runs under ThreadSanitizer too.
TEST(SharedClient, EightThreadsGetTheirOwnAnswers) {
  testing::ServerProcess server;
  for (const Protocol protocol : {Protocol::kBinary, Protocol::kText}) {
    Options options;
    options.servers = {server.unix_dsn()};
    options.protocol = protocol;
    options.timeout = seconds(60);
    options.pool_max = 3;
    const auto client = *Client::Create(options);
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 150; ++i) {
          const std::string key = std::to_string(t) + "/" + std::to_string(i % 7);
          const std::string value = key + "=" + std::to_string(i);
          if (!client->Put(key, {value}).ok()) ++wrong;
          const auto got = client->Get(key);
          if (!got.ok() || !*got || got.value()->bytes != value) ++wrong;
          Batch batch;
          batch.Put(key + "s", {value});
          batch.Get(key + "s");
          batch.Get(key);
          const auto ticket = client->Submit(batch);
          if (!ticket.ok()) {
            ++wrong;
            continue;
          }
          const auto results = client->Wait(*ticket);
          if (!results.ok() || (*results)[1].value->bytes != value ||
              (*results)[2].value->bytes != value) {
            ++wrong;
          }
        }
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0);
    EXPECT_LE(client->pool_stats().connections_open, 4u);
  }
}

}  // namespace
}  // namespace tagcache
