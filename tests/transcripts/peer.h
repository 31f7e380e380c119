#ifndef TAGCACHE_TESTS_TRANSCRIPTS_PEER_H_
#define TAGCACHE_TESTS_TRANSCRIPTS_PEER_H_

// A client's end of a socket, for bytes: TCP or Unix. Every wait ends after ten seconds, so that a
// server that hangs fails the test.

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace tagcache::transcripts {

class Peer {
 public:
  static Peer Tcp(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return Peer(AF_INET, &address, sizeof address);
  }
  static Peer Unix(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return Peer(AF_UNIX, &address, sizeof address);
  }
  Peer(Peer&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), received_(std::move(other.received_)) {}
  Peer& operator=(Peer&& other) noexcept {
    std::swap(fd_, other.fd_);
    received_ = std::move(other.received_);
    return *this;
  }
  ~Peer() {
    if (fd_ >= 0) close(fd_);
  }

  bool connected() const { return fd_ >= 0; }

  // Keeps what the server answers meanwhile, so that neither side waits for the other. False when
  // the server has closed: its answers may say why.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const short ready = Wait(POLLOUT | POLLIN);
      if (ready == 0) return false;
      if ((ready & POLLIN) != 0 && !ReadSome()) return false;
      if ((ready & POLLOUT) == 0) continue;
      const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n < 0 && errno != EAGAIN) return false;
      if (n > 0) bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }
  void FinishSending() { shutdown(fd_, SHUT_WR); }

  // Exactly `n` bytes; fewer when the server closed or was silent for too long.
  std::string Read(size_t n) {
    while (received_.size() < n && ReadSome()) {
    }
    return Take(std::min(n, received_.size()));
  }
  // A line with its LF; what there is when none comes.
  std::string ReadLine() {
    size_t end;
    while ((end = received_.find('\n')) == std::string::npos && ReadSome()) {
    }
    return Take(end == std::string::npos ? received_.size() : end + 1);
  }
  // All until the server closes. False: it did not.
  bool ReadToEnd(std::string* rest) {
    while (ReadSome()) {
    }
    *rest = Take(received_.size());
    return ended_;
  }

 private:
  static constexpr int kPatienceMs = 10'000;

  Peer(int family, const void* address, size_t size)
      : fd_(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (connect(fd_, static_cast<const sockaddr*>(address), static_cast<socklen_t>(size)) != 0) {
      close(fd_);
      fd_ = -1;
      return;
    }
    const int on = 1;
    if (family == AF_INET) setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }

  short Wait(short events) {
    pollfd poll_fd{fd_, events, 0};
    return poll(&poll_fd, 1, kPatienceMs) == 1 ? poll_fd.revents : short{0};
  }
  bool ReadSome() {
    if (Wait(POLLIN) == 0) return false;
    char chunk[64 * 1024];
    const ssize_t n = recv(fd_, chunk, sizeof chunk, 0);
    if (n <= 0) {
      ended_ = true;  // a reset, too: the server closed with our bytes unread
      return false;
    }
    received_.append(chunk, static_cast<size_t>(n));
    return true;
  }
  std::string Take(size_t n) {
    std::string bytes = received_.substr(0, n);
    received_.erase(0, n);
    return bytes;
  }

  int fd_;
  std::string received_;
  bool ended_ = false;
};

}  // namespace tagcache::transcripts

#endif  // TAGCACHE_TESTS_TRANSCRIPTS_PEER_H_
