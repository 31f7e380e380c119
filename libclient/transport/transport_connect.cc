// Opening a transport: addresses, socket options, and a connect that ends at its deadline.

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "libclient/transport/name_lookup.h"
#include "libclient/transport/transport.h"

namespace tagcache {

using std::chrono::steady_clock;

namespace {

IoResult Failure(int error) { return {IoStatus::kFailed, 0, error}; }

bool SetBuffer(int fd, int option, size_t bytes) {
  if (bytes == 0) return true;
  const int value = static_cast<int>(bytes);
  return setsockopt(fd, SOL_SOCKET, option, &value, sizeof(value)) == 0;
}

// Buffers are set before connecting: the TCP window scale depends on them.
bool Apply(int fd, int family, const SocketOptions& options) {
  if (!SetBuffer(fd, SO_SNDBUF, options.send_buffer)) return false;
  if (!SetBuffer(fd, SO_RCVBUF, options.receive_buffer)) return false;
  if (family == AF_UNIX) return true;
  const int nodelay = options.tcp_nodelay ? 1 : 0;
  const int keepalive = options.tcp_keepalive ? 1 : 0;
  return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, sizeof(nodelay)) == 0 &&
         setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &keepalive, sizeof(keepalive)) == 0;
}

// Connecting to a port of this machine where nobody listens can reach the connecting socket itself,
// when the system gave it that very port.
bool IsSelfConnected(int fd) {
  sockaddr_storage own{};
  sockaddr_storage peer{};
  socklen_t own_size = sizeof(own);
  socklen_t peer_size = sizeof(peer);
  return getsockname(fd, reinterpret_cast<sockaddr*>(&own), &own_size) == 0 &&
         getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0 &&
         own_size == peer_size && std::memcmp(&own, &peer, own_size) == 0;
}

}  // namespace

size_t BufferLimit(bool send, size_t bytes) {
  if (bytes == 0) return 0;
  const int option = send ? SO_SNDBUF : SO_RCVBUF;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return 0;
  int doubled = 0;
  socklen_t size = sizeof(doubled);
  const bool known =
      SetBuffer(fd, option, bytes) && getsockopt(fd, SOL_SOCKET, option, &doubled, &size) == 0;
  close(fd);
  // The system doubles what was asked for, to have room for its own bookkeeping.
  const size_t granted = static_cast<size_t>(doubled) / 2;
  return known && granted < bytes ? granted : 0;
}

IoResult Transport::Connect(const Endpoint& endpoint, const SocketOptions& options,
                            TimePoint deadline, SocketTable& table) {
  Close();
  refusal_.clear();
  switch (endpoint.kind) {
    case Endpoint::Kind::kTcp:
      return ConnectTcp(endpoint, options, deadline, table);
    case Endpoint::Kind::kUnix:
      return ConnectUnix(endpoint, options, deadline, table);
    case Endpoint::Kind::kShm:
      return ConnectShm(endpoint, options, deadline, table);
  }
  return Failure(EAFNOSUPPORT);
}

IoResult Transport::ConnectShm(const Endpoint& endpoint, const SocketOptions& options,
                               TimePoint deadline, SocketTable& table) {
  IoResult result = ConnectUnix(endpoint, options, deadline, table);
  if (result.status != IoStatus::kOk) return result;
  result = ShmRings::Open(fd_, deadline, &rings_, &refusal_);
  if (result.status == IoStatus::kClosed) result = Failure(ECONNRESET);
  if (result.status != IoStatus::kOk) Close();
  return result;
}

IoResult Transport::ConnectUnix(const Endpoint& endpoint, const SocketOptions& options,
                                TimePoint deadline, SocketTable& table) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, endpoint.path.data(),
              std::min(endpoint.path.size(), sizeof(address.sun_path) - 1));
  return ConnectTo(AF_UNIX, &address, sizeof(address), options, deadline, table);
}

IoResult Transport::ConnectTcp(const Endpoint& endpoint, const SocketOptions& options,
                               TimePoint deadline, SocketTable& table) {
  const LookUpResult found = LookUp(endpoint.host, endpoint.port, deadline);
  if (found.status != IoStatus::kOk) {
    refusal_ = found.why;
    return {found.status, 0, EADDRNOTAVAIL};
  }
  auto left = static_cast<Duration::rep>(found.addresses.size());
  IoResult result = Failure(EADDRNOTAVAIL);
  for (const HostAddress& at : found.addresses) {
    const TimePoint now = steady_clock::now();
    if (now >= deadline) return {IoStatus::kTimeout};
    result = ConnectTo(at.address.ss_family, &at.address, at.size, options,
                       now + (deadline - now) / left--, table);
    if (result.status == IoStatus::kOk) break;
  }
  return result;
}

IoResult Transport::ConnectTo(int family, const void* address, size_t size,
                              const SocketOptions& options, TimePoint deadline,
                              SocketTable& table) {
  Close();
  // A Unix socket whose backlog is full refuses a non-blocking connect; a blocking one waits, and
  // SO_SNDTIMEO bounds it.
  const int blocking = family == AF_UNIX ? 0 : SOCK_NONBLOCK;
  const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | blocking, 0);
  if (fd < 0) return Failure(errno);
  place_ = table.Add(fd);
  if (place_ < 0) {
    close(fd);
    return Failure(EMFILE);
  }
  fd_ = fd;
  table_ = &table;
  IoResult result = Apply(fd, family, options) ? IoResult() : Failure(errno);
  if (result.status == IoStatus::kOk) {
    result = family == AF_UNIX ? FinishUnix(address, size, deadline)
                               : FinishTcp(address, size, deadline);
  }
  if (result.status != IoStatus::kOk) Close();
  return result;
}

IoResult Transport::FinishUnix(const void* address, size_t size, TimePoint deadline) {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::microseconds>(deadline - steady_clock::now());
    if (left.count() <= 0) return {IoStatus::kTimeout};
    timeval limit{};
    limit.tv_sec = static_cast<time_t>(left.count() / 1'000'000);
    limit.tv_usec = static_cast<suseconds_t>(left.count() % 1'000'000);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (connect(fd_, static_cast<const sockaddr*>(address), static_cast<socklen_t>(size)) == 0) {
      return {};
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) return {IoStatus::kTimeout};
    return Failure(errno);
  }
}

IoResult Transport::FinishTcp(const void* address, size_t size, TimePoint deadline) {
  // An interrupted connect goes on by itself, like one that is in progress.
  if (connect(fd_, static_cast<const sockaddr*>(address), static_cast<socklen_t>(size)) != 0) {
    if (errno != EINPROGRESS && errno != EINTR) return Failure(errno);
    bool readable = false;
    bool writable = false;
    const IoResult waited = Wait(deadline, &readable, &writable);
    if (waited.status != IoStatus::kOk) return waited;
    int error = 0;
    socklen_t error_size = sizeof(error);
    if (getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &error_size) != 0) return Failure(errno);
    if (error != 0) return Failure(error);
  }
  if (IsSelfConnected(fd_)) return Failure(ECONNREFUSED);
  const int flags = fcntl(fd_, F_GETFL);
  if (flags < 0 || fcntl(fd_, F_SETFL, flags & ~O_NONBLOCK) != 0) return Failure(errno);
  return {};
}

}  // namespace tagcache
