#include "tests/hostile/peer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "protocol/binary_codec.h"

namespace tagcache::testing {
namespace {

constexpr int kMoment = 20;  // milliseconds between two looks at the stop token

bool Connect(int fd, const Target& target) {
  if (target.over_unix) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, target.socket_path.c_str(), target.socket_path.size() + 1);
    return connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(target.port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

Peer::Peer(const Target& target, int buffers)
    : fd_(socket(target.over_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (fd_ < 0) return;
  if (buffers > 0) {
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &buffers, sizeof buffers);
    setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &buffers, sizeof buffers);
  }
  // A server whose queue of connections is full must not hold an attacker for longer.
  const timeval limit = {.tv_sec = 0, .tv_usec = 200'000};
  setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (!Connect(fd_, target)) {
    Close();
    return;
  }
  fcntl(fd_, F_SETFL, fcntl(fd_, F_GETFL) | O_NONBLOCK);
}

Peer::~Peer() { Close(); }

Peer::Peer(Peer&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Peer& Peer::operator=(Peer&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

void Peer::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

bool Peer::Send(std::string_view bytes, std::stop_token stop) {
  while (!bytes.empty()) {
    if (fd_ < 0 || stop.stop_requested()) return false;
    const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n > 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
      continue;
    }
    if (n < 0 && errno != EAGAIN && errno != EINTR) return false;
    pollfd wait = {.fd = fd_, .events = POLLOUT, .revents = 0};
    poll(&wait, 1, kMoment);
    if ((wait.revents & (POLLERR | POLLHUP)) != 0) return false;
  }
  return true;
}

size_t Peer::SendWhatFits(std::string_view bytes) {
  const ssize_t n = fd_ < 0 ? -1 : send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  return n > 0 ? static_cast<size_t>(n) : 0;
}

size_t Peer::Drain(std::chrono::milliseconds wait, bool* closed) {
  *closed = fd_ < 0;
  if (*closed) return 0;
  pollfd ready = {.fd = fd_, .events = POLLIN, .revents = 0};
  if (poll(&ready, 1, static_cast<int>(wait.count())) <= 0) return 0;
  char chunk[65536];
  const ssize_t n = recv(fd_, chunk, sizeof chunk, 0);
  *closed = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
  return n > 0 ? static_cast<size_t>(n) : 0;
}

std::string Peer::ReadLine(std::chrono::milliseconds wait) {
  const auto end = std::chrono::steady_clock::now() + wait;
  std::string line;
  while (fd_ >= 0 && (line.empty() || line.back() != '\n')) {
    char byte = 0;
    const ssize_t n = recv(fd_, &byte, 1, 0);
    if (n == 1) {
      line += byte;
      continue;
    }
    if (n == 0 || (errno != EAGAIN && errno != EINTR)) break;
    if (std::chrono::steady_clock::now() >= end) return {};
    pollfd ready = {.fd = fd_, .events = POLLIN, .revents = 0};
    poll(&ready, 1, kMoment);
  }
  return line;
}

std::string Frames(const protocol::Request& request, uint32_t max_frame) {
  protocol::Buffer buffer;
  protocol::EncodeRequest(request, max_frame, buffer);
  return std::string(buffer.view());
}

std::string Repeat(std::string_view bytes, size_t times) {
  std::string all;
  all.reserve(bytes.size() * times);
  for (size_t i = 0; i < times; ++i) all += bytes;
  return all;
}

}  // namespace tagcache::testing
