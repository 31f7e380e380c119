// Listeners, workers and connections, in this process.

#include "server/net/server.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <fstream>

#include "server/commands/statistics.h"
#include "tests/server/running_server.h"

namespace tagcache::testing {
namespace {

using server::Worker;

// The descriptor in this process that the server accepted for `client`.
int AcceptedFor(const RawClient& client) {
  sockaddr_in wanted{};
  socklen_t size = sizeof wanted;
  getsockname(client.fd(), reinterpret_cast<sockaddr*>(&wanted), &size);
  DIR* folder = opendir("/proc/self/fd");
  int found = -1;
  while (const dirent* entry = readdir(folder)) {
    const int fd = std::atoi(entry->d_name);
    sockaddr_in peer{};
    size = sizeof peer;
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
    if (peer.sin_family == AF_INET && peer.sin_port == wanted.sin_port) found = fd;
  }
  closedir(folder);
  return found;
}

int Option(int fd, int level, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  getsockopt(fd, level, option, &value, &size);
  return value;
}

// lessons 23
TEST(Server, AcceptedSocketsHaveTheConfiguredOptions) {
  ServerOptions options;
  options.worker.sockets = {
      .tcp_nodelay = true, .tcp_keepalive_s = 77, .send_buffer = 40'000, .receive_buffer = 50'000};
  Running running(options);
  ASSERT_EQ(running.error, "");
  RawClient client = running.Tcp();
  ASSERT_EQ(client.Ask("GET\tk\n"), "NF\n");
  const int fd = AcceptedFor(client);
  ASSERT_GE(fd, 0);
  EXPECT_EQ(Option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(Option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(Option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 77);
  EXPECT_EQ(Option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 19);
  EXPECT_EQ(Option(fd, IPPROTO_TCP, TCP_KEEPCNT), 4);
  EXPECT_EQ(Option(fd, SOL_SOCKET, SO_SNDBUF), 80'000);  // Linux doubles what is set
  EXPECT_EQ(Option(fd, SOL_SOCKET, SO_RCVBUF), 100'000);
}

TEST(Server, OptionsThatAreTurnedOffAreOff) {
  ServerOptions options;
  options.worker.sockets = {
      .tcp_nodelay = false, .tcp_keepalive_s = 0, .send_buffer = 0, .receive_buffer = 0};
  Running running(options);
  RawClient client = running.Tcp();
  ASSERT_EQ(client.Ask("GET\tk\n"), "NF\n");
  const int fd = AcceptedFor(client);
  EXPECT_EQ(Option(fd, IPPROTO_TCP, TCP_NODELAY), 0);
  EXPECT_EQ(Option(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
}

TEST(SocketOptions, ABufferThatTheSystemCutsIsNamed) {
  server::BoundSocket socket(::socket(AF_INET, SOCK_STREAM, 0));
  const server::SocketOptions options{
      .tcp_nodelay = true, .tcp_keepalive_s = 0, .send_buffer = 1 << 29, .receive_buffer = 0};
  ASSERT_EQ(ApplySocketOptions(socket.fd(), server::Transport::kTcp, options), "");
  if (Option(socket.fd(), SOL_SOCKET, SO_SNDBUF) / 2 >= 1 << 29) GTEST_SKIP() << "no limit here";
  EXPECT_EQ(FindClampedBuffer(socket.fd(), options).substr(0, 33),
            "send_buffer 536870912 was cut to ");
}

TEST(Server, BothCodecsWorkOnBothTransports) {
  Running running;
  for (const bool tcp : {true, false}) {
    RawClient text = tcp ? running.Tcp() : running.Unix();
    EXPECT_EQ(text.Ask("PUT\tk\t-\t-\tv\n"), "OK\n");
    RawClient binary = tcp ? running.Tcp() : running.Unix();
    binary.Send(EncodedKey(Op::kGet, 4, "k"));
    EXPECT_EQ(Only(binary.Read(16 + 9)).value(), "v");
  }
}

TEST(Server, SeveralWorkersServeOneStore) {
  ServerOptions options;
  options.workers = 4;
  Running running(options);
  std::vector<RawClient> clients;
  for (int i = 0; i < 64; ++i) {
    clients.push_back(i % 2 == 0 ? running.Tcp() : running.Unix());
    const std::string key = "k" + std::to_string(i);
    ASSERT_EQ(clients.back().Ask("PUT\t" + key + "\t-\tt\tv\n"), "OK\n");
  }
  EXPECT_EQ(clients[0].Ask("INV_TAG\tt\n"), "INV_TAG\t64\n");
  for (RawClient& client : clients) EXPECT_EQ(client.Ask("GET\tk7\n"), "NF\n");
  int busy = 0;
  for (const auto& worker : running.engine.workers()) {
    busy += worker.bytes_in.value() > 0 ? 1 : 0;
  }
  EXPECT_EQ(busy, 4);
}

TEST(Server, APipelinedBatchLeavesInOneWrite) {
  Running running;
  RawClient client = running.Tcp();
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += "GET\tk\n";
  client.Send(requests);
  std::string answer(300, '\0');
  // One receive finds all of them: they came in one segment.
  EXPECT_EQ(recv(client.fd(), answer.data(), answer.size(), 0), 300);
}

TEST(Server, APeerThatFinishedSendingStillGetsItsAnswers) {
  Running running;
  running.engine.store().Put(
      {.key = "k", .value = Repeat('x', 4 << 20), .flags = 0, .ttl_ms = std::nullopt, .tags = {}},
      server::WriteMode::kPut, Worker::Now());
  RawClient client = running.Tcp();
  client.Send("GET\tk\nGET\tk\n");
  client.FinishSending();
  EXPECT_EQ(client.ReadAll().size(), 2u * ((4 << 20) + 7));
  EXPECT_TRUE(client.closed());
}

TEST(Server, AnIdleConnectionIsClosedAndABusyOneIsNot) {
  ServerOptions options;
  options.worker.idle_timeout = 1500;  // long beside the busy one's turns, on a busy machine too
  Running running(options);
  RawClient idle = running.Tcp();
  RawClient busy = running.Tcp();
  ASSERT_EQ(idle.Ask("GET\tk\n"), "NF\n");
  const TimeMs begin = Worker::Now();
  std::string answer = "NF\n";
  char byte = 0;
  while (recv(idle.fd(), &byte, 1, MSG_DONTWAIT) < 0 && Worker::Now() < begin + 10'000) {
    answer = busy.Ask("GET\tk\n");
    if (answer != "NF\n") break;
  }
  EXPECT_EQ(recv(idle.fd(), &byte, 1, 0), 0);
  EXPECT_GE(Worker::Now() - begin, 1400u);
  EXPECT_EQ(busy.Ask("GET\tk\n"), "NF\n");
  EXPECT_EQ(running.Count(&server::WorkerMetrics::connections_closed_idle), 1u);
}

// lessons 12, 16: a peer that sends requests and does not read costs its backlog and socket
// buffers, no more, and is closed in the end.
TEST(Server, AStalledReaderIsHeldBackAndThenClosed) {
  ServerOptions options;
  options.worker.idle_timeout = 500;
  options.worker.sockets.send_buffer = 64 * 1024;
  options.worker.sockets.receive_buffer = 64 * 1024;
  Running running(options);
  running.engine.store().Put(
      {.key = "k", .value = Repeat('x', 10'000), .flags = 0, .ttl_ms = std::nullopt, .tags = {}},
      server::WriteMode::kPut, Worker::Now());
  RawClient stalled = RawClient::Tcp(running.server->port(), 64 * 1024);
  std::string requests;
  for (int i = 0; i < 10'000; ++i) requests += "GET\tk\n";
  const TimeMs limit = Worker::Now() + 10'000;
  size_t taken = 0;
  while (running.Count(&server::WorkerMetrics::connections_closed_idle) == 0 &&
         Worker::Now() < limit) {
    taken += stalled.SendWhatFits(std::string_view(requests).substr(taken % requests.size()));
    usleep(1000);
  }
  EXPECT_EQ(running.Count(&server::WorkerMetrics::connections_closed_idle), 1u);
  // A gigabyte was asked for; it was never made.
  EXPECT_LT(running.Count(&server::WorkerMetrics::bytes_out), 4u << 20);
  EXPECT_LT(taken, 4u << 20);
}

// The answers to a peer that sends many requests before it reads leave in three ways: at once, when
// there is room again, and while the next one is made. Their bytes keep their order.
TEST(Server, LongAnswersToAPeerThatReadsLateAreWhole) {
  ServerOptions options;
  options.worker.sockets.send_buffer = 64 * 1024;
  Running running(options);
  std::vector<std::string> keys;
  std::string expected;
  for (int i = 0; i < 600; ++i) {
    keys.push_back(std::to_string(10'000 + i));
    expected += keys.back();
    running.engine.store().Put({.key = keys.back(), .value = keys.back() + Repeat('x', 60)},
                               server::WriteMode::kPut, Worker::Now());
  }
  constexpr uint64_t kRequests = 1500;  // more than wait for their turn at once
  std::string requests;
  for (uint64_t id = 1; id <= kRequests; ++id) {
    requests += EncodedKeys(Op::kMGet, id, {keys.begin(), keys.end()});
  }
  RawClient late = RawClient::Tcp(running.server->port(), 64 * 1024);
  std::thread asking([&] {
    late.Send(requests);
    late.FinishSending();
  });
  std::string bytes;
  for (size_t before = SIZE_MAX; bytes.size() != before;) {
    before = bytes.size();
    bytes += late.Read(40'000);
  }
  asking.join();
  const std::vector<Message> messages = Messages(bytes);
  ASSERT_EQ(messages.size(), kRequests);
  for (const Message& message : messages) {
    std::string got;
    const size_t item = protocol::kMaxValueHead + keys[0].size() + 60;
    for (size_t at = 0; at + item <= message.body.size(); at += item) {
      got += message.body.substr(at + protocol::kMaxValueHead, keys[0].size());
    }
    EXPECT_TRUE(got == expected) << message.id;
  }
}

TEST(Server, StopAnswersWhatWasReadAndCloses) {
  Running running;
  running.engine.store().Put(
      {.key = "k", .value = Repeat('x', 100'000), .flags = 0, .ttl_ms = std::nullopt, .tags = {}},
      server::WriteMode::kPut, Worker::Now());
  RawClient client = running.Tcp();
  std::string requests;
  for (int i = 0; i < 200; ++i) requests += "GET\tk\n";
  client.Send(requests);
  const std::string first = client.Read(100'007);  // the batch was read
  running.server->Stop();
  EXPECT_EQ(first.size() + client.ReadAll().size(), 200 * 100'007u);
  EXPECT_TRUE(client.closed());
  running.server->Join();
}

TEST(Server, StopEndsWithinItsTimeWithAPeerThatDoesNotRead) {
  ServerOptions options;
  options.worker.shutdown_timeout = 300;
  Running running(options);
  running.engine.store().Put(
      {.key = "k", .value = Repeat('x', 8 << 20), .flags = 0, .ttl_ms = std::nullopt, .tags = {}},
      server::WriteMode::kPut, Worker::Now());
  RawClient client = RawClient::Tcp(running.server->port(), 16 * 1024);
  client.Send("GET\tk\nGET\tk\n");
  client.Read(7);
  const TimeMs begin = Worker::Now();
  running.server->Stop();
  running.server->Join();
  EXPECT_LT(Worker::Now() - begin, 5000u);
}

TEST(Server, ARefusalReachesAPeerThatIsStillSending) {
  EngineOptions engine = SmallEngine();
  engine.store.max_value = 1000;
  Running running({}, engine);
  RawClient client = running.Tcp();
  client.Send("PUT\tk\t-\t-\t" + Repeat('x', 3 << 20));
  EXPECT_EQ(client.ReadLine(), "ERR line_too_long\n");
}

TEST(Server, ASecondServerOnThePortIsRefused) {
  Running running;
  ServerOptions options;
  options.port = running.server->port();
  Server second(running.engine, options);
  const std::string address = "127.0.0.1:" + std::to_string(options.port);
  EXPECT_EQ(second.Open(), "bind to " + address + ": Address already in use");
}

TEST(Server, AHostThatDoesNotResolveIsNamed) {
  Engine engine(SmallEngine());
  ServerOptions options;
  options.host = "no.such.host.invalid";
  Server server(engine, options);
  EXPECT_NE(server.Open().find("no.such.host.invalid"), std::string::npos);
}

// As select() does not support them.
// lessons 19
TEST(Server, DescriptorsOver1023Work) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 4096);
  setrlimit(RLIMIT_NOFILE, &limit);
  std::vector<int> placeholders;
  while (placeholders.empty() || placeholders.back() < 1100) {
    placeholders.push_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
    ASSERT_GE(placeholders.back(), 0);
  }
  {
    Running running;
    RawClient client = running.Tcp();
    EXPECT_EQ(client.Ask("PUT\tk\t-\t-\tv\n"), "OK\n");
    EXPECT_EQ(client.Ask("GET\tk\n"), "VALUE\tv\n");
    EXPECT_GT(AcceptedFor(client), 1023);
  }
  for (const int fd : placeholders) close(fd);
}

TEST(UnixSocketFile, HasTheConfiguredModeAndIsRemovedAtTheEnd) {
  std::string path;
  {
    ServerOptions options;
    options.unix_socket_mode = 0600;
    Running running(options);
    path = running.path();
    struct stat found {};
    ASSERT_EQ(stat(path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0600u);
  }
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

class UnixSocketPath : public ::testing::Test {
 protected:
  UnixSocketPath() {
    char name[] = "/tmp/tagcached-unix-XXXXXX";
    directory_ = mkdtemp(name);
    path_ = directory_ + "/socket";
  }
  ~UnixSocketPath() override { std::filesystem::remove_all(directory_); }
  std::string directory_;
  std::string path_;
};

TEST_F(UnixSocketPath, AStaleFileIsReplaced) {
  {
    server::BoundSocket dead(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.c_str(), path_.size() + 1);
    ASSERT_EQ(bind(dead.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ASSERT_EQ(access(path_.c_str(), F_OK), 0);
  server::UnixSocketFile file;
  EXPECT_EQ(file.Listen(path_, 0660, {}), "");
}

TEST_F(UnixSocketPath, AFileOnWhichSomebodyListensIsRefused) {
  server::UnixSocketFile first;
  ASSERT_EQ(first.Listen(path_, 0660, {}), "");
  server::UnixSocketFile second;
  EXPECT_EQ(second.Listen(path_, 0660, {}),
            "unix_socket '" + path_ + "': another process listens on it");
}

TEST_F(UnixSocketPath, AFileOfAnotherKindIsLeftAlone) {
  std::ofstream(path_) << "precious";
  {
    server::UnixSocketFile file;
    EXPECT_NE(file.Listen(path_, 0660, {}).find("not a socket"), std::string::npos);
  }
  EXPECT_EQ(std::filesystem::file_size(path_), 8u);
}

TEST_F(UnixSocketPath, AFileThatSomebodyElsePutThereIsNotRemovedAtTheEnd) {
  {
    server::UnixSocketFile file;
    ASSERT_EQ(file.Listen(path_, 0660, {}), "");
    std::filesystem::remove(path_);
    std::ofstream(path_) << "other";
  }
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(UnixSocketPath, APathThatIsTooLongIsRefusedWithItsLimit) {
  server::UnixSocketFile file;
  EXPECT_NE(file.Listen(directory_ + "/" + Repeat('x', 200), 0660, {}).find("at most 107"),
            std::string::npos);
}

}  // namespace
}  // namespace tagcache::testing
