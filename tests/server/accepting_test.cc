// Which connections a server accepts, for how long, and which worker serves them; what it does when
// there are too many, or no descriptor is left.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <barrier>
#include <thread>
#include <vector>

#include "tests/server/running_server.h"

namespace tagcache::testing {
namespace {

using server::FitPlaces;
using server::PlaceLimits;
using server::Worker;
using server::WorkerMetrics;

constexpr int kKept = 8;
constexpr int kRejected = 64;

TEST(FitPlaces, WithDescriptorsEnoughMaxConnectionsIsInEffect) {
  const PlaceLimits limits = FitPlaces(1000, server::DescriptorsForPlaces(1000, 4), 4);
  EXPECT_EQ(limits.regular, 1000u);
  EXPECT_EQ(limits.kept, size_t{kKept});
  EXPECT_EQ(limits.rejected, size_t{kRejected});
}

TEST(FitPlaces, TheKindsOfConnectionsShareWhatDescriptorsThereAre) {
  for (const size_t max : {1u, 50u, 10'000u}) {
    for (size_t free = 0; free < 300; ++free) {
      const size_t reserved = server::ReservedDescriptors(4);
      const PlaceLimits limits = FitPlaces(max, free, 4);
      if (free < reserved + 3) {
        EXPECT_EQ(limits.regular, 0u) << free;
        continue;
      }
      EXPECT_GE(limits.regular, 1u) << free;
      EXPECT_GE(limits.kept, 1u) << free;
      EXPECT_GE(limits.rejected, 1u) << free;
      EXPECT_LE(limits.regular, max);
      EXPECT_LE(limits.regular + limits.kept + limits.rejected + reserved, free);
    }
  }
}

// The descriptors of this process that can still be opened, found by opening them.
TEST(FreeDescriptors, AreThoseThatCanBeOpened) {
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit few{300, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &few);
  const size_t free = server::FreeDescriptors(1000);
  EXPECT_EQ(server::FreeDescriptors(5), 5u);
  std::vector<int> opened;
  for (int fd = 0; (fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;) opened.push_back(fd);
  EXPECT_EQ(server::FreeDescriptors(1000), 0u);
  setrlimit(RLIMIT_NOFILE, &before);
  for (const int fd : opened) close(fd);
  EXPECT_EQ(free, opened.size());
}

std::vector<RawClient> Connect(Running& running, int count) {
  std::vector<RawClient> clients;
  for (int i = 0; i < count; ++i) clients.push_back(i % 2 == 0 ? running.Tcp() : running.Unix());
  return clients;
}

// Asks on new connections until one is served.
bool IsServedAgain(Running& running) {
  const TimeMs limit = Worker::Now() + 10'000;
  while (Worker::Now() < limit) {
    if (running.Tcp().Ask("GET\tk\n") == "NF\n") return true;
  }
  return false;
}

TEST(Accepting, ConnectionsOverTheLimitAreRefusedByNameAndPlacesComeBack) {
  ServerOptions options;
  options.worker.max_connections = 2;
  options.worker.short_place = 60'000;
  Running running(options);
  std::vector<RawClient> served = Connect(running, 2 + kKept);
  for (RawClient& client : served) ASSERT_EQ(client.Ask("GET\tk\n"), "NF\n");
  RawClient text = running.Tcp();
  EXPECT_EQ(text.Ask("GET\tk\n"), "ERR too_many_connections\n");
  EXPECT_EQ(text.ReadAll(), "");
  EXPECT_TRUE(text.closed());
  RawClient binary = running.Unix();
  binary.Send(EncodedHello(65'536));
  EXPECT_EQ(Only(binary.ReadAll()).status, StatusCode::kTooManyConnections);
  EXPECT_EQ(running.Count(&WorkerMetrics::connections_rejected), 2u);
  EXPECT_EQ(running.Count(&WorkerMetrics::connections_kept), size_t{kKept});
  served.clear();
  text.Close();
  binary.Close();
  // The server finds the closed sockets in its own time.
  EXPECT_TRUE(IsServedAgain(running));
}

TEST(Accepting, ConnectionsFarOverTheLimitAreClosedAndCounted) {
  ServerOptions options;
  options.worker.max_connections = 1;
  options.worker.short_place = 60'000;
  Running running(options);
  std::vector<RawClient> clients;  // of one listener, which accepts them in this order
  for (int i = 0; i < 1 + kKept + kRejected + 5; ++i) clients.push_back(running.Tcp());
  EXPECT_EQ(clients.back().ReadAll(), "");
  EXPECT_TRUE(clients.back().closed());
  EXPECT_EQ(running.Count(&WorkerMetrics::connections_refused), 5u);
}

// An administrator asks a full server what it does.
TEST(Accepting, AFullServerServesPeersOfThisMachineForAShortTime) {
  ServerOptions options;
  options.worker.max_connections = 4;
  options.worker.short_place = 1500;
  Running running(options);
  std::vector<RawClient> holders = Connect(running, 4);
  for (RawClient& client : holders) ASSERT_EQ(client.Ask("GET\tk\n"), "NF\n");
  RawClient over_tcp = running.Tcp();
  RawClient over_unix = running.Unix();
  EXPECT_EQ(over_tcp.Ask("GET\tk\n"), "NF\n");
  EXPECT_EQ(over_unix.Ask("GET\tk\n"), "NF\n");
  EXPECT_EQ(over_tcp.ReadAll(), "");
  EXPECT_TRUE(over_tcp.closed()) << "its place is for others now";
  EXPECT_EQ(over_unix.ReadAll(), "");
  EXPECT_EQ(running.Count(&WorkerMetrics::connections_closed_short), 2u);
  for (RawClient& client : holders) EXPECT_EQ(client.Ask("GET\tk\n"), "NF\n");
}

TEST(Accepting, AConnectionInAKeptPlaceTakesARegularOneThatBecomesFree) {
  ServerOptions options;
  options.worker.max_connections = 1;
  options.worker.short_place = 2000;
  Running running(options);
  RawClient holder = running.Tcp();
  ASSERT_EQ(holder.Ask("GET\tk\n"), "NF\n");
  RawClient kept = running.Unix();
  ASSERT_EQ(kept.Ask("GET\tk\n"), "NF\n");
  holder.Close();
  std::this_thread::sleep_for(std::chrono::milliseconds(2600));
  EXPECT_EQ(kept.Ask("GET\tk\n"), "NF\n");
}

// A byte now and then keeps no place above the limit.
TEST(Accepting, ASlowPeerOverTheLimitIsClosedAtItsTimeHoweverItSends) {
  ServerOptions options;
  options.worker.max_connections = 1;
  options.worker.short_place = 500;
  Running running(options);
  const RawClient holder = running.Tcp();
  std::vector<RawClient> slow = Connect(running, kKept + kRejected);
  const TimeMs limit = Worker::Now() + 10'000;
  size_t open = slow.size();
  while (open > 0 && Worker::Now() < limit) {
    open = 0;
    for (RawClient& client : slow) {
      if (client.connected() && !client.Send("G")) client.Close();
      open += client.connected() ? 1 : 0;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(open, 0u) << "connections above the limit are still open";
  EXPECT_EQ(running.Count(&WorkerMetrics::connections_closed_short), size_t{kKept + kRejected});
}

TEST(Accepting, APeerThatDoesNotAuthenticateIsClosedAtItsTime) {
  EngineOptions engine = SmallEngine();
  engine.username = "user";
  engine.password = "secret";
  ServerOptions options;
  options.worker.credentials_timeout = 500;
  Running running(options, engine);
  RawClient known = running.Tcp();
  ASSERT_EQ(known.Ask("AUTH\tuser\tsecret\n"), "OK\n");
  RawClient unknown = running.Tcp();
  const TimeMs begin = Worker::Now();
  while (Worker::Now() < begin + 10'000 && unknown.Send("G")) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_FALSE(unknown.Send("G"));
  EXPECT_GE(Worker::Now() - begin, 450u);
  EXPECT_EQ(running.Count(&WorkerMetrics::connections_closed_unauthenticated), 1u);
  EXPECT_EQ(known.Ask("GET\tk\n"), "NF\n");
}

TEST(Accepting, ConnectionsAreSpreadOverTheWorkersEvenly) {
  ServerOptions options;
  options.workers = 4;
  for (const bool over_unix : {true, false}) {
    Running running(options);
    std::vector<RawClient> clients;
    for (int i = 0; i < 200; ++i) clients.push_back(over_unix ? running.Unix() : running.Tcp());
    for (RawClient& client : clients) ASSERT_EQ(client.Ask("GET\tk\n"), "NF\n");
    for (const WorkerMetrics& worker : running.engine.workers()) {
      const uint64_t asked = worker.Of(protocol::CommandOf(protocol::Op::kGet)).calls.value();
      EXPECT_EQ(asked, 50u) << (over_unix ? "unix" : "tcp");
    }
  }
}

// The connection stays in the queue, which must not keep the loop busy, and is served when there is
// a descriptor again.
TEST(Accepting, WithoutADescriptorLeftTheServerPausesAndRecovers) {
  Running running;
  RawClient early = running.Tcp();
  ASSERT_EQ(early.Ask("GET\tk\n"), "NF\n");
  const int late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int late_unix = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const int lowest_free = dup(late);
  close(lowest_free);
  const rlimit none_left{static_cast<rlim_t>(lowest_free), limit.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none_left);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(running.server->port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(connect(late, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  sockaddr_un path{};
  path.sun_family = AF_UNIX;
  std::memcpy(path.sun_path, running.path().c_str(), running.path().size() + 1);
  ASSERT_EQ(connect(late_unix, reinterpret_cast<const sockaddr*>(&path), sizeof path), 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_EQ(early.Ask("GET\tk\n"), "NF\n");
  const uint64_t pauses = running.Count(&WorkerMetrics::accept_pauses);
  EXPECT_GE(pauses, 2u);
  EXPECT_LT(pauses, 20u);
  setrlimit(RLIMIT_NOFILE, &limit);
  const timeval wait{.tv_sec = 10, .tv_usec = 0};
  for (const int fd : {late, late_unix}) {
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    char answer[3] = {};
    EXPECT_EQ(send(fd, "GET\tk\n", 6, 0), 6);
    EXPECT_EQ(recv(fd, answer, sizeof answer, 0), 3);
    close(fd);
  }
}

// Of servers that start at once one gets the address, the others an error.
TEST(Accepting, OfServersThatStartAtOnceOnOneSocketFileOneListens) {
  constexpr int kServers = 4;
  char name[] = "/tmp/tagcached-pair-XXXXXX";
  const std::string directory = mkdtemp(name);
  ServerOptions options;
  options.unix_socket = directory + "/socket";
  options.host = "";
  for (int round = 0; round < 1000; ++round) {
    // A stale file, as a server leaves it that was ended by SIGKILL.
    server::BoundSocket stale(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, options.unix_socket.c_str(), options.unix_socket.size() + 1);
    ASSERT_EQ(bind(stale.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    std::barrier start(kServers);
    std::string errors[kServers];
    server::UnixSocketFile files[kServers];
    std::vector<std::jthread> threads;
    for (int i = 0; i < kServers; ++i) {
      threads.emplace_back([&, i] {
        start.arrive_and_wait();
        errors[i] = files[i].Listen(options.unix_socket, 0600, {});
      });
    }
    threads.clear();
    int listening = 0;
    for (const std::string& error : errors) {
      listening += error.empty() ? 1 : 0;
      EXPECT_TRUE(error.empty() || error.find("another process listens on it") != std::string::npos)
          << error;
    }
    ASSERT_EQ(listening, 1) << "in round " << round;
    ASSERT_TRUE(RawClient::Unix(options.unix_socket).connected());
  }
  std::filesystem::remove_all(directory);
}

TEST(Accepting, OfTwoServersThatStartAtOnceOnOnePortOneIsRefused) {
  for (int round = 0; round < 300; ++round) {
    uint16_t port = 0;
    {
      server::BoundSocket free;
      ASSERT_EQ(server::ListenTcp("127.0.0.1", &port, {}, &free), "");
    }
    std::barrier start(2);
    std::string errors[2];
    server::BoundSocket sockets[2];
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([&, i] {
        uint16_t wanted = port;
        start.arrive_and_wait();
        errors[i] = server::ListenTcp("127.0.0.1", &wanted, {}, &sockets[i]);
      });
    }
    threads.clear();
    ASSERT_NE(errors[0].empty(), errors[1].empty()) << errors[0] << errors[1];
    const std::string& error = errors[0].empty() ? errors[1] : errors[0];
    ASSERT_NE(error.find("Address already in use"), std::string::npos) << error;
  }
}

TEST(Accepting, AnAddressOfIpv6IsTakenWithAndWithoutBrackets) {
  for (const std::string host : {"[::1]", "::1"}) {
    uint16_t port = 0;
    server::BoundSocket listening;
    const std::string error = server::ListenTcp(host, &port, {}, &listening);
    if (error.find("Cannot assign requested address") != std::string::npos ||
        error.find("Address family not supported") != std::string::npos) {
      GTEST_SKIP() << "this machine has no IPv6: " << error;
    }
    EXPECT_EQ(error, "");
    EXPECT_EQ(server::TcpAddress(host, 1984), "[::1]:1984");
    EXPECT_TRUE(server::IsLoopback(host));
  }
}

// Storms of connections leave nothing behind.
TEST(Accepting, ConnectionsThatComeAndGoLeaveNoDescriptorAndNoPlace) {
  ServerOptions options;
  options.workers = 2;
  Running running(options);
  ASSERT_EQ(running.Tcp().Ask("GET\tk\n"), "NF\n");
  constexpr size_t kEnough = 1'000'000;
  const size_t before = server::FreeDescriptors(kEnough);
  for (int i = 0; i < 2000; ++i) {
    RawClient client = i % 2 == 0 ? running.Tcp() : running.Unix();
    if (i % 3 == 0) client.Send("GET\tk\n");
    if (i % 5 == 0) client.Send("half a line");
  }
  const TimeMs limit = Worker::Now() + 10'000;
  while (server::FreeDescriptors(kEnough) < before && Worker::Now() < limit) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_GE(server::FreeDescriptors(kEnough), before);
  EXPECT_EQ(running.Count(&WorkerMetrics::connections_accepted),
            running.Count(&WorkerMetrics::connections_closed));
}

}  // namespace
}  // namespace tagcache::testing
