// Lessons 20: a child process and its parent never share a connection.

#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

#include "tagcache/batch.h"
#include "tagcache/client.h"
#include "tests/support/server_process.h"

namespace tagcache {
namespace {

using std::chrono::seconds;

using testing::ServerProcess;

struct Way {
  Protocol protocol;
  std::string (ServerProcess::*dsn)() const;
};

class ForkTest : public ::testing::TestWithParam<Way> {
 protected:
  void SetUp() override {
    Options options;
    options.servers = {(server_.*GetParam().dsn)()};
    options.protocol = GetParam().protocol;
    options.timeout = seconds(30);
    client_ = *Client::Create(options);
    for (int i = 0; i < 64; ++i) {
      const std::string key = "k" + std::to_string(i);
      ASSERT_TRUE(client_->Put(key, {"v" + key}).ok());
    }
  }

  // How many answers were not those of the request. `seed` makes processes ask in other orders.
  int Hammer(int seed, int calls) {
    int wrong = 0;
    for (int i = 0; i < calls; ++i) {
      const std::string key = "k" + std::to_string((i * 7 + seed * 13) % 64);
      const auto got = client_->Get(key);
      if (!got.ok() || !*got || got.value()->bytes != "v" + key) ++wrong;
      if (i % 50 != 0) continue;
      Batch batch;
      batch.Get(key);
      const auto ticket = client_->Submit(batch);
      const auto results = ticket.ok() ? client_->Wait(*ticket) : ticket.status();
      if (!results.ok() || (*results)[0].value->bytes != "v" + key) ++wrong;
    }
    return wrong;
  }

  static pid_t InChild(const std::function<bool()>& right) {
    const pid_t pid = fork();
    if (pid == 0) _exit(right() ? 0 : 1);
    return pid;
  }
  static bool Succeeded(pid_t pid) {
    int state = 0;
    return waitpid(pid, &state, 0) == pid && WIFEXITED(state) && WEXITSTATUS(state) == 0;
  }

  testing::ServerProcess server_;
  std::unique_ptr<Client> client_;
};
INSTANTIATE_TEST_SUITE_P(Ways, ForkTest,
                         ::testing::Values(Way{Protocol::kBinary, &ServerProcess::unix_dsn},
                                           Way{Protocol::kBinary, &ServerProcess::shm_dsn},
                                           Way{Protocol::kText, &ServerProcess::unix_dsn}));

int OpenSockets() {
  int count = 0;
  DIR* const directory = opendir("/proc/self/fd");
  while (const dirent* const entry = readdir(directory)) {
    struct stat about;
    if (fstat(std::atoi(entry->d_name), &about) == 0 && S_ISSOCK(about.st_mode)) ++count;
  }
  closedir(directory);
  return count;
}

TEST_P(ForkTest, ParentAndChildrenHammerAndNoValueIsMixedUp) {
  EXPECT_EQ(Hammer(0, 200), 0);
  std::vector<pid_t> children;
  for (int c = 1; c <= 4; ++c) {
    children.push_back(InChild([&] { return Hammer(c, 3000) == 0; }));
  }
  EXPECT_EQ(Hammer(0, 3000), 0);
  for (const pid_t child : children) EXPECT_TRUE(Succeeded(child));
  EXPECT_EQ(client_->pool_stats().connections_opened, 2u) << "the parent lost none of its own";
}

TEST_P(ForkTest, ForkWhileOtherThreadsAreInTheMiddleOfCallsDoesNotHangTheChild) {
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      while (!stop) wrong += Hammer(t, 20);
    });
  }
  for (int round = 0; round < 40; ++round) {
    EXPECT_TRUE(Succeeded(InChild([&] {
      alarm(30);  // a child that hangs ends, and fails the test
      return Hammer(round, 30) == 0;
    })));
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_P(ForkTest, ParentsSocketsAreClosedInTheChild) {
  Hammer(0, 100);
  ASSERT_GE(OpenSockets(), 2);
  const int others = OpenSockets() - static_cast<int>(client_->pool_stats().connections_open);
  EXPECT_TRUE(Succeeded(InChild([&] { return OpenSockets() == others; })));
  EXPECT_EQ(Hammer(0, 10), 0);
}

TEST_P(ForkTest, StreamAndTicketOfTheParentFailInTheChildAndWorkInTheParent) {
  Stream stream;
  ASSERT_TRUE(client_->StartGet(stream, "k1").ok());
  Batch batch;
  batch.Get("k2");
  const auto ticket = client_->Submit(batch);
  ASSERT_TRUE(ticket.ok());
  EXPECT_TRUE(Succeeded(InChild([&] {
    StreamItem item;
    const auto more = stream.Next(&item);
    const auto results = client_->Wait(*ticket);
    return !more.ok() && more.status().code() == ErrorCode::kConnection && !results.ok() &&
           results.status().code() == ErrorCode::kConnection && Hammer(1, 50) == 0;
  })));
  StreamItem item;
  ASSERT_TRUE(*stream.Next(&item));
  EXPECT_EQ(item.value.bytes, "vk1");
  EXPECT_EQ((*client_->Wait(*ticket))[0].value->bytes, "vk2");
}

TEST_P(ForkTest, GrandchildrenAndDestroyedClientsAreNoTrouble) {
  EXPECT_TRUE(Succeeded(InChild([&] {
    if (Hammer(1, 20) != 0) return false;
    const bool grandchild = Succeeded(InChild([&] {
      const bool right = Hammer(2, 20) == 0;
      client_.reset();
      return right;
    }));
    return grandchild && Hammer(3, 20) == 0;
  })));
  EXPECT_TRUE(Succeeded(InChild([&] {
    client_.reset();
    return true;
  })));
  EXPECT_EQ(Hammer(0, 20), 0);
}

TEST_P(ForkTest, ManyThreadsOfTheChildStartAfreshTogether) {
  EXPECT_TRUE(Succeeded(InChild([&] {
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) threads.emplace_back([&, t] { wrong += Hammer(t, 50); });
    for (auto& thread : threads) thread.join();
    return wrong == 0;
  })));
}

}  // namespace
}  // namespace tagcache
