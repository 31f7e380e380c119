// GET_LEASE requests that wait, over sockets: many connections on several workers.

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "server/net/server.h"
#include "tests/server/raw_client.h"
#include "tests/server/session_driver.h"

namespace tagcache::testing {
namespace {

using protocol::LeaseKind;
using server::Server;
using server::ServerOptions;
using server::Worker;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::string EncodedLease(uint64_t id, std::string_view key, uint32_t lease_ms, uint32_t wait_ms) {
  Request request;
  request.op = Op::kGetLease;
  request.id = id;
  request.key = key;
  request.lease_ms = lease_ms;
  request.wait_ms = wait_ms;
  return Encoded(request);
}

std::string EncodedPutWith(uint64_t token, std::string_view key, std::string_view value) {
  Request request;
  request.op = Op::kPut;
  request.id = 1'000'000;
  request.key = key;
  request.value = value;
  request.token = token;
  return Encoded(request);
}

// A server with four workers in this process.
struct FourWorkers {
  FourWorkers() : engine(SmallEngine(), nullptr, Worker::Now()) {
    char name[] = "/tmp/tagcached-lease-XXXXXX";
    directory = mkdtemp(name);
    ServerOptions options;
    options.port = 0;
    options.workers = 4;
    options.unix_socket = directory + "/socket";
    server = std::make_unique<Server>(engine, options);
    EXPECT_EQ(server->Open(), "");
    server->Start();
  }
  ~FourWorkers() {
    server.reset();
    std::filesystem::remove_all(directory);
  }
  RawClient Connect() { return RawClient::Tcp(server->port()); }

