// Lessons 12: after a restart of the server no idempotent call fails.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <thread>

#include "tagcache/batch.h"
#include "tagcache/client.h"
#include "tests/support/server_process.h"

namespace tagcache {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ServerProcess;

struct Way {
  bool look;  // at an idle connection, which notices most closed ones
  bool shm;
};

class Restart : public ::testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    ASSERT_NE(mkdtemp(directory_), nullptr);
    flags_ = {"--unix-socket=" + std::string(directory_) + "/s"};
    server_ = std::make_unique<ServerProcess>(flags_);
    port_ = server_->port();
    Options options;
    options.servers = {GetParam().shm ? "shm://" + std::string(directory_) + "/s"
                                      : server_->tcp_dsn()};
    options.timeout = seconds(20);
    options.pool_max = 8;
    options.retries = 1;
    if (!GetParam().look) options.idle_check = hours(1);
    client_ = *Client::Create(options);
  }
  // Leaves eight idle connections, all of the server that is about to die.
  void FillPool() {
    std::array<Stream, 8> streams;
    for (Stream& stream : streams) ASSERT_TRUE(client_->StartGet(stream, "k").ok());
    StreamItem item;
    for (Stream& stream : streams) {
      ASSERT_TRUE(stream.Next(&item).ok());
      ASSERT_FALSE(*stream.Next(&item));
    }
  }
  void RestartServer() {
    server_.reset();
    server_ = std::make_unique<ServerProcess>(flags_, port_);
  }

  void TearDown() override {
    server_.reset();
    std::filesystem::remove_all(directory_);
  }

  char directory_[32] = "/tmp/tagcache-restart-XXXXXX";
  std::vector<std::string> flags_;
  int port_ = 0;
  std::unique_ptr<ServerProcess> server_;
  std::unique_ptr<Client> client_;
};
INSTANTIATE_TEST_SUITE_P(Ways, Restart,
                         ::testing::Values(Way{false, false}, Way{true, false}, Way{false, true},
                                           Way{true, true}));

TEST_P(Restart, NoIdempotentCallFails) {
  for (int round = 0; round < 3; ++round) {
    FillPool();
    RestartServer();
    const std::string_view keys[] = {"a", "b"};
    const PutItem items[] = {{"a", {"1"}}, {"b", {"2"}}};
    for (int i = 0; i < 12; ++i) EXPECT_TRUE(client_->Get("k").ok());
    FillPool();
    RestartServer();
    EXPECT_TRUE(client_->MultiPut(items).ok());
    RestartServer();
    EXPECT_TRUE(client_->MultiGet(keys).ok());
    RestartServer();
    EXPECT_TRUE(client_->Put("k", {"v"}).ok());
    RestartServer();
    EXPECT_TRUE(client_->InvalidateTag("t").ok());
    RestartServer();
    Batch batch;
    batch.Put("x", {"1"});
    batch.Get("x");
    EXPECT_TRUE(client_->Run(batch).ok());
  }
}

TEST_P(Restart, NoIdempotentCallOfManyThreadsFails) {
  for (int round = 0; round < 5; ++round) {
    FillPool();
    RestartServer();
    std::atomic<int> failed{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 20; ++i) failed += !client_->Get("k").ok();
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(failed, 0);
  }
}

TEST_P(Restart, StepIsLookedAtBeforeItIsSentSoItDoesNotFailEither) {
  FillPool();
  RestartServer();
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(client_->Increment("n").ok());
}

TEST_P(Restart, CallsFailWhileTheServerIsGoneAndWorkWhenItIsBack) {
  FillPool();
  server_.reset();
  EXPECT_EQ(client_->Get("k").status().code(), ErrorCode::kConnection);
  server_ = std::make_unique<ServerProcess>(flags_, port_);
  const auto end = std::chrono::steady_clock::now() + seconds(20);
  bool back = false;
  while (!back && std::chrono::steady_clock::now() < end) back = client_->Get("k").ok();
  EXPECT_TRUE(back);
}

}  // namespace
}  // namespace tagcache
