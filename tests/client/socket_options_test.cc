// Options of sockets, read back from the sockets of a client.

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>

#include <cstdlib>

#include "tagcache/client.h"
#include "tests/client/fake_server.h"

namespace tagcache {
namespace {

using std::chrono::milliseconds;
using testing::FakePeer;
using testing::FakeServer;
using testing::Stopwatch;

// The one socket of this process whose peer is `port` of this machine.
int SocketTo(int port) {
  int found = -1;
  DIR* const directory = opendir("/proc/self/fd");
  while (const dirent* const entry = readdir(directory)) {
    const int fd = std::atoi(entry->d_name);
    sockaddr_in peer{};
    socklen_t size = sizeof(peer);
    if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0 &&
        peer.sin_family == AF_INET && ntohs(peer.sin_port) == port) {
      found = fd;
    }
  }
  closedir(directory);
  return found;
}

int OptionOf(int fd, int level, int option) {
  int value = -1;
  socklen_t size = sizeof(value);
  getsockopt(fd, level, option, &value, &size);
  return value;
}

TEST(SocketOptionsTest, AreInForceOnTheSocket) {
  FakeServer server([](FakePeer& peer) { peer.AnswerAll(); });
  for (const bool on : {true, false}) {
    const auto client = *Client::Create({.servers = {server.dsn()},
                                         .tcp_nodelay = on,
                                         .tcp_keepalive = on,
                                         .send_buffer = 30'000,
                                         .receive_buffer = 50'000});
    ASSERT_TRUE(client->Get("k").ok());
    const int fd = SocketTo(server.port());
    ASSERT_GE(fd, 0);
    EXPECT_EQ(OptionOf(fd, IPPROTO_TCP, TCP_NODELAY) != 0, on);
    EXPECT_EQ(OptionOf(fd, SOL_SOCKET, SO_KEEPALIVE) != 0, on);
    EXPECT_EQ(OptionOf(fd, SOL_SOCKET, SO_SNDBUF), 60'000) << "the system doubles it";
    EXPECT_EQ(OptionOf(fd, SOL_SOCKET, SO_RCVBUF), 100'000);
    EXPECT_NE(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
  }
}

TEST(SocketOptionsTest, BusyPollingReceivesWithinAndAfterItsTime) {
  FakeServer server([](FakePeer& peer) {
    while (const auto heard = peer.Next()) {
      if (heard->key == "slow") std::this_thread::sleep_for(milliseconds(20));
      if (heard->key == "never") return peer.SwallowAll();
      if (!peer.Answer(*heard)) return;
    }
  });
  const auto client =
      *Client::Create({.servers = {server.dsn()}, .busy_poll = std::chrono::microseconds(2000)});
  EXPECT_EQ(client->Get("quick").value()->bytes, "v:quick");
  EXPECT_EQ(client->Get("slow").value()->bytes, "v:slow");
  const Stopwatch watch;
  EXPECT_EQ(client->Get("never", {.timeout = milliseconds(50)}).status().code(),
            ErrorCode::kTimeout);
  EXPECT_LT(watch.elapsed(), milliseconds(150));
}

}  // namespace
}  // namespace tagcache
