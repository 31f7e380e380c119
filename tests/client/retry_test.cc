// What is sent again after a connection broke, and what is not.

#include <gtest/gtest.h>

#include <map>
#include <mutex>

#include "tagcache/batch.h"
#include "tagcache/client.h"
#include "tests/client/fake_server.h"

namespace tagcache {
namespace {

using protocol::Op;
using std::chrono::milliseconds;
using testing::FakePeer;
using testing::FakeServer;
using testing::Stopwatch;

// A server that closes the first `broken` connections when a request has come, and counts requests.
class Breaking {
 public:
  explicit Breaking(size_t broken) : broken_(broken) {}
  std::unique_ptr<Client> Connect(Options options = {}) {
    options.servers = {server_.dsn()};
    return *Client::Create(options);
  }
  int heard(Op op) {
    const std::lock_guard lock(mutex_);
    return heard_[op];
  }

 private:
  void Run(FakePeer& peer) {
    while (const auto heard = peer.Next()) {
      {
        const std::lock_guard lock(mutex_);
        ++heard_[heard->op];
      }
      if (peer.number() < broken_) return;
      peer.Answer(*heard);
    }
  }
  const size_t broken_;
  std::mutex mutex_;
  std::map<Op, int> heard_;
  FakeServer server_{[this](FakePeer& peer) { Run(peer); }};
};

TEST(Retry, IdempotentRequestIsSentAgainOnAnotherConnection) {
  Breaking server(1);
  const auto client = server.Connect();
  const auto got = client->Get("k");
  ASSERT_TRUE(got.ok()) << got.status().message();
  EXPECT_EQ(got.value()->bytes, "v:k");
  EXPECT_EQ(server.heard(Op::kGet), 2);
  EXPECT_EQ(client->pool_stats().retries, 1u);
}

// Lessons 44.
TEST(Retry, ErrorOfARepetitionNamesTheAttemptThatMayHaveBeenCarriedOut) {
  Breaking server(SIZE_MAX);
  const auto client = server.Connect();
  const auto names_it = [](const Status& status) {
    return status.message().find("; an attempt before this one may have been carried out (") !=
           std::string::npos;
  };
  const Status put = client->Put("k", {"v"});
  EXPECT_EQ(server.heard(Op::kPut), 2);
  EXPECT_TRUE(names_it(put)) << put.message();
  const std::string_view keys[] = {"a", "b"};
  EXPECT_TRUE(names_it(client->MultiDelete(keys).status()));
  EXPECT_TRUE(names_it(client->MultiGet(keys).status()));
  const Status added = client->Append("k", "v").status();
  EXPECT_FALSE(names_it(added)) << added.message();
}

TEST(Retry, AdditionsComparisonsAndPutsUnderALeaseAreNotSentAgain) {
  Breaking server(SIZE_MAX);
  const auto client = server.Connect({.retries = 5});
  EXPECT_FALSE(client->Append("k", "v").ok());
  EXPECT_FALSE(client->Prepend("k", "v").ok());
  EXPECT_FALSE(client->CompareAndSet("k", 1, {"v"}).ok());
  EXPECT_FALSE(client->CompareAndDelete("k", 1).ok());
  EXPECT_FALSE(client->Put("k", {"v"}, {.token = 1}).ok());
  for (const Op op :
       {Op::kAppend, Op::kPrepend, Op::kCompareAndSet, Op::kCompareAndDelete, Op::kPut}) {
    EXPECT_EQ(server.heard(op), 1) << protocol::CommandOf(op).name;
  }
  Batch batch;
  batch.Put("k", {"v"}, {.token = 1});
  EXPECT_FALSE(client->Run(batch).ok());
  EXPECT_EQ(server.heard(Op::kPut), 2);
}

TEST(Retry, RequestThatIsNotIdempotentIsNotSentAgainOnceBytesHaveLeft) {
  Breaking server(1);
  const auto client = server.Connect({.retries = 5});
  const auto stepped = client->Increment("n");
  ASSERT_FALSE(stepped.ok());
  EXPECT_EQ(stepped.status().code(), ErrorCode::kConnection);
  EXPECT_EQ(server.heard(Op::kIncrement), 1);
  Breaking other(1);
  EXPECT_FALSE(other.Connect({.retries = 5})->Add("k", {"v"}).ok());
  EXPECT_EQ(other.heard(Op::kAdd), 1);
}

TEST(Retry, NothingIsSentMoreOftenThanOptionsSay) {
  Breaking server(100);
  const auto client = server.Connect({.retries = 3});
  const auto got = client->Get("k");
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.status().code(), ErrorCode::kConnection);
  EXPECT_EQ(server.heard(Op::kGet), 4);
  Breaking other(100);
  EXPECT_FALSE(other.Connect({.retries = 0})->Get("k").ok());
  EXPECT_EQ(other.heard(Op::kGet), 1);
}

TEST(Retry, RepetitionsEndAtTheDeadline) {
  FakeServer server([](FakePeer& peer) {
    peer.Next();
    std::this_thread::sleep_for(milliseconds(20));
  });
  const auto client =
      Client::Create({.servers = {server.dsn()}, .timeout = milliseconds(150), .retries = 100});
  const Stopwatch watch;
  EXPECT_FALSE((*client)->Get("k").ok());
  EXPECT_LT(watch.elapsed(), milliseconds(250));
}

TEST(Retry, BatchWithAStepInItIsNotSentAgain) {
  Breaking server(1);
  const auto client = server.Connect();
  Batch reads;
  reads.Get("a");
  reads.Get("b");
  Batch mixed;
  mixed.Get("a");
  mixed.Increment("n");
  EXPECT_TRUE(client->Run(reads).ok());
  Breaking other(1);
  const auto second = other.Connect();
  EXPECT_FALSE(second->Run(mixed).ok());
  EXPECT_EQ(other.heard(Op::kGet), 1);
  EXPECT_EQ(second->pool_stats().retries, 0u);
}

TEST(Retry, StreamIsStartedAgainWhileNothingWasDelivered) {
  Breaking server(1);
  const auto client = server.Connect();
  Stream stream;
  ASSERT_TRUE(client->StartGet(stream, "k").ok());
  StreamItem item;
  const auto more = stream.Next(&item);
  ASSERT_TRUE(more.ok()) << more.status().message();
  EXPECT_EQ(item.value.bytes, "v:k");
  EXPECT_FALSE(*stream.Next(&item));
}

TEST(Retry, StreamThatDeliveredAnItemFailsWithItsConnection) {
  FakeServer server([](FakePeer& peer) {
    const auto heard = peer.Next();
    if (!heard) return;
    const auto frames = testing::ValuesFrames(heard->id, {"first", "second"}, 16);
    peer.Send(frames[0]);
  });
  const auto client = Client::Create({.servers = {server.dsn()}, .retries = 5});
  const std::string_view keys[] = {"a", "b"};
  const auto values = (*client)->MultiGet(keys);
  ASSERT_FALSE(values.ok());
  EXPECT_EQ(values.status().code(), ErrorCode::kConnection);
  EXPECT_EQ(server.accepted(), 1u);
}

TEST(Retry, ErrorNamesOperationKeyAndServer) {
  Breaking server(100);
  const auto client = server.Connect();
  const std::string message =
      client->Get(std::string("a\nb\x01") + std::string(100, 'x')).status().message();
  EXPECT_EQ(message.find("get 'a\\x0ab\\x01xxx"), 0u) << message;
  EXPECT_NE(message.find("xxx...' on tcp://127.0.0.1:"), std::string::npos) << message;
  EXPECT_NE(message.find("the server closed the connection"), std::string::npos) << message;
}

}  // namespace
}  // namespace tagcache
