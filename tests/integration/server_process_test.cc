// tagcached as a process: signals, exit status, log, limits, restarts.

#include "tests/support/server_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/server/raw_client.h"

namespace tagcache::testing {
namespace {

using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

struct Ended {
  int status = -1;
  std::string output;  // both streams
};

// Runs tagcached to its end. `prefix` is a command that runs it.
Ended RunServer(const std::string& arguments, const std::string& prefix = "") {
  const std::string command = prefix + " " TAGCACHED_PATH " " + arguments + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  Ended ended;
  char chunk[4096];
  for (size_t n; (n = fread(chunk, 1, sizeof chunk, pipe)) > 0;) ended.output.append(chunk, n);
  const int state = pclose(pipe);
  ended.status = WIFEXITED(state) ? WEXITSTATUS(state) : -WTERMSIG(state);
  return ended;
}

// A prefix: SIGTERM comes after a second, and SIGKILL if the server is still there later.
constexpr char kForASecond[] = "timeout --preserve-status --kill-after=6 1";

// Waits until `holds`, at most ten seconds.
template <typename Condition>
bool Eventually(Condition holds) {
  const auto end = Clock::now() + seconds(10);
  while (!holds()) {
    if (Clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

std::string FileText(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class Directory {
 public:
  Directory() {
    char name[] = "/tmp/tagcached-integration-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

TEST(ServerProcess, SigtermExitsZeroWithIdleConnectionsOpen) {
  ServerProcess server;
  RawClient tcp = RawClient::Tcp(server.port());
  RawClient unix = RawClient::Unix(server.socket_path());
  ASSERT_EQ(tcp.Ask("GET\tk\n"), "NF\n");
  ASSERT_EQ(unix.Ask("GET\tk\n"), "NF\n");
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(seconds(8)), 0);
  EXPECT_EQ(tcp.ReadAll(), "");
  EXPECT_TRUE(tcp.closed());
}

TEST(ServerProcess, SigtermAnswersWhatWasRead) {
  ServerProcess server;
  RawClient client = RawClient::Tcp(server.port());
  ASSERT_EQ(client.Ask("PUT\tk\t-\t-\t" + std::string(100'000, 'x') + "\n"), "OK\n");
  std::string requests;
  for (int i = 0; i < 300; ++i) requests += "GET\tk\n";
  client.Send(requests);
  size_t received = client.Read(1).size();  // the batch was read
  server.Signal(SIGTERM);
  received += client.ReadAll().size();
  EXPECT_EQ(received, 300 * 100'007u);
  client.Close();
  EXPECT_EQ(server.Wait(seconds(8)), 0);
}

TEST(ServerProcess, SigtermExitsInItsTimeWithAPeerThatDoesNotRead) {
  ServerProcess server({"--shutdown-timeout-ms=300"});
  RawClient client = RawClient::Tcp(server.port(), 16 * 1024);
  ASSERT_EQ(client.Ask("PUT\tk\t-\t-\t" + std::string(8 << 20, 'x') + "\n"), "OK\n");
  client.Send("GET\tk\nGET\tk\n");
  client.Read(7);
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(seconds(8)), 0);
}

TEST(ServerProcess, SigintStopsToo) {
  ServerProcess server;
  server.Signal(SIGINT);
  EXPECT_EQ(server.Wait(seconds(8)), 0);
}

TEST(ServerProcess, TheSocketFileGoesWithTheServer) {
  ServerProcess server;
  ASSERT_EQ(access(server.socket_path().c_str(), F_OK), 0);
  server.Signal(SIGTERM);
  ASSERT_EQ(server.Wait(seconds(8)), 0);
  EXPECT_NE(access(server.socket_path().c_str(), F_OK), 0);
}

TEST(ServerProcess, SighupOpensTheLogAgainAndTheServerGoesOn) {
  const Directory directory;
  const std::string log = directory / "log";
  ServerProcess server({"--log-file=" + log});
  ASSERT_TRUE(
      Eventually([&] { return FileText(log).find(" info started ") != std::string::npos; }));
  std::filesystem::rename(log, log + ".1");
  server.Signal(SIGHUP);
  EXPECT_TRUE(Eventually([&] { return FileText(log).find(" log_opened ") != std::string::npos; }));
  EXPECT_EQ(RawClient::Tcp(server.port()).Ask("GET\tk\n"), "NF\n");
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(seconds(8)), 0);
  EXPECT_NE(FileText(log).find(" stopped"), std::string::npos);
}

TEST(ServerProcess, ASocketFileLeftByAKilledServerIsReplaced) {
  const Directory directory;
  const std::string flag = "--unix-socket=" + (directory / "socket");
  {
    ServerProcess killed({flag});
    killed.Kill();
  }
  ASSERT_EQ(access((directory / "socket").c_str(), F_OK), 0);
  ServerProcess server({flag});
  EXPECT_EQ(RawClient::Unix(directory / "socket").Ask("GET\tk\n"), "NF\n");
}

TEST(ServerProcess, ASecondServerOnTheSamePlaceDoesNotStart) {
  ServerProcess server;
  const Ended port = RunServer("--port=" + std::to_string(server.port()));
  EXPECT_EQ(port.status, 1);
  EXPECT_NE(port.output.find("Address already in use"), std::string::npos) << port.output;
  const Ended socket = RunServer("--port=0 --unix-socket=" + server.socket_path());
  EXPECT_EQ(socket.status, 1);
  EXPECT_NE(socket.output.find("another process listens on it"), std::string::npos);
  EXPECT_EQ(RawClient::Unix(server.socket_path()).Ask("GET\tk\n"), "NF\n");
}

TEST(ServerProcess, AServerRestartsOnItsPortAtOnce) {
  ServerProcess first;
  const int port = first.port();
  RawClient client = RawClient::Tcp(port);
  ASSERT_EQ(client.Ask("GET\tk\n"), "NF\n");
  first.Signal(SIGTERM);
  ASSERT_EQ(first.Wait(seconds(8)), 0);
  ServerProcess second({}, port);
  EXPECT_EQ(RawClient::Tcp(port).Ask("GET\tk\n"), "NF\n");
}

// lessons 23
TEST(ServerProcess, RefusedSettingsExitWithTwoAndNameTheLine) {
  const Directory directory;
  std::ofstream(directory / "tagcache.conf") << "port = 0\nmax_connections = 0\n";
  const Ended ended = RunServer("--config " + (directory / "tagcache.conf"));
  EXPECT_EQ(ended.status, 2);
  EXPECT_EQ(ended.output, "tagcached: " + (directory / "tagcache.conf") +
                              ":2: max_connections: '0' was given; allowed: an integer from 1 to "
                              "1000000\n");
}

TEST(ServerProcess, PrintConfigShowsWhatIsInForceAndExitsWithZero) {
  const Ended ended = RunServer("--print-config --max-value=5MiB");
  EXPECT_EQ(ended.status, 0);
  EXPECT_NE(ended.output.find("\nmax_value = 5242880\n"), std::string::npos);
}

TEST(ServerProcess, ALogFileThatCanNotBeOpenedIsNamed) {
  const Ended ended = RunServer("--port=0 --log-file=/nonexistent/log");
  EXPECT_EQ(ended.status, 1);
  EXPECT_EQ(ended.output, "tagcached: log_file '/nonexistent/log': No such file or directory\n");
}

// lessons 24
TEST(ServerProcess, BindsLoopbackByDefaultAndWarnsWithoutCredentials) {
  ServerProcess plain;
  EXPECT_NE(plain.Log().find("address=127.0.0.1:"), std::string::npos);
  EXPECT_EQ(plain.Log().find("no_credentials"), std::string::npos);
  ServerProcess open({"--host=0.0.0.0"});
  EXPECT_TRUE(
      Eventually([&] { return open.Log().find(" warning no_credentials ") != std::string::npos; }));
}

// lessons 24
TEST(ServerProcess, CredentialsAreAskedForAndThePasswordIsNotLogged) {
  ServerProcess server(
      {"--username=app", "--password=hunter2hunter2", "--log-level=debug", "--host=0.0.0.0"});
  for (const bool tcp : {true, false}) {
    RawClient client = tcp ? RawClient::Tcp(server.port()) : RawClient::Unix(server.socket_path());
    EXPECT_EQ(client.Ask("GET\tk\n"), "ERR auth_required\n");
    EXPECT_EQ(client.Ask("AUTH\tapp\twrong-guess\n"), "ERR auth_failed\n");
    EXPECT_EQ(client.Ask("AUTH\tapp\thunter2hunter2\n"), "OK\n");
    EXPECT_EQ(client.Ask("GET\tk\n"), "NF\n");
  }
  server.Signal(SIGTERM);
  server.Wait(seconds(8));
  const std::string log = server.Log();
  EXPECT_NE(log.find(" warning auth_failed "), std::string::npos);
  EXPECT_EQ(log.find("hunter2"), std::string::npos);
  EXPECT_EQ(log.find("wrong-guess"), std::string::npos);
  EXPECT_EQ(log.find("no_credentials"), std::string::npos);
}

TEST(ServerProcess, NoValueIsLogged) {
  ServerProcess server({"--log-level=debug", "--max-value=100"});
  RawClient client = RawClient::Tcp(server.port());
  client.Ask("PUT\tk\t-\t-\tprecious-value\n");
  client.Ask("PUT\tk\t-\t-\t" + std::string(101, 'x') + "precious-value\n");
  client.Send("\xC7precious-value");
  client.Close();
  RawClient binary = RawClient::Tcp(server.port());
  binary.Send("\xC7precious-value----------------");
  binary.ReadAll();
  server.Signal(SIGTERM);
  server.Wait(seconds(8));
  EXPECT_NE(server.Log().find("protocol_error"), std::string::npos);
  EXPECT_EQ(server.Log().find("precious"), std::string::npos);
}

TEST(ServerProcess, TheDescriptorLimitIsRaisedForMaxConnections) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  if (before.rlim_max < 3000) GTEST_SKIP() << "the hard limit is " << before.rlim_max;
  rlimit low = before;
  low.rlim_cur = 256;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  ServerProcess server({"--max-connections=2000"});
  setrlimit(RLIMIT_NOFILE, &before);
  const std::string limits = FileText("/proc/" + std::to_string(server.pid()) + "/limits");
  const size_t row = limits.find("Max open files");
  ASSERT_NE(row, std::string::npos);
  EXPECT_GE(std::stoul(limits.substr(row + 14)), 2000u);
}

TEST(ServerProcess, AnInvalidationIsSeenByEveryWorkerAtOnce) {
  ServerProcess server({"--workers=4"});
  std::vector<RawClient> clients;
  for (int i = 0; i < 24; ++i) {
    clients.push_back(i % 2 == 0 ? RawClient::Tcp(server.port())
                                 : RawClient::Unix(server.socket_path()));
  }
  for (int round = 0; round < 50; ++round) {
    RawClient& writer = clients[static_cast<size_t>(round) % clients.size()];
    ASSERT_EQ(writer.Ask("PUT\tk\t-\tt\tv\n"), "OK\n");
    for (RawClient& reader : clients) ASSERT_EQ(reader.Ask("GET\tk\n"), "VALUE\tv\n");
    RawClient& other = clients[static_cast<size_t>(round + 7) % clients.size()];
    ASSERT_EQ(other.Ask("INV_TAG\tt\n"), "INV_TAG\t1\n");
    for (RawClient& reader : clients) ASSERT_EQ(reader.Ask("GET\tk\n"), "NF\n");
  }
}

// A TTL of 0 has expired at once on every worker, whatever its loop was doing.
TEST(ServerProcess, AnEntryThatExpiresAtOnceIsSeenByNobody) {
  ServerProcess server({"--workers=2"});
  std::vector<RawClient> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(RawClient::Tcp(server.port()));
  for (int round = 0; round < 50; ++round) {
    ASSERT_EQ(clients[0].Ask("PUT\tk\t0\t-\tv\n"), "OK\n");
    for (RawClient& reader : clients) ASSERT_EQ(reader.Ask("GET\tk\n"), "NF\n");
  }
}

// The value of `name` in the STATS of the binary protocol.
uint64_t Stat(const ServerProcess& server, const std::string& name) {
  RawClient client = RawClient::Tcp(server.port());
  client.Send(std::string("\xC7\x40\0\0\0\0\0\0\x01\0\0\0\0\0\0\0", 16));
  client.FinishSending();
  const std::string answer = client.ReadAll();
  // A name and its value are each a length in two bytes and that many bytes.
  const size_t at = answer.find(std::string(1, static_cast<char>(name.size())) + '\0' + name);
  if (at == std::string::npos) return UINT64_MAX;
  return std::stoull(answer.substr(at + 2 + name.size() + 2));
}

// Nobody reads the entries, and no request comes but STATS.
TEST(ServerProcess, TheMemoryOfExpiredEntriesComesBackWithoutTraffic) {
  constexpr int kEntries = 20'000;
  ServerProcess server;
  const uint64_t empty = Stat(server, "memory");
  RawClient client = RawClient::Tcp(server.port());
  std::string puts;
  for (int i = 0; i < kEntries; ++i) {
    puts += "PUT\tk" + std::to_string(i) + "\t1\tt\t" + std::string(100, 'v') + "\n";
  }
  ASSERT_TRUE(client.Send(puts));
  ASSERT_EQ(client.Read(3 * kEntries).size(), 3u * kEntries);
  // FLUSH counts live entries only, so the test checks STATS.
  EXPECT_TRUE(Eventually([&] { return Stat(server, "expired") == kEntries; }));
  EXPECT_EQ(Stat(server, "items"), 0u);
  EXPECT_LT(Stat(server, "memory"), empty + 100'000);
}

// lessons 3
TEST(ServerProcess, ValuesAroundEightKilobytesComeBackOverBothTransports) {
  ServerProcess server;
  for (const bool tcp : {true, false}) {
    RawClient client = tcp ? RawClient::Tcp(server.port()) : RawClient::Unix(server.socket_path());
    for (const size_t size : {8191, 8192, 8193, 65535, 1 << 20}) {
      const std::string value(size, 'v');
      ASSERT_EQ(client.Ask("PUT\tk\t-\t-\t" + value + "\n"), "OK\n");
      ASSERT_EQ(client.Ask("GET\tk\n").size(), size + 7);
      ASSERT_EQ(client.Ask("GET\tnone\n"), "NF\n");
    }
  }
}

// lessons 7
TEST(ServerProcess, AValueOverTheLimitReplacesNothingAndLeavesNothing) {
  ServerProcess server({"--max-value=1000"});
  RawClient client = RawClient::Tcp(server.port());
  ASSERT_EQ(client.Ask("PUT\tk\t-\t-\told\n"), "OK\n");
  EXPECT_EQ(client.Ask("PUT\tk\t-\t-\t" + std::string(1001, 'x') + "\n"), "ERR value_too_large\n");
  EXPECT_EQ(client.Ask("GET\tk\n"), "NF\n");
}

TEST(ServerProcess, A64MiBValueTravelsOnTheTextProtocol) {
  ServerProcess server;
  RawClient client = RawClient::Unix(server.socket_path());
  const std::string value(64 << 20, 'v');
  client.Send("PUT\tk\t-\t-\t");
  client.Send(value);
  ASSERT_EQ(client.Ask("\n"), "OK\n");
  client.Send("GET\tk\n");
  const std::string answer = client.Read(value.size() + 7);
  EXPECT_EQ(answer.size(), value.size() + 7);
  EXPECT_EQ(answer.compare(6, value.size(), value), 0);
}

// What writes a line into the log: a connection that begins with no protocol.
void SendGarbage(const ServerProcess& server) {
  RawClient client = RawClient::Tcp(server.port());
  client.Send("\xC7precious-value----------------");
  client.ReadAll();
}

// lessons 29
TEST(ServerProcess, ALogThatNobodyReadsStopsNeitherRequestsNorSigterm) {
  ServerProcess server({}, 0, {.output = ProcessBounds::Output::kUnreadPipe});
  RawClient client = RawClient::Tcp(server.port());
  // More events than the pipe has room for.
  for (int i = 0; i < 1000; ++i) SendGarbage(server);
  EXPECT_EQ(client.Ask("GET\tk\n"), "NF\n");
  EXPECT_GT(Stat(server, "log_lines_left_out"), 0u);
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(seconds(7)), 0);
}

// lessons 29
TEST(ServerProcess, AFifoThatIsFullDropsLinesAndCountsThem) {
  const Directory directory;
  const std::string log = directory / "log";
  ASSERT_EQ(mkfifo(log.c_str(), 0600), 0);
  const int fd = open(log.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  const std::string filler(4096, 'f');
  while (write(fd, filler.data(), filler.size()) > 0) {
  }
  ServerProcess server({"--log-file=" + log, "--shutdown-timeout-ms=1000"});
  SendGarbage(server);
  EXPECT_EQ(RawClient::Tcp(server.port()).Ask("GET\tk\n"), "NF\n");
  const auto start = Clock::now();
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(seconds(7)), 0);
  EXPECT_LT(Clock::now() - start, seconds(2));
  close(fd);
}

// lessons 29
TEST(ServerProcess, AFifoWithoutAReaderDoesNotHangTheStart) {
  const Directory directory;
  const std::string log = directory / "log";
  ASSERT_EQ(mkfifo(log.c_str(), 0600), 0);
  const Ended ended = RunServer("--port=0 --log-file=" + log, kForASecond);
  EXPECT_EQ(ended.status, 0) << ended.output;
}

// lessons 29
TEST(ServerProcess, AFloodOfEventsIsTenLinesASecondAndACount) {
  ServerProcess server;
  const auto start = Clock::now();
  for (int i = 0; i < 300; ++i) SendGarbage(server);
  server.Signal(SIGTERM);
  ASSERT_EQ(server.Wait(seconds(8)), 0);
  const auto seconds_begun = 1 + (Clock::now() - start) / seconds(1);
  const std::string log = server.Log();
  int lines = 0;
  for (size_t at = 0; (at = log.find(" protocol_error ", at)) != std::string::npos; ++at) ++lines;
  EXPECT_GE(lines, 10);
  EXPECT_LE(lines, 10 * (seconds_begun + 1));
  EXPECT_NE(log.find(" warning log_lines_left_out event=protocol_error count="), std::string::npos);
}

// lessons 35
TEST(ServerProcess, AFileSizeLimitEndsTheLogAndNotTheServer) {
  ServerProcess server({}, 0, {.file_bytes = 8192});
  for (int i = 0; i < 30; ++i) SendGarbage(server);
  EXPECT_TRUE(Eventually([&] { return Stat(server, "log_lines_failed") > 0; }));
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(seconds(8)), 0);
  EXPECT_EQ(server.Log().back(), '\n') << "half a line";
}

// lessons 35
TEST(ServerProcess, ClosedStandardDescriptorsAreNobodyElses) {
  ServerProcess server({}, 0, {.close_standard = true});
  const std::string descriptors = "/proc/" + std::to_string(server.pid()) + "/fd/";
  for (const char* fd : {"0", "1", "2"}) {
    EXPECT_EQ(std::filesystem::read_symlink(descriptors + fd), "/dev/null");
  }
  SendGarbage(server);
  EXPECT_EQ(RawClient::Tcp(server.port()).Ask("GET\tk\n"), "NF\n");
  server.Signal(SIGTERM);
  EXPECT_EQ(server.Wait(seconds(8)), 0);
}

// lessons 36
TEST(ServerProcess, AServiceOfKubernetesNamedTagcacheDoesNotMatter) {
  setenv("TAGCACHE_PORT", "tcp://10.96.12.7:1984", 1);
  {
    ServerProcess server;  // with --port
    EXPECT_EQ(server.Log().find("variable_ignored"), std::string::npos);
  }
  const Directory directory;
  const Ended ended = RunServer("--host= --unix-socket=" + (directory / "s"), kForASecond);
  unsetenv("TAGCACHE_PORT");
  EXPECT_EQ(ended.status, 0) << ended.output;
  EXPECT_NE(ended.output.find(
                " warning variable_ignored variable=TAGCACHE_PORT value=tcp://10.96.12.7:1984 "),
            std::string::npos)
      << ended.output;
}

// lessons 36
TEST(ServerProcess, ThereAreAsManyWorkersAsTheAffinityAllows) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  ServerProcess server;
  sched_setaffinity(0, sizeof before, &before);
  EXPECT_EQ(Stat(server, "workers"), 1u);
}

}  // namespace
}  // namespace tagcache::testing
