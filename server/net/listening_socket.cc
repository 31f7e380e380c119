#include "server/net/listening_socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace tagcache::server {
namespace {

struct AddressListFree {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, AddressListFree>;

std::string Because(const std::string& what) { return what + ": " + std::strerror(errno); }

std::string Resolve(const std::string& host, uint16_t port, AddressList* list) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failure = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (failure != 0) return "host '" + host + "': " + gai_strerror(failure);
  list->reset(found);
  return {};
}

// Binds a socket to the first address of `host`. With `shared`, other sockets may bind to it, too.
std::string BindTo(const std::string& host, uint16_t port, bool shared, BoundSocket* bound) {
  AddressList list;
  if (std::string error = Resolve(host, port, &list); !error.empty()) return error;
  BoundSocket socket(::socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.fd() < 0) return Because("socket for " + TcpAddress(host, port));
  const int on = 1;
  setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (shared && setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
    return Because("SO_REUSEPORT");
  }
  if (bind(socket.fd(), list->ai_addr, list->ai_addrlen) != 0) {
    return Because("bind to " + TcpAddress(host, port));
  }
  *bound = std::move(socket);
  return {};
}

uint16_t PortOf(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

// Whether somebody listens on the socket file.
bool SomebodyListens(const sockaddr_un& address) {
  BoundSocket probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (probe.fd() < 0) return true;
  if (connect(probe.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return true;
  }
  // EAGAIN means that the queue of a listener is full. Only a refusal means that nobody listens.
  return errno != ECONNREFUSED && errno != ENOENT;
}

// Removes a socket file left over by a server that is gone.
std::string RemoveStale(const std::string& path, const sockaddr_un& address) {
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) {
    return errno == ENOENT ? std::string() : Because("unix_socket '" + path + "'");
  }
  if (!S_ISSOCK(found.st_mode)) {
    return "unix_socket '" + path + "': there is a file that is not a socket; it is left alone";
  }
  if (SomebodyListens(address)) {
    return "unix_socket '" + path + "': another process listens on it";
  }
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return Because("remove '" + path + "'");
  return {};
}

}  // namespace

BoundSocket::~BoundSocket() {
  if (fd_ >= 0) close(fd_);
}

std::string BindTcp(const std::string& host, uint16_t* port, const SocketOptions& options,
                    BoundSocket* bound) {
  BoundSocket socket;
  if (std::string error = BindTo(host, *port, true, &socket); !error.empty()) return error;
  if (std::string error = ApplySocketOptions(socket.fd(), Transport::kTcp, options);
      !error.empty()) {
    return error;
  }
  *port = PortOf(socket.fd());
  *bound = std::move(socket);
  return {};
}

std::string CheckTcpFree(const std::string& host, uint16_t port) {
  BoundSocket probe;
  return BindTo(host, port, false, &probe);
}

std::string TcpAddress(const std::string& host, uint16_t port) {
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool IsLoopback(const std::string& host) {
  AddressList list;
  if (!Resolve(host, 0, &list).empty()) return false;
  if (list->ai_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(list->ai_addr);
    return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
  }
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(list->ai_addr);
  return list->ai_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

std::string UnixSocketFile::Bind(const std::string& path, mode_t mode,
                                 const SocketOptions& options) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return "unix_socket '" + path + "': the path has " + std::to_string(path.size()) +
           " bytes, at most " + std::to_string(sizeof address.sun_path - 1) + " are possible";
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  if (std::string error = RemoveStale(path, address); !error.empty()) return error;

  BoundSocket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.fd() < 0) return Because("socket for unix_socket '" + path + "'");
  if (bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return Because("bind to unix_socket '" + path + "'");
  }
  path_ = path;  // from here on the file is removed at the end
  struct stat made {};
  if (lstat(path.c_str(), &made) != 0) return Because("unix_socket '" + path + "'");
  device_ = made.st_dev;
  inode_ = made.st_ino;
  // Nobody can connect before listen(), so the mode is right when it first matters.
  if (chmod(path.c_str(), mode) != 0) return Because("unix_socket_mode on '" + path + "'");
  if (std::string error = ApplySocketOptions(socket.fd(), Transport::kUnix, options);
      !error.empty()) {
    return error;
  }
  socket_ = std::move(socket);
  return {};
}

UnixSocketFile::~UnixSocketFile() {
  struct stat found {};
  if (path_.empty() || lstat(path_.c_str(), &found) != 0) return;
  if (found.st_dev == device_ && found.st_ino == inode_) unlink(path_.c_str());
}

}  // namespace tagcache::server
