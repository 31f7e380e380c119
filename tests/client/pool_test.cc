// The pool as a caller sees it: against servers that count and misbehave.

#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

#include "tagcache/client.h"
#include "tests/client/fake_server.h"

namespace tagcache {
namespace {

using std::chrono::milliseconds;
using testing::DeadPort;
using testing::FakePeer;
using testing::FakeServer;
using testing::Flag;
using testing::Stopwatch;
using testing::Until;

std::unique_ptr<Client> Connect(const std::string& dsn, Options options = {}) {
  options.servers = {dsn};
  auto client = Client::Create(options);
  EXPECT_TRUE(client.ok()) << client.status().message();
  return std::move(*client);
}

std::string ValueOf(Client& client, std::string_view key, CallOptions call = {}) {
  const auto got = client.Get(key, call);
  if (!got.ok()) return "error: " + got.status().message();
  return got.value().has_value() ? got.value()->bytes : "miss";
}

// Takes a connection out of the pool and keeps it.
Stream Hold(Client& client) {
  Stream stream;
  EXPECT_TRUE(client.StartGet(stream, "held").ok());
  return stream;
}
void GiveBack(Stream& stream) {
  StreamItem item;
  EXPECT_TRUE(stream.Next(&item).ok());
  stream.Close();
}

void Serve(FakePeer& peer) { peer.AnswerAll(); }

// Lessons 18.
TEST(Pool, SequentialCallsUseOneConnection) {
  FakeServer server(Serve);
  const auto client = Connect(server.dsn());
  for (int i = 0; i < 500; ++i) ASSERT_EQ(ValueOf(*client, "k"), "v:k");
  EXPECT_EQ(server.accepted(), 1u);
  EXPECT_EQ(client->pool_stats().connections_opened, 1u);
  EXPECT_EQ(client->pool_stats().connections_reused, 499u);
}

// Lessons 18.
TEST(Pool, OpensNothingBeforeItIsUsed) {
  FakeServer server(Serve);
  const auto client = Connect(server.dsn(), {.pool_min = 4});
  EXPECT_EQ(client->pool_stats().connections_opened, 0u);
  EXPECT_EQ(server.accepted(), 0u);
}

TEST(Pool, ManyThreadsNeverOpenMoreThanPoolMax) {
  FakeServer server(Serve);
  const auto client = Connect(server.dsn(), {.timeout = std::chrono::seconds(20), .pool_max = 2});
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        const std::string key = std::to_string(t) + ":" + std::to_string(i);
        if (ValueOf(*client, key) == "v:" + key) ++right;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, 800);
  EXPECT_LE(server.accepted(), 2u);
}

TEST(Pool, CallWaitsForAConnectionUntilItsDeadline) {
  FakeServer server(Serve);
  const auto client = Connect(server.dsn(), {.pool_max = 1});
  Stream held = Hold(*client);
  const Stopwatch watch;
  const auto got = client->Get("k", {.timeout = milliseconds(60)});
  EXPECT_GE(watch.elapsed(), milliseconds(59));
  EXPECT_LT(watch.elapsed(), milliseconds(160));
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.status().code(), ErrorCode::kTimeout);
  EXPECT_NE(got.status().message().find("1 connections of the pool"), std::string::npos)
      << got.status().message();
  GiveBack(held);
  EXPECT_EQ(ValueOf(*client, "k"), "v:k");
  EXPECT_EQ(client->pool_stats().pool_waits, 1u);
  EXPECT_EQ(client->pool_stats().timeouts, 1u);
}

TEST(Pool, ConnectionThatComesBackGoesToTheCallThatWaits) {
  FakeServer server(Serve);
  const auto client = Connect(server.dsn(), {.timeout = std::chrono::seconds(20), .pool_max = 1});
  Stream held = Hold(*client);
  std::string got;
  std::thread waiting([&] { got = ValueOf(*client, "k"); });
  ASSERT_TRUE(Until([&] { return client->pool_stats().pool_waits == 1; }));
  GiveBack(held);
  waiting.join();
  EXPECT_EQ(got, "v:k");
  EXPECT_EQ(server.accepted(), 1u);
}

TEST(Pool, PlaceOfABrokenConnectionGoesToTheCallThatWaits) {
  FakeServer server(Serve);
  const auto client = Connect(server.dsn(), {.timeout = std::chrono::seconds(20), .pool_max = 1});
  Stream held = Hold(*client);
  std::string got;
  std::thread waiting([&] { got = ValueOf(*client, "k"); });
  ASSERT_TRUE(Until([&] { return client->pool_stats().pool_waits == 1; }));
  held.Close();  // with an unread answer: the connection is closed
  waiting.join();
  EXPECT_EQ(got, "v:k");
  EXPECT_EQ(client->pool_stats().connections_opened, 2u);
}

