// What a call costs: system calls and allocations, counted.

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <tuple>

#include "tagcache/client.h"
#include "tests/client/fake_server.h"
#include "tests/support/server_process.h"

#if defined(TAGCACHE_SANITIZED)
#define TAGCACHE_OWN_MALLOC 0  // the sanitizer brings its own
#else
#define TAGCACHE_OWN_MALLOC 1
#endif

#if TAGCACHE_OWN_MALLOC
namespace {
thread_local uint64_t allocations = 0;
thread_local uint64_t socket_calls = 0;
}  // namespace

// Every allocation of this program passes here; operator new calls malloc too.
extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void* calloc(size_t count, size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void* realloc(void* old, size_t size) {
  ++allocations;
  return __libc_realloc(old, size);
}
// And every system call that a connection makes after it is open.
ssize_t send(int fd, const void* bytes, size_t size, int flags) {
  ++socket_calls;
  return sendto(fd, bytes, size, flags, nullptr, 0);
}
ssize_t recv(int fd, void* space, size_t size, int flags) {
  ++socket_calls;
  return recvfrom(fd, space, size, flags, nullptr, nullptr);
}
int ppoll(pollfd* entries, nfds_t count, const timespec* limit, const sigset_t* mask) {
  ++socket_calls;
  timespec left = limit != nullptr ? *limit : timespec{};
  return static_cast<int>(syscall(SYS_ppoll, entries, count, limit != nullptr ? &left : nullptr,
                                  mask, size_t{_NSIG / 8}));
}
}
#endif

namespace tagcache {
namespace {

#if TAGCACHE_OWN_MALLOC
// A prefix of keys, and whether requests travel in shared memory.
class Allocations : public ::testing::TestWithParam<std::tuple<const char*, bool>> {
 protected:
  void SetUp() override {
    Options options;
    options.servers = {std::get<1>(GetParam()) ? server_.shm_dsn() : server_.tcp_dsn()};
    options.prefix = std::get<0>(GetParam());
    client_ = *Client::Create(options);
    ASSERT_TRUE(client_->Put("key", {"value"}).ok());
  }
  template <typename F>
  uint64_t Count(F call) {
    for (int i = 0; i < 100; ++i) call();  // warm-up
    const uint64_t before = allocations;
    for (int i = 0; i < 1000; ++i) call();
    return allocations - before;
  }
  testing::ServerProcess server_;
  std::unique_ptr<Client> client_;
};
INSTANTIATE_TEST_SUITE_P(PrefixAndSharedMemory, Allocations,
                         ::testing::Combine(::testing::Values("", "prefix:"), ::testing::Bool()));

TEST_P(Allocations, StreamedGetTakesNone) {
  Stream stream;
  bool right = true;
  EXPECT_EQ(Count([&] {
              StreamItem item;
              right = right && client_->StartGet(stream, "key").ok() && *stream.Next(&item) &&
                      item.value.bytes == "value";
              stream.Close();
            }),
            0u);
  EXPECT_TRUE(right);
}

TEST_P(Allocations, PutAndGetOfAShortValueTakeNone) {
  bool right = true;
  EXPECT_EQ(Count([&] {
              right = right && client_->Put("key", {"value"}).ok();
              const auto got = client_->Get("key");  // the value fits into its std::string
              right = right && got.ok() && got.value()->bytes == "value";
            }),
            0u);
  EXPECT_TRUE(right);
}

TEST_P(Allocations, BulkGetOfAThousandKeysTakesNone) {
  class Keys final : public KeySource {
   public:
    size_t size() const override { return 1000; }
    size_t Next(std::span<std::string_view> keys) override {
      const size_t count = std::min(keys.size(), left_);
      std::fill_n(keys.begin(), count, "key");
      left_ -= count;
      return count;
    }

   private:
    size_t left_ = 1000;
  };
  Stream stream;
  size_t found = 0;
  EXPECT_EQ(Count([&] {
              Keys keys;
              StreamItem item;
              if (!client_->StartMultiGet(stream, keys).ok()) return;
              for (auto more = stream.Next(&item); more.ok() && *more; more = stream.Next(&item)) {
                found += item.found;
              }
            }),
            0u);
  EXPECT_EQ(found, 1'100'000u);
}

// The fewest that one of many Gets took: a busy machine may put either end to sleep.
uint64_t FewestCalls(Client& client) {
  uint64_t fewest = UINT64_MAX;
  for (int i = 0; i < 1000; ++i) {
    const uint64_t before = socket_calls;
    if (!client.Get("key").ok()) return UINT64_MAX;
    fewest = std::min(fewest, socket_calls - before);
  }
  return fewest;
}

TEST(SystemCalls, OverSharedMemoryThereAreNoneWhileBothEndsAreAwake) {
  // Awake for so long that a busy machine gives each end its turn meanwhile.
  testing::ServerProcess server({"--busy-poll-us=100000"});
  const auto socket = *Client::Create({.servers = {server.unix_dsn()}});
  EXPECT_EQ(FewestCalls(*socket), 2u) << "a send and a receive";
  Options options;
  options.servers = {server.shm_dsn()};
  options.busy_poll = std::chrono::milliseconds(100);
  const auto memory = *Client::Create(options);
  EXPECT_EQ(FewestCalls(*memory), 0u);
}
#endif

constexpr char kServerVariable[] = "TAGCACHE_COST_TEST_SERVER";

// Not a test: what SystemCalls runs under strace.
TEST(DISABLED_CostProbe, Gets) {
  const auto client = *Client::Create({.servers = {std::getenv(kServerVariable)}});
  if (!client->Put("key", {"value"}).ok()) std::abort();
  for (int i = 0; i < 1000; ++i) {
    if (!client->Get("key").ok()) std::abort();
  }
}

// Calls of one kind in what `strace -c` wrote.
int CallsIn(const std::string& path, const std::string& name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.size() < name.size() + 1 ||
        line.compare(line.size() - name.size() - 1, std::string::npos, " " + name) != 0) {
      continue;
    }
    double percent = 0;
    double seconds = 0;
    int micros = 0;
    int calls = 0;
    std::sscanf(line.c_str(), "%lf %lf %d %d", &percent, &seconds, &micros, &calls);
    return calls;
  }
  return 0;
}

