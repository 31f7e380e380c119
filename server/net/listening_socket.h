#ifndef TAGCACHE_SERVER_NET_LISTENING_SOCKET_H_
#define TAGCACHE_SERVER_NET_LISTENING_SOCKET_H_

// Sockets that listen. Errors are sentences that name the address and what is wrong.
//
// Of two servers that start at the same instant, one gets an address and the other an error. For
// TCP the system decides, at listen(). For a socket file it does not: a server that finds a stale
// file removes it, and could remove the fresh file of the other. So the folder is locked meanwhile.
//
// Ownership: a BoundSocket owns its descriptor; a UnixSocketFile owns the file it bound and removes
// it at the end, unless another process has put another file in its place.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>

#include "server/net/socket_options.h"

namespace tagcache::server {

class BoundSocket {
 public:
  BoundSocket() = default;
  explicit BoundSocket(int fd) : fd_(fd) {}
  ~BoundSocket();
  BoundSocket(BoundSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  BoundSocket& operator=(BoundSocket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  int fd() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

// Listens on the first address of `host`: a name, or an address, of IPv6 also in brackets. *port 0
// is replaced by the port that the system chose. Returns empty or what is wrong.
std::string ListenTcp(const std::string& host, uint16_t* port, const SocketOptions& options,
                      BoundSocket* listening);

// "127.0.0.1:1984", "[::1]:1984".
std::string TcpAddress(const std::string& host, uint16_t port);
// Whether only this machine can reach the address.
bool IsLoopback(const std::string& host);

class UnixSocketFile {
 public:
  UnixSocketFile() = default;
  ~UnixSocketFile();
  UnixSocketFile(const UnixSocketFile&) = delete;
  UnixSocketFile& operator=(const UnixSocketFile&) = delete;

  // Listens. A socket file on which no process listens is replaced; one on which a process does, or
  // a file of another kind, is an error. Returns empty or what is wrong.
  std::string Listen(const std::string& path, mode_t mode, const SocketOptions& options);
  int fd() const { return socket_.fd(); }
  const std::string& path() const { return path_; }

 private:
  BoundSocket socket_;
  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace tagcache::server

#endif  // TAGCACHE_SERVER_NET_LISTENING_SOCKET_H_
