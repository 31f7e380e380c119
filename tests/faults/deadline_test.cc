// Lessons 12: each call ends at its deadline, whatever the server does. The bounds are generous (a
// shared machine), but far from the seconds that a forgotten time-out costs.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/un.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "tagcache/batch.h"
#include "tagcache/client.h"
#include "tests/client/fake_server.h"
#include "tests/support/stopped_server.h"
#include "tests/support/server_process.h"

namespace tagcache {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::FakePeer;
using testing::FakeServer;
using testing::Stopwatch;

constexpr milliseconds kTimeout{120};
constexpr milliseconds kLatest{220};

std::unique_ptr<Client> Connect(const std::string& dsn, Options options = {}) {
  options.servers = {dsn};
  options.timeout = kTimeout;
  return *Client::Create(options);
}

template <typename F>
void ExpectTimeout(F call) {
  const Stopwatch watch;
  const Status status = call();
  EXPECT_EQ(status.code(), ErrorCode::kTimeout) << status.message();
  EXPECT_GE(watch.elapsed(), kTimeout - milliseconds(1));
  EXPECT_LT(watch.elapsed(), kLatest);
  EXPECT_NE(status.message().find("timed out after 120 ms"), std::string::npos) << status.message();
}

using testing::ServerProcess;

struct Way {
  Protocol protocol;
  std::string (ServerProcess::*dsn)() const;
};

class StoppedServer : public ::testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    // Every call tries to connect: over shared memory that takes an answer of the server.
    client_ = Connect((server_.*GetParam().dsn)(),
                      {.protocol = GetParam().protocol, .backoff = milliseconds(0)});
    ASSERT_TRUE(client_->Put("k", {"v"}).ok());
    Batch batch;
    batch.Get("k");
    ASSERT_TRUE(client_->Wait(*client_->Submit(batch)).ok());
    testing::Stop(server_);
  }
  testing::ServerProcess server_;
  std::unique_ptr<Client> client_;
};
INSTANTIATE_TEST_SUITE_P(Ways, StoppedServer,
                         ::testing::Values(Way{Protocol::kBinary, &ServerProcess::tcp_dsn},
                                           Way{Protocol::kBinary, &ServerProcess::shm_dsn},
                                           Way{Protocol::kText, &ServerProcess::tcp_dsn}));

TEST_P(StoppedServer, EveryKindOfCallEndsAtItsDeadline) {
  const std::string_view keys[] = {"a", "b"};
  ExpectTimeout([&] { return client_->Get("k").status(); });
  ExpectTimeout([&] { return client_->Put("k", {"w"}); });
  ExpectTimeout([&] { return client_->MultiGet(keys).status(); });
  ExpectTimeout([&] { return client_->Increment("n").status(); });
  ExpectTimeout([&] { return client_->Ping().status(); });
  Batch batch;
  batch.Get("k");
  ExpectTimeout([&] { return client_->Run(batch).status(); });
  ExpectTimeout([&] {
    const auto ticket = client_->Submit(batch);
    return ticket.ok() ? client_->Wait(*ticket).status() : ticket.status();
  });
}

TEST_P(StoppedServer, ValueLargerThanTheBuffersEndsAtItsDeadline) {
  const std::string large(16 << 20, 'x');
  ExpectTimeout([&] { return client_->Put("k", {large}); });
}

TEST_P(StoppedServer, GoesOnWhenTheServerDoes) {
  ExpectTimeout([&] { return client_->Get("k").status(); });
  testing::GoOn(server_);
  const auto got = client_->Get("k", {.timeout = seconds(20)});
  ASSERT_TRUE(got.ok()) << got.status().message();
  EXPECT_EQ(got.value()->bytes, "v");
}

