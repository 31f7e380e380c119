#include "server/net/socket_options.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace tagcache::server {
namespace {

// A peer that vanished is noticed after the idle time and this many probes without an answer.
constexpr int kProbes = 4;

bool Set(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

int Get(int fd, int level, int option) {
  int value = 0;
  socklen_t size = sizeof value;
  return getsockopt(fd, level, option, &value, &size) == 0 ? value : -1;
}

std::string Refused(const char* option) {
  return std::string(option) + ": " + std::strerror(errno);
}

std::string ApplyTcpOptions(int fd, const SocketOptions& options) {
  if (!Set(fd, IPPROTO_TCP, TCP_NODELAY, options.tcp_nodelay ? 1 : 0)) {
    return Refused("tcp_nodelay");
  }
  if (!Set(fd, SOL_SOCKET, SO_KEEPALIVE, options.tcp_keepalive_s > 0 ? 1 : 0)) {
    return Refused("tcp_keepalive_s");
  }
  if (options.tcp_keepalive_s == 0) return {};
  const int idle = static_cast<int>(options.tcp_keepalive_s);
  const int interval = std::max(1, idle / kProbes);
  if (!Set(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle) || !Set(fd, IPPROTO_TCP, TCP_KEEPINTVL, interval) ||
      !Set(fd, IPPROTO_TCP, TCP_KEEPCNT, kProbes)) {
    return Refused("tcp_keepalive_s");
  }
  return {};
}

// Linux keeps twice what was asked for, and silently no more than net.core.*mem_max.
std::string Clamped(int fd, int option, size_t wanted, const char* name, const char* limit) {
  if (wanted == 0) return {};
  const int kept = Get(fd, SOL_SOCKET, option);
  if (kept < 0 || static_cast<size_t>(kept) / 2 >= wanted) return {};
  return std::string(name) + " " + std::to_string(wanted) + " was cut to " +
         std::to_string(kept / 2) + " by " + limit;
}

}  // namespace

std::string ApplySocketOptions(int fd, Transport transport, const SocketOptions& options) {
  if (options.send_buffer > 0 &&
      !Set(fd, SOL_SOCKET, SO_SNDBUF, static_cast<int>(options.send_buffer))) {
    return Refused("send_buffer");
  }
  if (options.receive_buffer > 0 &&
      !Set(fd, SOL_SOCKET, SO_RCVBUF, static_cast<int>(options.receive_buffer))) {
    return Refused("receive_buffer");
  }
  return transport == Transport::kTcp ? ApplyTcpOptions(fd, options) : std::string();
}

std::string FindClampedBuffer(int fd, const SocketOptions& options) {
  std::string clamped =
      Clamped(fd, SO_SNDBUF, options.send_buffer, "send_buffer", "net.core.wmem_max");
  if (!clamped.empty()) return clamped;
  return Clamped(fd, SO_RCVBUF, options.receive_buffer, "receive_buffer", "net.core.rmem_max");
}

}  // namespace tagcache::server