TEST(Pool, FirstCallOpensTheMinimum) {
  FakeServer server(Serve);
  const auto client = Connect(server.dsn(), {.pool_min = 3});
  EXPECT_EQ(ValueOf(*client, "k"), "v:k");
  EXPECT_EQ(client->pool_stats().connections_opened, 3u);
  EXPECT_EQ(ValueOf(*client, "k"), "v:k");
  EXPECT_EQ(client->pool_stats().connections_opened, 3u);
}

TEST(Pool, IdleConnectionsAboveTheMinimumAreClosedAtTheNextCall) {
  FakeServer server(Serve);
  const auto client = Connect(server.dsn(), {.pool_min = 2, .idle_timeout = milliseconds(20)});
  {
    std::array<Stream, 4> streams;
    for (Stream& stream : streams) stream = Hold(*client);
    for (Stream& stream : streams) GiveBack(stream);
  }
  EXPECT_EQ(client->pool_stats().connections_open, 4u);
  std::this_thread::sleep_for(milliseconds(21));
  EXPECT_EQ(ValueOf(*client, "k"), "v:k");
  EXPECT_EQ(client->pool_stats().connections_open, 2u);
}

TEST(Pool, ConnectionUsedLastIsTakenFirst) {
  std::array<std::atomic<int>, 2> served{};
  FakeServer server([&](FakePeer& peer) {
    while (const auto heard = peer.Next()) {
      if (heard->key == "k") ++served.at(peer.number());
      if (!peer.Answer(*heard)) return;
    }
  });
  const auto client = Connect(server.dsn());
  Stream one = Hold(*client);
  Stream two = Hold(*client);
  GiveBack(one);
  GiveBack(two);
  for (int i = 0; i < 50; ++i) ASSERT_EQ(ValueOf(*client, "k"), "v:k");
  EXPECT_EQ(std::max(served[0].load(), served[1].load()), 50);
}

// Lessons 12: noticed by a look, not by the request.
TEST(Pool, ConnectionTheServerClosedIsNoticedBeforeTheRequest) {
  Flag closed;
  FakeServer server([&](FakePeer& peer) {
    if (peer.number() > 0) return peer.AnswerAll();
    if (const auto heard = peer.Next()) peer.Answer(*heard);
    peer.Close();
    closed.Set();
  });
  const auto client = Connect(server.dsn(), {.idle_check = milliseconds(0), .retries = 0});
  EXPECT_EQ(ValueOf(*client, "a"), "v:a");
  ASSERT_TRUE(closed.Wait());
  EXPECT_EQ(ValueOf(*client, "b"), "v:b");
  EXPECT_EQ(client->pool_stats().health_check_failures, 1u);
  EXPECT_EQ(client->pool_stats().retries, 0u);
}

TEST(Pool, ConnectionWithUnaskedBytesIsNotUsedAgain) {
  Flag sent;
  FakeServer server([&](FakePeer& peer) {
    if (peer.number() > 0) return peer.AnswerAll();
    if (const auto heard = peer.Next()) peer.Answer(*heard);
    peer.Send("surprise");
    sent.Set();
    peer.SwallowAll();
  });
  const auto client = Connect(server.dsn(), {.idle_check = milliseconds(0), .retries = 0});
  EXPECT_EQ(ValueOf(*client, "a"), "v:a");
  ASSERT_TRUE(sent.Wait());
  EXPECT_EQ(ValueOf(*client, "b"), "v:b");
  EXPECT_EQ(server.accepted(), 2u);
}

TEST(Pool, ConnectionThatIdledLongIsPingedBeforeItsNextRequest) {
  std::atomic<int> pings{0};
  FakeServer server([&](FakePeer& peer) {
    while (const auto heard = peer.Next()) {
      if (heard->op == protocol::Op::kPing) ++pings;
      if (!peer.Answer(*heard)) return;
    }
  });
  const auto client = Connect(server.dsn(), {.health_check = milliseconds(20)});
  EXPECT_EQ(ValueOf(*client, "k"), "v:k");
  EXPECT_EQ(ValueOf(*client, "k"), "v:k");
  std::this_thread::sleep_for(milliseconds(21));
  EXPECT_EQ(ValueOf(*client, "k"), "v:k");
  EXPECT_EQ(pings, 1);
}

