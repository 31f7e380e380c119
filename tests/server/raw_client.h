#ifndef TAGCACHE_TESTS_SERVER_RAW_CLIENT_H_
#define TAGCACHE_TESTS_SERVER_RAW_CLIENT_H_

// A blocking socket to a server, for tests that send and expect bytes. Every wait ends after ten
// seconds, so that a server that hangs fails the test.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace tagcache::testing {

class RawClient {
 public:
  // `buffers`: bytes of each socket buffer; 0: the system's default.
  static RawClient Tcp(int port, int buffers = 0) {
    RawClient client(AF_INET, buffers);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client.Connect(&address, sizeof address);
    return client;
  }
  static RawClient Unix(const std::string& path) {
    RawClient client(AF_UNIX, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    client.Connect(&address, sizeof address);
    return client;
  }
  ~RawClient() { Close(); }
  RawClient(RawClient&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  RawClient& operator=(RawClient&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  bool connected() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }
  // How many bytes the kernel and the server take without blocking.
  size_t SendWhatFits(std::string_view bytes) {
    const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return n > 0 ? static_cast<size_t>(n) : 0;
  }
  void FinishSending() { shutdown(fd_, SHUT_WR); }

  // Exactly `size` bytes, or less when the server closed or ten seconds passed.
  std::string Read(size_t size) {
    std::string bytes;
    while (bytes.size() < size && ReadOnce(&bytes, size - bytes.size())) {
    }
    return bytes;
  }
  // One line with its LF.
  std::string ReadLine() {
    std::string line;
    while ((line.empty() || line.back() != '\n') && ReadOnce(&line, 1)) {
    }
    return line;
  }
  // All bytes until the server closes. closed() is whether it did within ten seconds.
  std::string ReadAll() {
    std::string bytes;
    while (ReadOnce(&bytes, 65536)) {
    }
    return bytes;
  }
  // The last read found the end of the stream (or a reset), not a time-out.
  bool closed() const { return closed_; }

  std::string Ask(std::string_view line) { return Send(line) ? ReadLine() : "(not sent)"; }

 private:
  RawClient(int family, int buffers) : fd_(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{.tv_sec = 10, .tv_usec = 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (buffers > 0) {
      setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &buffers, sizeof buffers);
      setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &buffers, sizeof buffers);
    }
  }
  template <typename Address>
  void Connect(const Address* address, size_t size) {
    if (connect(fd_, reinterpret_cast<const sockaddr*>(address), static_cast<socklen_t>(size)) != 0)
      Close();
  }
  bool ReadOnce(std::string* bytes, size_t most) {
    char chunk[65536];
    const ssize_t n = recv(fd_, chunk, most < sizeof chunk ? most : sizeof chunk, 0);
    if (n > 0) {
      bytes->append(chunk, static_cast<size_t>(n));
      return true;
    }
    closed_ = n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
    return false;
  }

  int fd_;
  bool closed_ = false;
};

}  // namespace tagcache::testing

#endif  // TAGCACHE_TESTS_SERVER_RAW_CLIENT_H_
