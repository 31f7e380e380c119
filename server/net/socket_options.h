#ifndef TAGCACHE_SERVER_NET_SOCKET_OPTIONS_H_
#define TAGCACHE_SERVER_NET_SOCKET_OPTIONS_H_

// Socket options. They are applied to listening sockets, from which accepted ones inherit the
// buffer sizes early enough for TCP's window, and again to every accepted socket.

#include <cstddef>
#include <string>

namespace tagcache::server {

struct SocketOptions {
  bool tcp_nodelay = true;
  unsigned tcp_keepalive_s = 60;  // idle seconds before the first probe; 0: no probes
  size_t send_buffer = 0;         // bytes; 0: the system's default
  size_t receive_buffer = 0;      // bytes; 0: the system's default
};

enum class Transport { kTcp, kUnix };

// Returns empty, or which option the system refused and why.
std::string ApplySocketOptions(int fd, Transport transport, const SocketOptions& options);

// Returns empty, or which buffer the system made smaller than was asked for, and its limit.
std::string FindClampedBuffer(int fd, const SocketOptions& options);

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_SOCKET_OPTIONS_H_
