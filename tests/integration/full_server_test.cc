// tagcached with more peers than it has places or descriptors for, and two of them that start at
// once.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "tagcache/client.h"
#include "tests/server/raw_client.h"
#include "tests/support/server_process.h"

namespace tagcache::testing {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// The output of a command of the shell, both streams, and its status in front.
std::string Shell(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  std::string output;
  char chunk[4096];
  for (size_t n; (n = fread(chunk, 1, sizeof chunk, pipe)) > 0;) output.append(chunk, n);
  const int state = pclose(pipe);
  return std::to_string(WIFEXITED(state) ? WEXITSTATUS(state) : -WTERMSIG(state)) + "\n" + output;
}

std::string ToolStats(const std::string& dsn) {
  return Shell(std::string(TAGCACHE_TOOL_PATH) + " --server=" + dsn + " stats");
}

// "name value" of a line of `tagcache stats`.
std::string ValueOf(const std::string& stats, const std::string& name) {
  const size_t at = stats.find("\n" + name);
  if (at == std::string::npos) return "(none)";
  const size_t begin = stats.find_first_of("0123456789", at + 1 + name.size());
  return stats.substr(begin, stats.find('\n', begin) - begin);
}

template <typename Condition>
bool Eventually(Condition holds) {
  const auto end = Clock::now() + std::chrono::seconds(10);
  while (!holds()) {
    if (Clock::now() >= end) return false;
    std::this_thread::sleep_for(milliseconds(20));
  }
  return true;
}

std::vector<RawClient> Hold(const ServerProcess& server, size_t count) {
  std::vector<RawClient> held;
  for (size_t i = 0; i < count; ++i) {
    held.push_back(i % 2 == 0 ? RawClient::Tcp(server.port())
                              : RawClient::Unix(server.socket_path()));
  }
  return held;
}

// In hundredths of a second. The name of the process has no space.
long ProcessorTicks(pid_t pid) {
  std::istringstream fields(Shell("cat /proc/" + std::to_string(pid) + "/stat").substr(2));
  std::string skipped;
  for (int field = 1; field < 14; ++field) fields >> skipped;
  long user = 0;
  long system = 0;
  fields >> user >> system;
  return user + system;
}

TEST(FullServer, TheToolStillReadsItsStatistics) {
  const ServerProcess server({"--max-connections=20"});
  const std::vector<RawClient> held = Hold(server, 200);
  for (const std::string& dsn : {server.tcp_dsn(), server.unix_dsn()}) {
    std::string stats;
    EXPECT_TRUE(Eventually([&] { return (stats = ToolStats(dsn)).starts_with("0\n"); })) << stats;
    EXPECT_EQ(ValueOf(stats, "max_connections "), "20") << stats;
    EXPECT_NE(ValueOf(stats, "connections_kept"), "0");
    EXPECT_NE(ValueOf(stats, "connections_rejected"), "0");
    EXPECT_NE(ValueOf(stats, "connections_refused"), "0");
  }
}

class FewDescriptors : public ::testing::TestWithParam<std::tuple<int, int>> {};

// lessons 30
TEST_P(FewDescriptors, EveryPeerIsServedOrRefusedAndTheServerStaysIdleRecoversAndStops) {
  const auto [descriptors, workers] = GetParam();
  ServerProcess server({"--workers=" + std::to_string(workers)}, 0,
                       {.descriptors = static_cast<uint64_t>(descriptors)});
  const std::string before = ToolStats(server.tcp_dsn());
  ASSERT_TRUE(before.starts_with("0\n")) << before;
  EXPECT_EQ(ValueOf(before, "max_connections "), "10000");
  const size_t effective = std::stoull(ValueOf(before, "max_connections_effective"));
  EXPECT_GE(effective, 1u);
  EXPECT_LT(effective, static_cast<size_t>(descriptors));
  if (descriptors >= 256) {
    EXPECT_GE(effective, static_cast<size_t>(descriptors) / 2);
  }

  std::vector<RawClient> held = Hold(server, static_cast<size_t>(descriptors) + 50);
  // Connections to two listeners are accepted in any order.
  size_t served = 0;
  for (RawClient& client : held) served += client.Ask("GET\tk\n") == "NF\n" ? 1 : 0;
  EXPECT_GE(served, effective);
  std::string stats;
  EXPECT_TRUE(Eventually([&] { return (stats = ToolStats(server.unix_dsn())).starts_with("0\n"); }))
      << stats;
  EXPECT_EQ(ValueOf(stats, "accept_pauses"), "0") << "the places fit the descriptors";

  const long ticks = ProcessorTicks(server.pid());
  std::this_thread::sleep_for(milliseconds(500));
  EXPECT_LE(ProcessorTicks(server.pid()) - ticks, 10)
      << "hundredths of a second, busy with nothing";

  held.clear();
  for (const std::string& dsn : {server.tcp_dsn(), server.unix_dsn()}) {
    EXPECT_TRUE(Eventually([&] { return ToolStats(dsn).starts_with("0\n"); })) << dsn;
  }
  EXPECT_TRUE(Eventually([&] {
    return RawClient::Tcp(server.port()).Ask("GET\tk\n") == "NF\n" &&
           RawClient::Unix(server.socket_path()).Ask("GET\tk\n") == "NF\n";
  }));
  held = Hold(server, static_cast<size_t>(descriptors) + 50);
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(milliseconds(7000)), 0);
}

