#include "server/net/listening_socket.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <thread>

namespace tagcache::server {
namespace {

struct AddressListFree {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, AddressListFree>;

constexpr int kBacklog = 1024;  // connections that wait to be accepted
// How long another server that starts may hold the lock of a folder: it needs microseconds.
constexpr auto kLockWait = std::chrono::seconds(2);

std::string Because(const std::string& what) { return what + ": " + std::strerror(errno); }

// "[::1]" is how an address of IPv6 is written in front of a port.
std::string WithoutBrackets(const std::string& host) {
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  return bracketed ? host.substr(1, host.size() - 2) : host;
}

std::string Resolve(const std::string& host, uint16_t port, AddressList* list) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failure =
      getaddrinfo(WithoutBrackets(host).c_str(), std::to_string(port).c_str(), &hints, &found);
  if (failure != 0) return "host '" + host + "': " + gai_strerror(failure);
  list->reset(found);
  return {};
}

// Where two servers call listen() in the same microsecond, the system refuses both. Each tries
// again after a time of its own; where another server does listen, every attempt fails.
bool Listens(int fd) {
  constexpr int kAttempts = 6;
  for (int attempt = 1; listen(fd, kBacklog) != 0; ++attempt) {
    if (errno != EADDRINUSE || attempt == kAttempts) return false;
    const auto ticks = std::chrono::steady_clock::now().time_since_epoch().count();
    std::this_thread::sleep_for(std::chrono::microseconds(100 + ticks % 5000));
  }
  return true;
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

// Locks the folder of a socket file for as long as *folder is open.
std::string LockFolder(const std::string& path, BoundSocket* folder) {
  const size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  BoundSocket opened(open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.fd() < 0) return Because("unix_socket '" + path + "': open its folder");
  const auto end = std::chrono::steady_clock::now() + kLockWait;
  while (flock(opened.fd(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return Because("unix_socket '" + path + "': lock its folder");
    }
    if (std::chrono::steady_clock::now() >= end) {
      return "unix_socket '" + path + "': another process has locked its folder";
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  *folder = std::move(opened);
  return {};
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

// Two servers may both bind to one port, because of SO_REUSEADDR, without which a server could not
// start again while old connections linger. Only one of them can listen.
std::string ListenTcp(const std::string& host, uint16_t* port, const SocketOptions& options,
                      BoundSocket* listening) {
  AddressList list;
  if (std::string error = Resolve(host, *port, &list); !error.empty()) return error;
  const std::string address = TcpAddress(host, *port);
  BoundSocket socket(::socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.fd() < 0) return Because("socket for " + address);
  const int on = 1;
  setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(socket.fd(), list->ai_addr, list->ai_addrlen) != 0) {
    return Because("bind to " + address);
  }
  if (std::string error = ApplySocketOptions(socket.fd(), Transport::kTcp, options);
      !error.empty()) {
    return error;
  }
  if (!Listens(socket.fd())) return Because("listen on " + address);
  *port = PortOf(socket.fd());
  *listening = std::move(socket);
  return {};
}

std::string TcpAddress(const std::string& host, uint16_t port) {
  const bool is_v6 = host.find(':') != std::string::npos && host.front() != '[';
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

std::string UnixSocketFile::Listen(const std::string& path, mode_t mode,
                                   const SocketOptions& options) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return "unix_socket '" + path + "': the path has " + std::to_string(path.size()) +
           " bytes, at most " + std::to_string(sizeof address.sun_path - 1) + " are possible";
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  BoundSocket folder;
  if (std::string error = LockFolder(path, &folder); !error.empty()) return error;
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
  if (listen(socket.fd(), kBacklog) != 0) return Because("listen on '" + path + "'");
  socket_ = std::move(socket);
  return {};
}

// The socket still listens, so no other server takes the file for a stale one meanwhile.
UnixSocketFile::~UnixSocketFile() {
  struct stat found {};
  if (path_.empty() || lstat(path_.c_str(), &found) != 0) return;
  if (found.st_dev == device_ && found.st_ino == inode_) unlink(path_.c_str());
}

}  // namespace tagcache::server