TEST(SystemCalls, GetIsOneSendAndOneReceive) {
#if !TAGCACHE_OWN_MALLOC
  GTEST_SKIP()
      << "a sanitizer makes calls of its own, and looks for leaks by ptrace as strace does";
#endif
  if (std::system("strace -c -o /dev/null true 2>/dev/null") != 0) {
    GTEST_SKIP() << "strace can not run here";
  }
  testing::ServerProcess server;
  setenv(kServerVariable, server.tcp_dsn().c_str(), 1);
  const std::string path = ::testing::TempDir() + "tagcache-strace-" + std::to_string(getpid());
  const std::string self = std::filesystem::read_symlink("/proc/self/exe");
  const std::string command = "GTEST_TOTAL_SHARDS=1 GTEST_SHARD_INDEX=0 strace -c -f -o " + path +
                              " " + self +
                              " --gtest_also_run_disabled_tests"
                              " --gtest_filter=DISABLED_CostProbe.Gets >/dev/null 2>&1";
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(CallsIn(path, "sendto"), 1001);
  // A send that was descheduled for milliseconds may have the next connection check add a look.
  EXPECT_GE(CallsIn(path, "recvfrom"), 1001);
  EXPECT_LE(CallsIn(path, "recvfrom"), 1101);
  EXPECT_LE(CallsIn(path, "ppoll") + CallsIn(path, "poll"), 2) << "connecting may wait";
  EXPECT_LE(CallsIn(path, "setsockopt"), 40) << "limits are set when they change";
  unlink(path.c_str());
}

}  // namespace
}  // namespace tagcache