TEST(Pool, UnansweredPingCostsPartOfTheDeadlineAndAnotherConnectionServesTheCall) {
  FakeServer server([&](FakePeer& peer) {
    if (peer.number() > 0) return peer.AnswerAll();
    if (const auto heard = peer.Next()) peer.Answer(*heard);
    peer.SwallowAll();
  });
  const auto client = Connect(server.dsn(), {.timeout = milliseconds(5000),
                                             .connect_timeout = milliseconds(50),
                                             .health_check = milliseconds(1)});
  EXPECT_EQ(ValueOf(*client, "k"), "v:k");
  std::this_thread::sleep_for(milliseconds(5));
  EXPECT_EQ(ValueOf(*client, "k"), "v:k");
  EXPECT_EQ(server.accepted(), 2u);
}

TEST(Pool, CheckIdleConnectionsPingsEachAndClosesThoseThatFail) {
  FakeServer server([&](FakePeer& peer) {
    while (const auto heard = peer.Next()) {
      if (heard->op == protocol::Op::kPing && peer.number() == 1) return;
      if (!peer.Answer(*heard)) return;
    }
  });
  const auto client = Connect(server.dsn(), {.health_check = milliseconds(0)});
  {
    std::array<Stream, 3> streams;
    for (Stream& stream : streams) stream = Hold(*client);
    for (Stream& stream : streams) GiveBack(stream);
  }
  EXPECT_EQ(client->CheckIdleConnections(), 3u);
  EXPECT_EQ(client->pool_stats().connections_open, 2u);
  EXPECT_EQ(client->CheckIdleConnections(), 2u);
}

TEST(Pool, CloseConnectionsClosesIdleOnesNowAndUsedOnesWhenTheyComeBack) {
  FakeServer server(Serve);
  const auto client = Connect(server.dsn());
  Stream held = Hold(*client);
  EXPECT_EQ(ValueOf(*client, "k"), "v:k");
  EXPECT_EQ(client->pool_stats().connections_open, 2u);
  client->CloseConnections();
  EXPECT_EQ(client->pool_stats().connections_open, 1u);
  GiveBack(held);
  EXPECT_EQ(client->pool_stats().connections_open, 0u);
  EXPECT_EQ(ValueOf(*client, "k"), "v:k") << "the client stays usable";
}

// Lessons 12: while the server is known to be down a call costs microseconds.
TEST(Pool, CallsFailFastWhileTheServerIsDown) {
  const auto client = Connect("tcp://127.0.0.1:" + std::to_string(DeadPort()),
                              {.connect_timeout = milliseconds(500),
                               .backoff = std::chrono::seconds(20),
                               .backoff_max = std::chrono::seconds(20)});
  const auto first = client->Get("k");
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.status().code(), ErrorCode::kConnection);
  EXPECT_NE(first.status().message().find("Connection refused"), std::string::npos);
  const Stopwatch watch;
  for (int i = 0; i < 1000; ++i) ASSERT_FALSE(client->Get("k").ok());
  EXPECT_LT(watch.elapsed(), milliseconds(500)) << "a thousand of them, in one connect time-out";
  const PoolStats stats = client->pool_stats();
  EXPECT_EQ(stats.fail_fast, 1000u);
  EXPECT_EQ(stats.connect_failures, 1u);
  const std::string message = client->Get("k").status().message();
  EXPECT_NE(message.find("the server is down"), std::string::npos) << message;
}

TEST(Pool, ServerThatCameBackIsUsedAfterTheBackOff) {
  const int port = DeadPort();
  const auto client = Connect("tcp://127.0.0.1:" + std::to_string(port),
                              {.backoff = milliseconds(5), .backoff_max = milliseconds(10)});
  EXPECT_FALSE(client->Get("k").ok());
  FakeServer server(Serve, port);
  EXPECT_TRUE(Until([&] { return ValueOf(*client, "k") == "v:k"; }));
}

TEST(Pool, AddressesAreTriedInTheirOrder) {
  FakeServer first(Serve);
  FakeServer second(Serve);
  auto client = Client::Create({.servers = {"unix:///nowhere/at/all", first.dsn(), second.dsn()}});
  ASSERT_TRUE(client.ok());
  EXPECT_EQ(ValueOf(**client, "k"), "v:k");
  EXPECT_EQ(first.accepted(), 1u);
  EXPECT_EQ(second.accepted(), 0u);
}

}  // namespace
}  // namespace tagcache