TEST_P(StoppedServer, WaitsOfSeveralThreadsEachEndAtTheirOwnDeadline) {
  std::vector<std::thread> threads;
  for (const int ms : {40, 80, 120}) {
    Batch batch;
    batch.Get("k");
    const auto ticket = client_->Submit(batch, {.timeout = milliseconds(ms)});
    ASSERT_TRUE(ticket.ok());
    threads.emplace_back([&, ticket = *ticket, ms] {
      const Stopwatch watch;
      EXPECT_FALSE(client_->Wait(ticket).ok());
      EXPECT_LT(watch.elapsed(), milliseconds(ms + 100));
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST(Trickle, OneByteAtATimeDoesNotKeepACallPastItsDeadline) {
  for (const int pause_us : {0, 1000, 30'000}) {
    FakeServer server([&](FakePeer& peer) {
      const auto heard = peer.Next();
      if (!heard) return;
      const std::string reply =
          testing::ValueReply(heard->id, std::string(10'000'000, 'x'), 200'000);
      for (const char c : reply) {
        if (!peer.Send({&c, 1})) return;
        if (pause_us > 0) std::this_thread::sleep_for(std::chrono::microseconds(pause_us));
      }
    });
    const auto client = Connect(server.dsn());
    ExpectTimeout([&] { return client->Get("k").status(); });
  }
}

TEST(Trickle, ServerThatReadsABitNowAndThenDoesNotKeepAWritePastItsDeadline) {
  std::atomic<bool> stop{false};
  FakeServer server([&](FakePeer& peer) {
    char byte;
    while (!stop && recv(peer.fd(), &byte, 1, 0) == 1) {
      std::this_thread::sleep_for(milliseconds(2));
    }
  });
  const auto client = Connect(server.dsn());
  const std::string large(16 << 20, 'x');
  ExpectTimeout([&] { return client->Put("k", {large}); });
  stop = true;
}

// A listening socket whose queue is full and that nobody accepts from: to a client, a black hole.
class BlackHole {
 public:
  explicit BlackHole(bool unix_socket) {
    listener_ = socket(unix_socket ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_un un{};
    un.sun_family = AF_UNIX;
    path_ = ::testing::TempDir() + "tagcache-hole-" + std::to_string(getpid());
    std::strncpy(un.sun_path, path_.c_str(), sizeof(un.sun_path) - 1);
    unlink(path_.c_str());
    auto* const address =
        unix_socket ? reinterpret_cast<sockaddr*>(&un) : reinterpret_cast<sockaddr*>(&in);
    socklen_t size = unix_socket ? sizeof(un) : sizeof(in);
    if (bind(listener_, address, size) != 0 || listen(listener_, 0) != 0) std::abort();
    if (!unix_socket) getsockname(listener_, address, &size);
    dsn_ =
        unix_socket ? "unix://" + path_ : "tcp://127.0.0.1:" + std::to_string(ntohs(in.sin_port));
    for (int i = 0; i < 8 && !full_; ++i) {
      const int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      fillers_.push_back(fd);
      if (connect(fd, address, size) == 0) continue;
      if (errno == EAGAIN) {
        full_ = true;
        continue;
      }
      pollfd entry = {fd, POLLOUT, 0};
      full_ = poll(&entry, 1, 100) == 0;
    }
  }
  ~BlackHole() {
    for (const int fd : fillers_) close(fd);
    close(listener_);
    unlink(path_.c_str());
  }
  bool full() const { return full_; }
  const std::string& dsn() const { return dsn_; }

 private:
  int listener_;
  std::string path_;
  std::string dsn_;
  bool full_ = false;
  std::vector<int> fillers_;
};

class BlackHoleTest : public ::testing::TestWithParam<bool> {
 protected:
  BlackHole hole_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(TcpAndUnix, BlackHoleTest, ::testing::Bool());

TEST_P(BlackHoleTest, CallEndsAtItsDeadline) {
  ASSERT_TRUE(hole_.full());
  const auto client = Connect(hole_.dsn(), {.connect_timeout = seconds(10)});
  ExpectTimeout([&] { return client->Get("k").status(); });
}

TEST_P(BlackHoleTest, ConnectingEndsAtItsOwnLimitAndOtherCallsFailAtOnce) {
  ASSERT_TRUE(hole_.full());
  const auto client = *Client::Create({.servers = {hole_.dsn()},
                                       .timeout = seconds(20),
                                       .connect_timeout = milliseconds(100),
                                       .backoff = seconds(10),
                                       .backoff_max = seconds(10)});
  const Stopwatch first;
  const Status status = client->Get("k").status();
  EXPECT_EQ(status.code(), ErrorCode::kConnection);
  EXPECT_NE(status.message().find("connect_timeout 100 ms"), std::string::npos) << status.message();
  EXPECT_LT(first.elapsed(), milliseconds(200));
  const Stopwatch rest;
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(client->Get("k").ok());
  EXPECT_LT(rest.elapsed(), milliseconds(100 * 100 / 10)) << "ten times faster than connecting";
  EXPECT_EQ(client->pool_stats().fail_fast, 100u);
}

TEST_P(BlackHoleTest, LeavesTimeForTheNextAddress) {
  ASSERT_TRUE(hole_.full());
  testing::ServerProcess server;
  const auto client = *Client::Create({.servers = {hole_.dsn(), server.tcp_dsn()},
                                       .timeout = seconds(20),
                                       .connect_timeout = milliseconds(200)});
  EXPECT_TRUE(client->Put("k", {"v"}).ok());
}

}  // namespace
}  // namespace tagcache