INSTANTIATE_TEST_SUITE_P(FullServer, FewDescriptors,
                         ::testing::Values(std::tuple(64, 1), std::tuple(64, 4), std::tuple(256, 2),
                                           std::tuple(1024, 4)));

TEST(FullServer, TooFewDescriptorsToStartAreNamed) {
  const std::string ended =
      Shell("ulimit -n 24; exec " + std::string(TAGCACHED_PATH) + " --port=0 --workers=4");
  EXPECT_EQ(ended[0], '1') << ended;
  EXPECT_NE(ended.find("the system allows this process 24 file descriptors (RLIMIT_NOFILE)"),
            std::string::npos)
      << ended;
  EXPECT_NE(ended.find("with 4 workers the server needs at least"), std::string::npos) << ended;
}

// What a refused peer reads, where fewer descriptors than max_connections are the reason.
TEST(FullServer, ARefusalNamesTheLimitAndTheDescriptors) {
  const ServerProcess server({"--workers=1"}, 0, {.descriptors = 64});
  std::vector<RawClient> held = Hold(server, 60);
  Options options;
  options.servers = {server.tcp_dsn()};
  options.retries = 0;
  std::string message;
  EXPECT_TRUE(Eventually([&] {
    held = Hold(server, 40);  // of the kept places, too
    const auto client = Client::Create(options);
    const auto ping = (*client)->Ping();
    message = ping.ok() ? "(served)" : ping.status().message();
    return message.find("file descriptors allow") != std::string::npos;
  })) << message;
  EXPECT_NE(message.find("the limit max_connections is 10000"), std::string::npos) << message;
}

// A server of a pair: whether it listens, and its output where it does not.
struct Started {
  pid_t pid = -1;
  int ready = -1;
};

Started Start(const std::string& port, const std::string& socket_path) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) std::abort();
  const Started started = {.pid = fork(), .ready = ends[0]};
  if (started.pid == 0) {
    const int null = open("/dev/null", O_WRONLY);
    dup2(null, 1);
    dup2(null, 2);
    dup2(fcntl(ends[1], F_DUPFD_CLOEXEC, 10), 3);
    const std::string listen = port.empty() ? "--host=" : "--port=" + port;
    execl(TAGCACHED_PATH, TAGCACHED_PATH, listen.c_str(), "--ready-fd=3", "--workers=2",
          ("--unix-socket=" + socket_path).c_str(), nullptr);
    _exit(127);
  }
  close(ends[1]);
  return started;
}

// Waits until it listens or has ended.
bool Listens(const Started& started) {
  std::string lines;
  char chunk[256];
  for (ssize_t n; (n = read(started.ready, chunk, sizeof chunk)) > 0;) {
    lines.append(chunk, static_cast<size_t>(n));
  }
  close(started.ready);
  return !lines.empty();
}

void ExpectOneOfEachPair(const std::string& port, bool same_path) {
  char name[] = "/tmp/tagcached-pairs-XXXXXX";
  const std::string directory = mkdtemp(name);
  for (int round = 0; round < 40; ++round) {
    const std::string path = directory + "/socket";
    const std::array<Started, 2> pair = {Start(port, path),
                                         Start(port, same_path ? path : path + "2")};
    const int listen = (Listens(pair[0]) ? 1 : 0) + (Listens(pair[1]) ? 1 : 0);
    EXPECT_EQ(listen, 1) << "of two servers, in round " << round;
    // Ended hard, so that the next pair finds a stale file.
    for (const Started& server : pair) kill(server.pid, SIGKILL);
    for (const Started& server : pair) waitpid(server.pid, nullptr, 0);
  }
  std::filesystem::remove_all(directory);
}

TEST(TwoServers, StartedAtOnceDoNotShareAPort) {
  int port = 0;
  {
    const ServerProcess server;
    port = server.port();
  }
  ExpectOneOfEachPair(std::to_string(port), false);
}

TEST(TwoServers, StartedAtOnceDoNotShareASocketFile) { ExpectOneOfEachPair("0", true); }

// Storms of connections leave no descriptor and no memory behind.
TEST(FullServer, ConnectionsThatComeAndGoLeaveNothingBehind) {
  const ServerProcess server({"--workers=2"});
  const auto storm = [&](int rounds) {
    for (int i = 0; i < rounds; ++i) {
      RawClient client =
          i % 2 == 0 ? RawClient::Tcp(server.port()) : RawClient::Unix(server.socket_path());
      if (i % 3 == 0) client.Send("GET\tk\n");
      if (i % 5 == 0) client.Send("half a line");
    }
  };
  const std::string proc = "/proc/" + std::to_string(server.pid());
  const auto descriptors = [&] {
    return std::stoul(Shell("ls " + proc + "/fd | wc -l").substr(2));
  };
  const auto resident = [&] {
    return std::stoul(Shell("awk '/VmRSS/ {print $2}' " + proc + "/status").substr(2));
  };
  const size_t before = descriptors();
  storm(2000);
  const size_t memory = resident();  // in KiB
  storm(10'000);
  EXPECT_TRUE(Eventually([&] { return descriptors() == before; })) << descriptors();
  EXPECT_LE(resident(), memory + 2048);
  EXPECT_TRUE(
      Eventually([&] { return ValueOf(ToolStats(server.tcp_dsn()), "connections ") == "1"; }));
}

}  // namespace
}  // namespace tagcache::testing
