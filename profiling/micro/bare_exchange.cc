// The time that the system takes for a request and its answer if nobody reads them: a send and a
// receive on each side, and the server's wait for the request. Usage:
//
//   profiling_bare_exchange server PATH
//     Listens on a free TCP port of loopback, prints it, and listens on a Unix socket at PATH, in
//     this order, so the port has been printed when PATH accepts. Has one thread. A signal ends it.
//   profiling_bare_exchange client PORT|PATH REQUEST_BYTES ANSWER_BYTES SECONDS
//     Exchanges for about that time and prints the microseconds that one exchange took.
//
// A connection begins with a Sizes. Then the client sends requests of that many bytes, one at a
// time, and the server answers each whole request with that many bytes.

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "profiling/peers/address.h"
#include "profiling/peers/server_process.h"

namespace tagcache::profiling {
namespace {

constexpr uint32_t kMaxBytes = 1 << 20;

struct Sizes {
  uint32_t request, answer;
  bool Allowed() const {
    return request > 0 && request <= kMaxBytes && answer > 0 && answer <= kMaxBytes;
  }
};

struct Connection {
  Sizes sizes{};        // a request of 0 bytes: not received yet
  size_t received = 0;  // of the request that is coming in
};

// A Unix socket refuses this option; it delays nothing.
void SendAtOnce(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

bool Send(int fd, const void* bytes, size_t count) {
  return send(fd, bytes, count, MSG_NOSIGNAL) == static_cast<ssize_t>(count);
}

template <typename Address>
int Listen(const Address& address, int family, int epoll) {
  const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  epoll_event event{EPOLLIN, {.fd = fd}};
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(fd, SOMAXCONN) != 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
    Fail("cannot listen: " + std::string(std::strerror(errno)));
  }
  return fd;
}

// Reads what has arrived. false: the connection has ended.
bool Serve(int fd, Connection* connection, std::vector<char>* buffer) {
  Sizes& sizes = connection->sizes;
  if (sizes.request == 0) {
    return recv(fd, &sizes, sizeof sizes, 0) == sizeof sizes && sizes.Allowed();
  }
  const ssize_t got = recv(fd, buffer->data(), sizes.request - connection->received, 0);
  if (got <= 0) return false;
  connection->received += static_cast<size_t>(got);
  if (connection->received < sizes.request) return true;
  connection->received = 0;
  return Send(fd, buffer->data(), sizes.answer);
}

[[noreturn]] void RunServer(const std::string& path) {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  const int tcp = Listen(Loopback(0), AF_INET, epoll);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(tcp, reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  const int local = Listen(AtPath(path), AF_UNIX, epoll);

  std::map<int, Connection> connections;  // by descriptor
  std::vector<char> buffer(kMaxBytes);
  epoll_event events[16];
  for (;;) {
    const int ready = epoll_wait(epoll, events, 16, -1);
    for (int i = 0; i < ready; ++i) {
      const int fd = events[i].data.fd;
      if (fd == tcp || fd == local) {
        const int accepted = accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
        epoll_event event{EPOLLIN, {.fd = accepted}};
        if (accepted < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, accepted, &event) != 0) continue;
        SendAtOnce(accepted);
      } else if (!Serve(fd, &connections[fd], &buffer)) {
        connections.erase(fd);
        close(fd);
      }
    }
  }
}

double Microseconds(int fd, const Sizes& sizes, std::chrono::duration<double> at_least) {
  std::vector<char> buffer(kMaxBytes);
  const auto exchange = [&] {
    if (!Send(fd, buffer.data(), sizes.request)) Fail("the connection ended");
    for (size_t received = 0; received < sizes.answer;) {
      const ssize_t got = recv(fd, buffer.data(), sizes.answer - received, 0);
      if (got <= 0) Fail("the connection ended");
      received += static_cast<size_t>(got);
    }
  };
  if (!Send(fd, &sizes, sizeof sizes)) Fail("the connection ended");
  for (int i = 0; i < 50; ++i) exchange();
  const auto start = std::chrono::steady_clock::now();
  std::chrono::duration<double> took{};
  int done = 0;
  do {
    for (int i = 0; i < 10; ++i) exchange();
    done += 10;
    took = std::chrono::steady_clock::now() - start;
  } while (took < at_least);
  return took.count() * 1e6 / done;
}

void RunClient(const std::string& where, const Sizes& sizes, double seconds) {
  if (!sizes.Allowed()) Fail("a size is not from 1 to " + std::to_string(kMaxBytes));
  const int fd = where.starts_with('/') ? TryConnect(where) : TryConnect(std::atoi(where.c_str()));
  if (fd < 0) Fail("no server at " + where + ": " + std::strerror(errno));
  SendAtOnce(fd);
  std::printf("%.3f\n", Microseconds(fd, sizes, std::chrono::duration<double>(seconds)));
}

}  // namespace
}  // namespace tagcache::profiling

int main(int argc, char** argv) {
  using namespace tagcache::profiling;
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "server" && argc == 3) RunServer(argv[2]);
  if (mode != "client" || argc != 6) {
    Fail("usage: profiling_bare_exchange server PATH | client PORT|PATH REQUEST ANSWER SECONDS");
  }
  const auto bytes = [](const char* word) { return static_cast<uint32_t>(std::atoi(word)); };
  RunClient(argv[2], {bytes(argv[3]), bytes(argv[4])}, std::atof(argv[5]));
  return 0;
}