  Engine engine;
  std::unique_ptr<Server> server;
  std::string directory;
};

// Reads one message. The body of an answer to GET_LEASE begins with its kind.
Message Read(RawClient& client) {
  std::string bytes = client.Read(protocol::kHeaderSize);
  protocol::FrameHeader header;
  StatusCode error = StatusCode::kOk;
  protocol::ReadFrame(bytes + std::string(1 << 16, '\0'), protocol::kResponseMagic, 1 << 24,
                      &header, &error);
  bytes += client.Read(header.length);
  return Only(bytes);
}
LeaseKind KindOf(const Message& message) {
  return message.body.empty() ? LeaseKind::kNothing : static_cast<LeaseKind>(message.body[0]);
}
uint64_t TokenOf(const Message& message) {
  if (message.body.size() != 9 || KindOf(message) != LeaseKind::kToken) return 0;
  return protocol::LoadLittle<uint64_t>(message.body.data() + 1);
}
std::string ValueOf(const Message& message) {
  return message.body.size() < 9 ? "(none)" : message.body.substr(9);
}

// A client that has said all it has to say still reads.
TEST(WaitingLease, IsAnsweredAfterItsClientHasFinishedSending) {
  FourWorkers run;
  RawClient first = run.Connect();
  first.Send(EncodedLease(1, "k", 10'000, 0));
  first.Read(protocol::kHeaderSize + 9);  // the token
  RawClient second = run.Connect();
  second.Send(EncodedLease(2, "k", 10'000, 5'000));
  second.FinishSending();
  std::this_thread::sleep_for(milliseconds(50));
  run.engine.store().Put({.key = "k", .value = "v"}, server::WriteMode::kPut, Worker::Now());
  const std::string answer = second.ReadAll();
  ASSERT_GT(answer.size(), protocol::kHeaderSize);
  EXPECT_EQ(Only(answer).id, 2u);
  EXPECT_EQ(Only(answer).body.back(), 'v');
}

TEST(LeaseWait, FiveHundredCallersOfOneKeyRunTheProducerOnce) {
  constexpr int kConnections = 20, kEach = 25;
  FourWorkers running;
  for (int round = 0; round < 5; ++round) {
    const std::string key = "key" + std::to_string(round);
    std::atomic<int> produced{0}, served{0}, other{0};
    std::vector<std::thread> threads;
    for (int c = 0; c < kConnections; ++c) {
      threads.emplace_back([&] {
        RawClient client = running.Connect();
        std::string asks;
        for (int i = 0; i < kEach; ++i) asks += EncodedLease(i, key, 60'000, 60'000);
        client.Send(asks);
        for (int left = kEach; left > 0;) {
          const Message message = Read(client);
          if (message.op == Op::kPut) continue;
          --left;
          const uint64_t token = TokenOf(message);
          if (token == 0) {
            ++(ValueOf(message) == "value" ? served : other);
            continue;
          }
          ++produced;
          std::this_thread::sleep_for(milliseconds(50));  // the others come meanwhile
          client.Send(EncodedPutWith(token, key, "value"));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(produced.load(), 1) << "round " << round;
    EXPECT_EQ(other.load(), 0) << "round " << round;
    EXPECT_EQ(served.load(), kConnections * kEach - 1) << "round " << round;
  }
}

TEST(LeaseWait, WhenTheHoldersConnectionEndsTheLeasePassesToOne) {
  FourWorkers running;
  RawClient holder = running.Connect();
  holder.Send(EncodedLease(1, "k", 60'000, 0));
  ASSERT_NE(TokenOf(Read(holder)), 0u);
  std::vector<RawClient> waiters;
  for (int i = 0; i < 4; ++i) {
    waiters.push_back(running.Connect());
    waiters.back().Send(EncodedLease(1, "k", 60'000, 60'000) + EncodedKey(Op::kPing, 2, ""));
    EXPECT_EQ(Read(waiters.back()).id, 2u);  // it waits by now, and does not hold up the PING
  }
  holder.Close();
  const uint64_t token = TokenOf(Read(waiters[0]));
  ASSERT_NE(token, 0u);
  waiters[0].Send(EncodedPutWith(token, "k", "v"));
  EXPECT_EQ(Read(waiters[0]).status, StatusCode::kOk);
  for (int i = 1; i < 4; ++i) EXPECT_EQ(ValueOf(Read(waiters[i])), "v");
}

TEST(LeaseWait, AnExpiredLeasePassesToOne) {
  FourWorkers running;
  RawClient holder = running.Connect(), waiter = running.Connect();
  holder.Send(EncodedLease(1, "k", 100, 0));
  ASSERT_NE(TokenOf(Read(holder)), 0u);
  waiter.Send(EncodedLease(1, "k", 60'000, 60'000));
  EXPECT_NE(TokenOf(Read(waiter)), 0u);
}

TEST(LeaseWait, TheCallersDeadlineBoundsTheWait) {
  FourWorkers running;
  RawClient holder = running.Connect(), waiter = running.Connect();
  holder.Send(EncodedLease(1, "k", 60'000, 0));
  ASSERT_NE(TokenOf(Read(holder)), 0u);
  const auto begin = steady_clock::now();
  waiter.Send(EncodedLease(1, "k", 1000, 300) + EncodedLease(2, "k", 1000, 100));
  EXPECT_EQ(Read(waiter).id, 2u);
  EXPECT_GE(steady_clock::now() - begin, milliseconds(99));
  const Message last = Read(waiter);
  EXPECT_EQ(last.id, 1u);
  EXPECT_EQ(KindOf(last), LeaseKind::kNothing);
  EXPECT_GE(steady_clock::now() - begin, milliseconds(299));
  EXPECT_LT(steady_clock::now() - begin, milliseconds(10'000));
}

TEST(LeaseWait, ServersStopWhileManyWaitAndConnectionsEnd) {
  for (int round = 0; round < 5; ++round) {
    FourWorkers running;
    RawClient holder = running.Connect();
    holder.Send(EncodedLease(1, "k", 60'000, 0));
    const uint64_t token = TokenOf(Read(holder));
    ASSERT_NE(token, 0u);
    std::vector<RawClient> waiters;
    for (int i = 0; i < 40; ++i) {
      waiters.push_back(running.Connect());
      waiters.back().Send(EncodedLease(1, "k", 60'000, 60'000) + EncodedKey(Op::kPing, 2, ""));
      EXPECT_EQ(Read(waiters.back()).id, 2u);
    }
    std::thread putter([&] { holder.Send(EncodedPutWith(token, "k", "v")); });
    for (int i = 0; i < 10; ++i) waiters[i].Close();
    running.server->Stop();
    putter.join();
    for (int i = 10; i < 40; ++i) {
      const Message message = Read(waiters[i]);
      EXPECT_TRUE(message.status == StatusCode::kShuttingDown || ValueOf(message) == "v");
    }
  }
}

}  // namespace
}  // namespace tagcache::testing
